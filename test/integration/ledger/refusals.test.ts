import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { runCli } from '../../helpers/cli.js';
import { sampleRun, writeSampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { end, HEADER, textOf } from '../../unit/ledger/sample-ledger.js';

/** A run that left only its ledger. */
const RUN = '20261125-101500-abcd';

async function writeLedger(cwd: string): Promise<string> {
  const folder = join(cwd, 'logs', 'runs', RUN);
  await mkdir(join(folder, 'ledger'), { recursive: true });
  await writeFile(ledgerFile(join(folder, 'ledger'), 1, 1), textOf([HEADER, end(0)]));
  return folder;
}

async function refused(cwd: string, args: readonly string[], code: number, sentence: RegExp) {
  const result = await runCli(['ledger', ...args, '--lang', 'en'], { cwd });
  assert.equal(result.code, code, result.stderr);
  assert.match(result.stderr, sentence);
}

test('an action is required, and a mistyped one is refused with a suggestion', () =>
  withTempFolder(async (cwd) => {
    await refused(cwd, [], 2, /needs an action: show, resolve, check/);
    await refused(cwd, ['chekc'], 2, /no action "chekc"; did you mean check\?/);
    await refused(cwd, ['constructor'], 2, /no action "constructor"/);
    await refused(cwd, ['show', 'one', 'two'], 2, /"two" is one word too many/);
  }));

test('a run that was killed early is shown by its ledger alone', () =>
  withTempFolder(async (cwd) => {
    await writeLedger(cwd);
    const { code, stdout, stderr } = await runCli(['ledger', 'show', '--lang', 'en'], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^ledger of run ${RUN}$`, 'm'));
    assert.match(stdout, /0 committed · 0 aborted · 0 unknown · 0 open/);
    assert.equal((await runCli(['report'], { cwd })).code, 0);
  }));

test('a run without a ledger, and one under way, are refused', () =>
  withTempFolder(async (cwd) => {
    const sample = await writeSampleRun(join(cwd, 'logs'), sampleRun());
    await refused(cwd, ['show', sample], 2, /has no ledger/);
    await refused(cwd, ['check', sample], 2, /has no ledger/);
    const folder = await writeLedger(cwd);
    await writeFile(join(folder, 'pid'), `${process.pid}\n`);
    await refused(cwd, ['check'], 4, /still under way/);
  }));

test('a run with an extension of a later version is shown, and its ledger refused in one sentence', () =>
  withTempFolder(async (cwd) => {
    const folder = await writeLedger(cwd);
    const { tables } = schemaWith([]);
    const { server } = HEADER;
    const database = {
      ...{ at: new Date().toISOString(), search_path: 'public', role: 'postgres' },
      ...{ tables: {}, publications: [] },
    };
    const schema = { tables, extensions: ['prontuario', 'farmacia'] };
    writeFacts(schema, join(folder, 'ledger'), RUN, server, database);
    const sentence = `the run ${RUN} has the extension farmacia, which this version does not know; use the version of the simulator that wrote it`;
    const commands = ['ledger show', 'ledger check', 'ledger resolve', 'verify --source slot:s'];
    for (const version of [null, '9.1.0']) {
      const program = { version, node: 'v20' };
      const description = JSON.stringify({ ...sampleRun().description, program });
      if (version !== null) await writeFile(join(folder, 'run.json'), description);
      for (const command of commands) {
        const { code, stdout, stderr } = await runCli(command.split(' '), { cwd });
        assert.equal(code, 2, `${command}: ${stderr}`);
        assert.equal(stdout, '', command);
        const written = version === null ? sentence : `${sentence} (${version})`;
        assert.ok(stderr.trimEnd().endsWith(written), stderr);
      }
    }
    for (const command of ['runs show', 'runs list', 'report']) {
      const { code, stderr } = await runCli(command.split(' '), { cwd });
      assert.equal(code, 0, `${command}: ${stderr}`);
    }
  }));
