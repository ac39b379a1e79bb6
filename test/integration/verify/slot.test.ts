import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { auditedEvents } from '../../helpers/audit.js';
import { startCli } from '../../helpers/cli.js';
import { startServers, type TestServer } from '../../helpers/server.js';
import { type Streamed, stream } from '../../helpers/stream-run.js';
import { waitFor } from '../../helpers/wait-for.js';
import { run, withWorkspace } from '../../helpers/workspace.js';
import {
  assertExact,
  dropSlot,
  HOSPITAL,
  makeSlot,
  newSlot,
  verifyAfter,
  verifyNext,
} from './verifying.js';

const LOAD = ['--workers', '3', '--rate', '1500', '--batch-size', '7', '--duration', '2s'];
const MIX = ['--update-ratio', '0.3', '--delete-ratio', '0.1'];

const servers = await startServers();

for (const server of servers) {
  const { version } = server;
  test(`a run is verified while it goes on: exact, and nothing is left on the server (${version})`, async () => {
    await withWorkspace(server, async (workspace) => {
      let streamed: Streamed | undefined;
      const slot = newSlot();
      const { document, stderr } = await verifyNext(
        workspace,
        ['--source', `slot:${slot}`, '--create-slot'],
        async () => {
          streamed = await stream(workspace, [...LOAD, ...MIX]);
        },
      );
      assert.ok(streamed !== undefined);
      assertExact(document, streamed);
      assert.equal(document.run_id, streamed.summary.run_id);
      assert.equal(document.rows.sample, 1);
      assert.equal(document.rows.compared, document.rows.followed);
      assert.ok(document.rows.followed > 0);
      const { commit_to_received } = document.latency_ms;
      assert.equal(commit_to_received.events, document.events.delivered);
      assert.ok((commit_to_received.p50 ?? 0) > 0);
      assert.ok((document.clock_offset_ms?.error ?? 0) > 0);
      const [left] = await workspace.db.query<{ slots: string; publications: string }>(
        `SELECT (SELECT count(*) FROM pg_replication_slots WHERE slot_name = $1) AS slots,
                (SELECT count(*) FROM pg_publication) AS publications`,
        [slot],
      );
      assert.deepEqual(left, { slots: '0', publications: '0' });
      const folder = join(workspace.cwd, 'logs', 'runs', document.run_id);
      assert.deepEqual(JSON.parse(readFileSync(join(folder, 'verify.json'), 'utf8')), document);
      assert.ok(existsSync(join(folder, 'verify-series.ndjson')));
      const report = join(folder, 'report.html');
      assert.match(readFileSync(report, 'utf8'), /id="cdc".*id="plot-cdc-latency"/s);
      assert.ok(stderr.includes(report), stderr);
    });
  });

  test(`a slot is read afterwards; a second reader finds nothing left (${version})`, async () => {
    await withWorkspace(server, async (workspace) => {
      const slot = newSlot();
      await makeSlot(workspace, slot);
      try {
        const streamed = await stream(workspace, [...LOAD, ...MIX]);
        const { document } = await verifyAfter(workspace, ['--source', `slot:${slot}`]);
        assertExact(document, streamed);
        // The latency of earlier changes is unknown.
        assert.equal(document.latency_ms.commit_to_received.events, 0);
        // The slot's reader confirmed everything: changes before its position are doubted.
        const again = await verifyAfter(workspace, ['--source', `slot:${slot}`], 8);
        assert.equal(again.document.events.delivered, 0);
        const { committed } = streamed.summary.transactions;
        assert.equal(again.document.transactions.before_source, committed);
        assert.equal(again.document.doubts.before_source, streamed.summary.events);
        assert.deepEqual(again.document.notes, [
          { kind: 'source_began', transactions: committed, of: committed, waived: false },
        ]);
        // All changes are waived, so none was delivered.
        const none = await verifyAfter(workspace, ['--source', `slot:${slot}`, '--partial'], 8);
        assert.equal(none.document.accounting.waived, streamed.summary.events);
      } finally {
        await dropSlot(workspace, slot);
      }
    });
  });

  test(`other writers' events are counted separately (${version})`, async () => {
    await withWorkspace(server, async (workspace) => {
      let streamed: Streamed | undefined;
      const { document } = await verifyNext(
        workspace,
        ['--source', `slot:${newSlot()}`, '--create-slot'],
        async () => {
          const streaming = stream(workspace, LOAD);
          for (let i = 0; i < 20; i++) {
            await workspace.db.query(
              `INSERT INTO medicos (nome, crm, especialidade) VALUES ($1, $1, 'Clínica')`,
              [`estranho ${i}`],
            );
            await workspace.db.query(`UPDATE medicos SET telefone = '1' WHERE nome = $1`, [
              `estranho ${i}`,
            ]);
          }
          streamed = await streaming;
        },
      );
      assert.ok(streamed !== undefined);
      assertExact(document, streamed);
      assert.ok(document.events.foreign > 0);
    });
  });

  test(`a publication that leaves out a table is a violation, with examples (${version})`, async () => {
    await withWorkspace(server, async (workspace) => {
      const slot = newSlot();
      const others = HOSPITAL.names.filter((table) => table !== 'exames');
      await workspace.db.query(`CREATE PUBLICATION ${slot} FOR TABLE ${others.join(', ')}`);
      await workspace.db.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
      try {
        const { summary } = await stream(workspace, LOAD);
        const { document, stderr } = await verifyAfter(workspace, ['--source', `slot:${slot}`], 7);
        const exames = summary.rows.exames!;
        assert.equal(document.violations.missing, exames.insert + exames.update + exames.delete);
        assert.ok(
          document.examples.every(
            ({ table, violation }) => table === 'exames' && violation === 'missing',
          ),
        );
        assert.ok(document.examples.length > 0);
        assert.match(stderr, /violation: \d[\d,]* missing/);
      } finally {
        await dropSlot(workspace, slot);
      }
    });
  });
}

