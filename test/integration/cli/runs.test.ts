import assert from 'node:assert/strict';
import { once } from 'node:events';
import { watch, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCli, startCli } from '../../helpers/cli.js';
import { sampleRun, writeSampleRun } from '../../helpers/sample-run.js';
import { startServer } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { openTerminal, terminalsMissing } from '../../helpers/terminal.js';
import { run, withPlainWorkspace } from '../../helpers/workspace.js';

const server = await startServer(18);
const CLI = fileURLToPath(new URL('../../../src/cli.js', import.meta.url));
/** Files of a run that takes long enough to delete to be met in the middle. */
const FILES = 3000;
const skip = terminalsMissing();
const [OLDEST, MIDDLE, NEWEST] = [
  '20261123-201530-a1b2',
  '20261124-080000-c3d4-nightly',
  '20261125-080000-e5f6',
] as const;

interface Listed {
  readonly run_id: string;
  readonly name: string | null;
  readonly under_way: boolean;
  readonly verdict: { readonly state: string };
}

/** Lends `body` a working directory with three runs. */
function withRuns(body: (cwd: string, remaining: () => Promise<string[]>) => Promise<void>) {
  return withTempFolder(async (cwd) => {
    const logs = join(cwd, 'logs');
    await writeSampleRun(logs, sampleRun({ runId: OLDEST }));
    await writeSampleRun(logs, sampleRun({ runId: MIDDLE, verdict: 'violation' }));
    await writeSampleRun(logs, sampleRun({ runId: NEWEST, killed: true }));
    const remaining = async () => (await readdir(join(logs, 'runs'))).sort();
    await body(cwd, remaining);
  });
}

test('runs list has every run, the newest first; runs show has one, the newest without a name', () =>
  withRuns(async (cwd) => {
    const { code, stdout } = await runCli(['runs', 'list', '--json'], { cwd });
    assert.equal(code, 0);
    const { runs } = JSON.parse(stdout) as { runs: Listed[] };
    assert.deepEqual(
      runs.map(({ run_id }) => run_id),
      [NEWEST, MIDDLE, OLDEST],
    );
    assert.deepEqual(
      runs.map(({ verdict }) => verdict.state),
      ['unsure', 'failed', 'failed'],
    );
    const newest = await runCli(['runs', 'show'], { cwd });
    assert.match(newest.stdout, new RegExp(`^  run +${NEWEST}$`, 'm'));
    const named = await runCli(['runs', 'show', 'nightly'], { cwd });
    assert.equal(named.code, 0, named.stderr);
    for (const part of [/^CDC: /, /verify-1\.json +\d{4}-/, /series\.ndjson +\d+ kB/, /p99\.9/]) {
      assert.match(named.stdout, part);
    }
  }));

test('a wrong action, run or number of words is refused with a sentence', () =>
  withRuns(async (cwd) => {
    const refusals = [
      [['runs'], /runs needs an action: list, show, prune/],
      [['runs', 'lst'], /runs has no action "lst"; did you mean list\?/],
      [['runs', 'list', 'x'], /runs list takes options only, and "x" is one word too many/],
      [['runs', 'show', 'a', 'b'], /runs show takes one run, and "b" is one word too many/],
      [['runs', 'show', 'zzz'], /there is no run "zzz"/],
      [['runs', 'prune'], /needs a limit: --keep N .*--older-than 30d/],
      [['runs', 'prune', '--older-than', '30'], /an age with its unit: 12h, 30d/],
      [['stream', '--name', '?!'], /a name with a letter or digit in it, of 40 characters at most/],
    ] as const;
    for (const [args, sentence] of refusals) {
      const { code, stderr } = await runCli(args, { cwd });
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, sentence);
    }
  }));

