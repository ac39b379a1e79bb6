import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { RunSummary } from '../../../src/runs/summary.js';
import { startServer } from '../../helpers/server.js';
import { run, type Workspace, withWorkspace } from '../../helpers/workspace.js';

const server = await startServer(18);

const CALM = ['--rate', '100', '--duration', '2s', '--batch-size', '5', '--workers', '3'];
/** Far more than the server takes: not all due events can be sent. */
const TOO_MUCH = [
  ...['--rate', '300000', '--duration', '2s', '--batch-size', '5', '--workers', '5'],
  ...['--on-lag', 'shed'],
];

/** A threshold that a run does not hold, and the run. */
const BROKEN: readonly [threshold: string, args: readonly string[]][] = [
  ['response.p99<1us', CALM],
  ['rate_error<1%', TOO_MUCH],
  ['shed==0', TOO_MUCH],
  ['rejected<=5', [...CALM, '--only', 'consulta', '--update-ratio', '0']],
  ['rss_growth<-1GB', CALM],
  ['slot.cdc.retained<2B', CALM],
  ['slot.nobody.retained<2GB', CALM],
];

test('thresholds that hold make no difference: exit code 0, and a line each', async () => {
  await withSlot(async (workspace) => {
    const held = [
      ...['response.p99<10s', 'rate_error<5%', 'shed==0', 'rejected<=5', 'rss_growth<300MB'],
      ...['slot.cdc.retained<2GB', 'slot.cdc.retained<2GB, abort', 'events==200'],
    ];
    const flags = held.flatMap((threshold) => ['--threshold', threshold]);
    const { code, stdout } = await run(workspace, ['stream', ...CALM, ...flags]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^Held: 8 of 8 thresholds$/m);
    assert.equal(stdout.match(/^ *✓ /gm)?.length, held.length, stdout);
  });
});

test('a folder of --junit that does not exist is refused before the run', async () => {
  await withSlot(async (workspace) => {
    const junit = join(workspace.cwd, 'missing', 'results.xml');
    const { code, stderr } = await run(workspace, ['stream', ...CALM, '--junit', junit]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /the folder of --junit does not exist: .*missing; create it/);
  });
});

test('a threshold that does not hold is exit code 5, and is reported with the measured value', async () => {
  await withSlot(async (workspace) => {
    // Every other row is refused; existing rows are not checked.
    await workspace.db.query('ALTER TABLE consultas ADD CHECK (id % 2 = 0) NOT VALID');
    const breaks = async ([threshold, args]: (typeof BROKEN)[number]) => {
      const junit = join(workspace.cwd, `${threshold.replaceAll(/\W/g, '-')}.xml`);
      const flags = ['--threshold', threshold, '--junit', junit, '--json'];
      const { code, stdout, stderr } = await run(workspace, ['stream', ...args, ...flags]);
      assert.equal(code, 5, `${threshold}: ${stderr}`);
      const summary = JSON.parse(stdout) as RunSummary;
      const [result] = summary.thresholds;
      assert.deepEqual([result?.threshold, result?.held], [threshold, false]);
      assert.match(readFileSync(junit, 'utf8'), /<failure/);
      const page = join(workspace.cwd, 'logs', 'runs', summary.run_id, 'report.html');
      assert.ok(existsSync(page), stderr);
    };
    // Those that have little to do run side by side: most of such a run is waiting for its end.
    await Promise.all(BROKEN.filter(([, args]) => args !== TOO_MUCH).map(breaks));
    for (const each of BROKEN.filter(([, args]) => args === TOO_MUCH)) await breaks(each);
  });
});

test('a threshold with abort ends the run at once', async () => {
  await withSlot(async (workspace) => {
    const flags = ['--threshold', 'slot.cdc.retained<1B, abort', '--json'];
    const args = ['stream', '--rate', '50', '--duration', '10m', ...flags];
    const { code, stdout, stderr } = await run(workspace, args);
    assert.equal(code, 5, stderr);
    const summary = JSON.parse(stdout) as RunSummary;
    assert.equal(summary.stopped_by, 'threshold');
    assert.ok(summary.seconds < 10, `${summary.seconds}`);
    assert.deepEqual(
      summary.thresholds.map(({ held, aborted }) => [held, aborted]),
      [[false, true]],
    );
  });
});

const MISTAKES: Readonly<Record<string, RegExp>> = {
  'reponse.p99<250ms': /response\.p99/,
  'response.p99<250': /ms/,
  'shed=0': /shed=0/,
  'rss_growth<30%': /MB/,
};

test('an invalid threshold is reported before the run starts', async () => {
  await withSlot(async (workspace) => {
    const flags = Object.keys(MISTAKES).flatMap((threshold) => ['--threshold', threshold]);
    const { code, stderr } = await run(workspace, ['stream', ...CALM, ...flags]);
    assert.equal(code, 2);
    for (const sentence of Object.values(MISTAKES)) assert.match(stderr, sentence);
    assert.match(stderr, new RegExp(`${flags.length / 2} problems`));
  });
});

/** Lends `body` a workspace whose server has a slot named cdc. */
async function withSlot(body: (workspace: Workspace) => Promise<void>): Promise<void> {
  await withWorkspace(server, async (workspace) => {
    await workspace.db.query("SELECT pg_create_logical_replication_slot('cdc', 'pgoutput')");
    try {
      await body(workspace);
    } finally {
      await workspace.db.query("SELECT pg_drop_replication_slot('cdc')");
    }
  });
}