test('Ctrl+C ends a waiting verification, and leaves nothing on the server', async () => {
  await withWorkspace(newest(), async (workspace) => {
    const slot = newSlot();
    const cli = startCli(
      ['verify', 'next', '--source', `slot:${slot}`, '--create-slot'],
      workspace,
    );
    try {
      await cli.until(/waiting for the next run/);
      cli.child.kill('SIGINT');
      const { code } = await cli.ended();
      assert.equal(code, 130);
      const publications = await workspace.db.query('SELECT 1 FROM pg_publication');
      assert.equal(publications.length, 0);
      await waitFor(async () => {
        const slots = await workspace.db.query(
          'SELECT 1 FROM pg_replication_slots WHERE slot_name = $1',
          [slot],
        );
        return slots.length === 0;
      });
    } finally {
      cli.child.kill('SIGKILL');
    }
  });
});

test('Ctrl+C during a run reports the findings so far, and a doubt', async () => {
  await withWorkspace(newest(), async (workspace) => {
    const verifying = startCli(
      ['verify', 'next', '--json', '--source', `slot:${newSlot()}`, '--create-slot'],
      workspace,
    );
    try {
      // A run that began before `verify next` is not the next one.
      await verifying.until(/waiting for the next run/);
      const streaming = startCli(['stream', '--rate', '200', '--workers', '2'], workspace);
      try {
        await verifying.until(/comparing slot/);
        await waitFor(async () => {
          return (await auditedEvents(workspace.db)) > 3;
        });
        verifying.child.kill('SIGINT');
        const { code, stdout, stderr } = await verifying.ended();
        assert.equal(code, 8, stderr);
        assert.ok('interrupted' in JSON.parse(stdout).doubts);
      } finally {
        streaming.child.kill('SIGINT');
        await streaming.ended();
      }
    } finally {
      verifying.child.kill('SIGKILL');
    }
  });
});

test('wrong arguments get one clear sentence', async () => {
  await withWorkspace(newest(), async (workspace) => {
    await stream(workspace, ['--max-events', '10', '--rate', '100']);
    const cases: readonly [readonly string[], number, RegExp][] = [
      [['verify'], 2, /--source slot:NAME, ndjson:FILE/],
      [
        ['verify', '--source', 'pigeon:post'],
        2,
        /"pigeon:post" is not a source of events; write slot:NAME/,
      ],
      [['verify', '--source', 'slot:Bad-Name'], 2, /did you mean slot:bad_name/],
      [['verify', '--source', 'slot:no_such_slot'], 4, /no publication .* --create-slot/],
      [['verify', '--source', 'ndjson:-', '--create-slot'], 2, /--create-slot needs --source slot/],
      [['verify', 'no-such-run', '--source', 'slot:x'], 2, /no-such-run/],
      [['verify', '--source', 'slot:x', '--memory', '1'], 2, /size from 8MB/],
      [['verify', '--source', 'slot:x', '--sample', '0'], 2, /above 0/],
    ];
    for (const [args, code, sentence] of cases) {
      const result = await run(workspace, args);
      assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
      assert.match(result.stderr, sentence);
      assert.equal(result.stdout, '');
      assert.ok(!result.stderr.includes('    at '), result.stderr);
    }
  });
});

function newest(): TestServer {
  const server = servers.at(-1);
  assert.ok(server !== undefined);
  return server;
}
