import assert from 'node:assert/strict';
import test from 'node:test';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';
import { readVerdict } from '../helpers/accounting.js';
import { startServers, type TestServer } from '../helpers/server.js';
import { summaryOf } from '../helpers/stream-run.js';
import { run, withPlainWorkspace } from '../helpers/workspace.js';
import { DebeziumEngine } from './engine.js';
import { findJava, type Java } from './java.js';

/*
 * The smallest run that shows where Debezium itself is wrong. It is killed amid events that share an LSN, and started
 * again: it takes the LSN of the last event that it has stored for done, and skips the others. So it does with the two
 * events of a changed key. When a version of Debezium does not lose them any more, this test fails: then both hazards go
 * into the test of `hazards.test.ts` that kills the engine, and the sentence on the page of hazards goes.
 */

/** Every event is a batch, and its offset is stored at once: a kill comes between any two events. */
const ONE_BY_ONE = {
  'max.batch.size': '1',
  'max.queue.size': '2',
  'offset.flush.interval.ms': '0',
};

/** Rows of one COPY share an LSN, page by page. */
const COPIES = [
  '--hazard',
  'copy=100%',
  '--max-events',
  '4',
  '--workers',
  '1',
  '--batch-size',
  '1',
];

/** The engine is killed after so many lines of those that wait for it: amid the rows of a COPY. */
const KILL_AFTER = 30;
/** A kill may come before the first offset is stored, or between two pages: two of three show the fault. */
const MOST_ROUNDS = 10;

const { java, skip } = await findJava();
const servers =
  skip === false ? await startServers({ settings: { wal_level: 'logical' } }, [18]) : [];
if (servers.length === 0) test('the known faults of Debezium', { skip }, () => undefined);

for (const server of servers) {
  test('Debezium loses rows of one COPY when it is killed amid them', async (t) => {
    assert.ok(java);
    for (let round = 1; round <= MOST_ROUNDS; round++) {
      const { verdict, accounting, violations, examples } = await roundOf(server, java, round);
      if (verdict === 'exact' || verdict === 'duplicates') continue;
      t.diagnostic(
        `round ${round}: ${accounting.missing} of ${accounting.committed} events are missing`,
      );
      assert.equal(verdict, 'violation');
      assert.equal(violations.missing, accounting.missing);
      // Where it repeats events before the gap, the replay is cut off, too.
      assert.ok(examples.some(({ violation }) => violation === 'missing'));
      return;
    }
    assert.fail(`Debezium lost nothing in ${MOST_ROUNDS} rounds`);
  });
}

/** A run while the engine is stopped; then it is killed amid the events, and started again. Returns the verdict. */
async function roundOf(
  server: TestServer,
  java: Java,
  round: number,
): Promise<VerificationDocument> {
  let document: VerificationDocument | undefined;
  await withPlainWorkspace(server, async (workspace) => {
    const name = `fault_${round}`;
    const { target } = workspace.db;
    const engine = await DebeziumEngine.start({
      ...{ java, name, target, folder: workspace.cwd, settings: ONE_BY_ONE },
    });
    try {
      await engine.stop();
      const { run_id } = summaryOf(await run(workspace, ['stream', '--json', ...COPIES]));
      await engine.restart();
      await engine.until(KILL_AFTER + round, 'a part of the events');
      await engine.kill();
      await engine.restart();
      const source = ['--source', `ndjson:${engine.output}`, '--wait', '2s'];
      const { stdout } = await run(workspace, ['verify', run_id, '--json', ...source]);
      document = readVerdict(stdout);
    } finally {
      await engine.stop();
      await workspace.db.query('SELECT pg_drop_replication_slot($1)', [name]);
    }
  });
  assert.ok(document);
  return document;
}
