import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { CommandContext } from '../../../src/cli/commands/context.js';
import { run } from '../../../src/cli/commands/report.js';
import { EXIT } from '../../../src/errors.js';
import { messagesIn } from '../../../src/messages/index.js';
import type { Settings } from '../../../src/settings/settings.js';
import { sampleRun, writeSampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

/** Runs the command in a folder, and returns the result that it printed. */
async function report(cwd: string, names: readonly string[]) {
  const printed: { json: unknown; text: string }[] = [];
  const settings = { app: { lang: 'en' }, logging: { dir: join(cwd, 'logs') } } as Settings;
  const context = {
    settings,
    messages: messagesIn('en'),
    cwd,
    names,
    print: (result: { json: unknown; text: string }) => printed.push(result),
  } as unknown as CommandContext;
  assert.equal(await run(context), EXIT.done);
  assert.equal(printed.length, 1);
  return printed[0];
}

test('the report of the newest run is written into its folder', () =>
  withTempFolder(async (cwd) => {
    const folder = await writeSampleRun(join(cwd, 'logs'), sampleRun());
    const path = join(folder, 'report.html');
    assert.deepEqual(await report(cwd, []), {
      json: { report: path, runs: ['20261123-201530-a1b2'] },
      text: `${path}\n`,
    });
    assert.match(await readFile(path, 'utf8'), /<h1>Report of run 20261123-201530-a1b2<\/h1>/);
  }));

test('several runs are compared in one file, each once', () =>
  withTempFolder(async (cwd) => {
    for (const runId of ['first', 'second']) {
      await writeSampleRun(join(cwd, 'logs'), sampleRun({ runId }));
    }
    const path = join(cwd, 'logs', 'runs', 'comparison-first_second.html');
    assert.deepEqual(await report(cwd, ['first', 'logs/runs/second', 'fir']), {
      json: { report: path, runs: ['first', 'second'] },
      text: `${path}\n`,
    });
    const page = await readFile(path, 'utf8');
    assert.match(page, /Comparison of 2 runs/);
    // The comparison links to the page of each run, and writes those that are not there.
    for (const runId of ['first', 'second']) {
      assert.ok(page.includes(`<a href="${runId}/report.html">${runId}</a>`));
      const own = await readFile(join(cwd, 'logs', 'runs', runId, 'report.html'), 'utf8');
      assert.match(own, new RegExp(`Report of run ${runId}`));
    }
  }));

test('many runs are compared in a file whose name the file system takes', () =>
  withTempFolder(async (cwd) => {
    const names = Array.from({ length: 8 }, (_, index) => `20261123-201530-000${index}`);
    for (const runId of names) {
      await writeSampleRun(join(cwd, 'logs'), sampleRun({ runId, killed: true }));
    }
    const printed = await report(cwd, names);
    assert.match(
      printed?.text ?? '',
      /comparison-20261123-201530-0000-and-7-more-[0-9a-f]{8}\.html\n$/,
    );
  }));