test('runs prune deletes what no limit keeps, and says so first', () =>
  withRuns(async (cwd, remaining) => {
    const prune = (...args: string[]) => runCli(['runs', 'prune', ...args], { cwd });
    const refused = await prune('--keep', '1');
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /no terminal to confirm on; use --yes/);
    const dry = await prune('--keep', '1', '--dry-run');
    assert.equal(dry.code, 0);
    assert.match(dry.stdout, /nightly[\s\S]*2 runs of 3 would be deleted \(\d+ kB\)/);
    assert.deepEqual(await remaining(), [OLDEST, MIDDLE, NEWEST]);
    // The newest is under way: this process is its own.
    await writeFile(join(cwd, 'logs', 'runs', NEWEST, 'pid'), `${process.pid}\n`);
    const { code, stdout } = await prune('--keep', '0', '--older-than', '1m', '--yes', '--json');
    assert.equal(code, 0);
    const { runs, kept } = JSON.parse(stdout) as { runs: string[]; kept: number };
    assert.deepEqual([runs, kept], [[MIDDLE, OLDEST], 1]);
    assert.deepEqual(await remaining(), [NEWEST]);
    assert.match((await prune('--keep', '1')).stdout, /nothing to delete: 1 run kept/);
  }));

for (const [answer, code] of [
  ['y', 0],
  ['n', 4],
  ['\u0003', 130],
] as const) {
  const done = code === 0 ? 'deletes' : 'deletes nothing';
  test(`runs prune asks on a terminal, and ${done} after ${JSON.stringify(answer)}`, { skip }, () =>
    withRuns(async (cwd, remaining) => {
      const argv = [process.execPath, CLI, 'runs', 'prune', '--keep', '2'];
      const terminal = openTerminal(argv, { cwd });
      await terminal.until(/201530-a1b2[\s\S]*Delete this run \(\d+ kB\)\? \[y\/N\] /);
      terminal.type(answer === '\u0003' ? answer : `${answer}\r`);
      const ended = await terminal.ended();
      assert.equal(ended.code, code, ended.shown);
      assert.equal((await remaining()).includes(OLDEST), code !== 0);
    }),
  );
}

test('a prune that is killed leaves whole runs only, and the next one removes the rest', () =>
  withTempFolder(async (cwd) => {
    const logs = join(cwd, 'logs');
    const folder = await writeSampleRun(logs, sampleRun({ runId: OLDEST }));
    await mkdir(join(folder, 'ledger'));
    for (let file = 0; file < FILES; file++) {
      writeFileSync(join(folder, 'ledger', `${file}.ndjson`), '');
    }
    const names = () => readdir(join(logs, 'runs'));
    const watcher = watch(join(folder, 'ledger'));
    const deleting = once(watcher, 'change');
    const pruning = startCli(['runs', 'prune', '--keep', '0', '--yes'], { cwd });
    await Promise.race([deleting, pruning.ended()]);
    watcher.close();
    pruning.child.kill('SIGKILL');
    assert.equal((await pruning.ended()).code, null);
    const list = async () => (await runCli(['runs', 'list', '--json'], { cwd })).stdout;
    assert.deepEqual(JSON.parse(await list()), { runs: [] });
    await writeSampleRun(logs, sampleRun({ runId: MIDDLE }));
    await writeSampleRun(logs, sampleRun({ runId: NEWEST }));
    assert.equal((await runCli(['runs', 'prune', '--keep', '1', '--yes'], { cwd })).code, 0);
    assert.deepEqual(await names(), [NEWEST]);
  }));

test('a run with a name and a note is found by the name, and shows both', () =>
  withPlainWorkspace(server, async (workspace) => {
    const args = ['--name', 'Nightly soak', '--note', 'after the upgrade', '--max-events', '20'];
    const streamed = await run(workspace, ['stream', '--rate', 'max', ...args, '--json']);
    assert.equal(streamed.code, 0, streamed.stderr);
    const { run_id } = JSON.parse(streamed.stdout) as { run_id: string };
    assert.match(run_id, /^\d{8}-\d{6}-[0-9a-f]{4}-nightly-soak$/);
    const shown = await run(workspace, ['runs', 'show', 'Nightly soak', '--json']);
    const { name, note, load, under_way, events, report } = JSON.parse(shown.stdout);
    assert.deepEqual(
      [name, note, load.rate, under_way, events],
      ['Nightly soak', 'after the upgrade', 'max', false, 20],
    );
    assert.match(await readFile(report, 'utf8'), /nightly-soak/);
    assert.match((await run(workspace, ['runs', 'list'])).stdout, /max +20 .* nightly-soak$/m);
    const ledger = await run(workspace, ['ledger', 'check', 'nightly-soak']);
    assert.equal(ledger.code, 0, ledger.stderr);
  }));
