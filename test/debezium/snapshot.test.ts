import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readVerdict } from '../helpers/accounting.js';
import { auditedEvents } from '../helpers/audit.js';
import { startCli } from '../helpers/cli.js';
import { startServers } from '../helpers/server.js';
import { summaryOf } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';
import { withWorkspace } from '../helpers/workspace.js';
import { DebeziumEngine } from './engine.js';
import { findJava } from './java.js';

/** A Java machine starts amid the run, and takes its snapshot there. */
const LOAD = ['--rate', '200', '--duration', '12s', '--workers', '4', '--batch-size', '10'];
const CHANGES = ['--update-ratio', '0.3', '--delete-ratio', '0.05'];
/** Before the connector is started. */
const FIRST_EVENTS = 200;
/** It may be behind when the run ends. */
const WAIT = '20s';
const VERDICT_MS = 120_000;
const NAME = 'dbz_snapshot';

const { java, skip } = await findJava();
const servers =
  skip === false ? await startServers({ settings: { wal_level: 'logical' } }, [18]) : [];
if (servers.length === 0) test('a snapshot of Debezium bears witness', { skip }, () => undefined);

for (const server of servers) {
  test('the snapshot of a connector that begins amid a run stands for what came before it', async (t) => {
    await withWorkspace(server, async (workspace) => {
      assert.ok(java);
      const written = () => auditedEvents(workspace.db);
      const before = await written();
      const stream = startCli(['stream', '--json', ...LOAD, ...CHANGES], workspace);
      let engine: DebeziumEngine | null = null;
      try {
        await waitFor(async () => (await written()) > before + FIRST_EVENTS);
        engine = await DebeziumEngine.start({
          java,
          target: workspace.db.target,
          folder: workspace.cwd,
          name: NAME,
          settings: {
            'snapshot.mode': 'initial',
            // Times to the millisecond, where the tables have microseconds.
            'time.precision.mode': 'connect',
            'publication.autocreate.mode': 'all_tables',
            'schema.include.list': 'public',
          },
        });
        const { events } = summaryOf(await stream.ended());
        const [run = ''] = readdirSync(join(workspace.cwd, 'logs', 'runs'));
        const source = `ndjson:${engine.output}`;
        const verify = startCli(
          ['verify', run, '--json', '--source', source, '--wait', WAIT],
          workspace,
        );
        await waitFor(() => verify.child.exitCode !== null, {
          deadline: VERDICT_MS,
          what: 'a verdict',
        });
        const { stdout, stderr } = await verify.ended();
        assert.ok(stdout !== '', `${stderr}\n${engine.errors}`);
        const document = readVerdict(stdout);
        t.diagnostic(JSON.stringify(document.accounting));
        assert.equal(document.verdict, 'exact', stdout);
        assert.equal(document.accounting.committed, events);
        assert.ok(document.accounting.excused >= FIRST_EVENTS, stdout);
        assert.ok(document.accounting.delivered > 0, stdout);
        assert.equal(document.rows.compared, document.rows.followed);
      } finally {
        stream.child.kill('SIGKILL');
        await stream.ended();
        await engine?.stop();
        await workspace.db.query(
          `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '${NAME}'`,
        );
      }
    });
  });
}
