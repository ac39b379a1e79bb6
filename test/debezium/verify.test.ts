import assert from 'node:assert/strict';
import test from 'node:test';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';
import { readVerdict } from '../helpers/accounting.js';
import { startCli } from '../helpers/cli.js';
import { startServers } from '../helpers/server.js';
import { summaryOf } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';
import { type Workspace, withWorkspace } from '../helpers/workspace.js';
import { DebeziumEngine } from './engine.js';
import { findJava } from './java.js';
import { SHAPES, type Shape } from './shapes.js';

/** Long enough for two kills, each with a new start of a Java machine in between. */
const RATE = Number(process.env.DEBEZIUM_RATE ?? 400);
const SECONDS = Number(process.env.DEBEZIUM_SECONDS ?? 12);
/** A connector that starts again takes seconds until its next event. */
const WAIT = '30s';
const VERDICT_MS = 120_000;

const { java, skip } = await findJava();
const servers =
  skip === false ? await startServers({ settings: { wal_level: 'logical' } }, [18]) : [];
if (servers.length === 0) test('a run is verified through Debezium', { skip }, () => undefined);

for (const server of servers) {
  test('a run is exact through Debezium, also when its engine is killed twice meanwhile', async (t) => {
    await withWorkspace(server, async (workspace) => {
      const { document, lines, sent } = await throughDebezium(workspace, 'json', async (engine) => {
        for (let kill = 0; kill < 2; kill++) {
          const before = engine.lines().length;
          await engine.until(before + RATE, 'more events');
          await engine.kill();
          await engine.restart();
        }
      });
      const { verdict, events } = document;
      t.diagnostic(
        `${verdict}: ${events.delivered} events, ${events.replayed} came again in ${events.rewinds} replays`,
      );
      // At least once: what a killed engine had not noted as sent comes again, as it was.
      assert.ok(['exact', 'duplicates'].includes(document.verdict), JSON.stringify(document));
      assert.equal(document.events.delivered, sent);
      assert.equal(document.events.malformed, 0);
      assert.ok(lines >= document.events.delivered);
    });
  });

  for (const shape of SHAPES.filter((other) => other !== 'json')) {
    test(`a run is exact through Debezium in the shape "${shape}"`, async () => {
      await withWorkspace(server, async (workspace) => {
        const { document, sent } = await throughDebezium(
          workspace,
          shape,
          async () => undefined,
          3,
        );
        assert.equal(document.verdict, 'exact', JSON.stringify(document));
        assert.equal(document.events.delivered, sent);
      });
    });
  }
}

/** Runs a stream whose changes Debezium captures, and `verify` on what it writes; `disturb` runs meanwhile. */
async function throughDebezium(
  workspace: Workspace,
  shape: Shape,
  disturb: (engine: DebeziumEngine) => Promise<void>,
  seconds = SECONDS,
): Promise<{ document: VerificationDocument; lines: number; sent: number }> {
  assert.ok(java);
  const name = `dbz_${shape}`;
  const engine = await DebeziumEngine.start({
    java,
    target: workspace.db.target,
    folder: workspace.cwd,
    name,
    shape,
  });
  const verify = startCli(
    ['verify', 'next', '--json', '--source', `ndjson:${engine.output}`, '--wait', WAIT],
    workspace,
  );
  const load = ['--rate', String(RATE), '--duration', `${seconds}s`, '--workers', '4'];
  const changes = ['--batch-size', '10', '--update-ratio', '0.3', '--delete-ratio', '0.05'];
  try {
    await verify.until(/waiting for the next run/);
    const stream = startCli(['stream', '--json', ...load, ...changes], workspace);
    let sent = 0;
    try {
      await disturb(engine);
      sent = summaryOf(await stream.ended()).events;
    } finally {
      stream.child.kill('SIGKILL');
    }
    await waitFor(() => verify.child.exitCode !== null, {
      deadline: VERDICT_MS,
      what: 'a verdict',
    });
    const { stdout, stderr } = await verify.ended();
    assert.ok(stdout !== '', `${stderr}\n${engine.errors}`);
    return { document: readVerdict(stdout), lines: engine.lines().length, sent };
  } finally {
    verify.child.kill('SIGKILL');
    await engine.stop();
    await workspace.db.query(`SELECT pg_drop_replication_slot('${name}')`);
  }
}
