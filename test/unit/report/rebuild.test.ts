import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import type { CommandContext } from '../../../src/cli/commands/context.js';
import { rewritePage } from '../../../src/cli/commands/run-page.js';
import { messagesIn } from '../../../src/messages/index.js';
import type { Settings } from '../../../src/settings/settings.js';
import { sampleRun, writeSampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

/** Lends `body` the folder of a verified run, and a function that rebuilds its report and returns the log lines. */
function withRun(
  body: (folder: string, rebuild: () => Promise<string[]>) => Promise<void>,
): Promise<void> {
  return withTempFolder(async (cwd) => {
    const folder = await writeSampleRun(join(cwd, 'logs'), sampleRun({ verdict: 'exact' }));
    const lines: string[] = [];
    const log = (level: string) => (line: string) => lines.push(`${level}: ${line}`);
    const context = {
      settings: { app: { lang: 'en' }, logging: { dir: join(cwd, 'logs') } } as Settings,
      messages: messagesIn('en'),
      log: { component: () => ({ warning: log('warning') }) },
      resultLog: () => ({ info: log('info') }),
      cwd,
    } as unknown as CommandContext;
    await body(folder, async () => {
      await rewritePage(context, folder);
      return lines;
    });
  });
}

test('the report of a run that is over is written anew, with the verdict', () =>
  withRun(async (folder, rebuild) => {
    const path = join(folder, 'report.html');
    await writeFile(path, 'of the stream');
    assert.deepEqual(await rebuild(), [`info: report written to ${path}`]);
    assert.match(await readFile(path, 'utf8'), /<strong>exact<\/strong>/);
  }));

test('a run that is under way keeps what it has', () =>
  withRun(async (folder, rebuild) => {
    await writeFile(join(folder, 'pid'), `${process.pid}\n`);
    assert.deepEqual(await rebuild(), []);
    assert.ok(!existsSync(join(folder, 'report.html')));
  }));

test('a report that cannot be written is a warning', () =>
  withRun(async (folder, rebuild) => {
    await mkdir(join(folder, 'report.html'));
    const [line = ''] = await rebuild();
    assert.match(line, /^warning: the report could not be written to .*EISDIR/);
  }));
