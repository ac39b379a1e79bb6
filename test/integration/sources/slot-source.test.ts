import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { machineMicros } from '../../../src/lib/clock.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { parseLsn } from '../../../src/postgres/lsn.js';
import type { Sink } from '../../../src/sources/source.js';
import { anyScope, HOSPITAL_TABLES } from '../../helpers/any-scope.js';
import type { TestDatabase } from '../../helpers/database.js';
import { waitFor } from '../../helpers/wait-for.js';
import { Collector, collecting, slotSource } from './collecting.js';
import { caughtUp, startLogicalServers, withSlot } from './slot-database.js';

/** Limit of the time between two readings of one machine's clock. */
const CLOCK_MICROS = 5_000_000;

const servers = await startLogicalServers();

const PATIENT_ROW = `INSERT INTO pacientes (id, nome, nascimento, cpf, telefone, endereco)`;
const patient = (id: number | string) =>
  `${PATIENT_ROW} VALUES (${id}, 'Ana', '1980-01-02', 'cpf ${id}', NULL, '')`;

async function confirmed(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ lsn: string }>(
    `SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = 's'`,
  );
  return Number(parseLsn(row?.lsn ?? '') ?? 0n);
}

const replyTimes = new Set<string>();

/** The count of statuses that the server has had, as far as this has seen them. */
async function replies(db: TestDatabase): Promise<number> {
  const rows = await db.query<{ at: string }>(
    'SELECT reply_time::text AS at FROM pg_stat_replication WHERE reply_time IS NOT NULL',
  );
  for (const { at } of rows) replyTimes.add(at);
  return replyTimes.size;
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: rows arrive as they were written, with xid, positions and times`, async () => {
    await withSlot(server, async (db) => {
      const began = machineMicros();
      const xids = await withConnection(db.target, async (client) => {
        const xids: number[] = [];
        const run = async (...statements: string[]) => {
          await client.query('BEGIN');
          for (const statement of statements) await client.query(statement);
          const { rows } = await client.query<{ xid: string }>(
            'SELECT pg_current_xact_id()::xid::text AS xid',
          );
          await client.query('COMMIT');
          xids.push(Number(rows[0]?.xid));
        };
        await run(
          patient(1),
          `UPDATE pacientes SET nome = 'não 😀', data_cadastro = '2026-03-01 12:34:56.7'`,
          `INSERT INTO convenios (id, nome, cnpj, tipo) VALUES (9007199254740993, 'c', 'x', 'publico')`,
        );
        await run('DELETE FROM pacientes');
        return xids;
      });
      const sink = await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s));
      assert.deepEqual(sink.received, [
        'insert pacientes 1',
        'update pacientes 1',
        'insert convenios 9007199254740993',
        'delete pacientes 1',
      ]);
      const [insert, update, big, gone] = sink.rows;
      assert.deepEqual(insert?.values?.slice(0, 6), ['1', 'Ana', '1980-01-02', 'cpf 1', null, '']);
      assert.equal(update?.values?.[1], 'não 😀');
      assert.equal(update?.values?.[6], '2026-03-01 12:34:56.7');
      const table = HOSPITAL_TABLES.get('pacientes');
      const columns = table.columns.length + table.serverColumns.length;
      assert.equal(update?.values?.length, columns);
      assert.match(update?.values?.at(-1) ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
      assert.equal(insert?.key, 1);
      assert.equal(big?.key, '9007199254740993');
      assert.equal(gone?.values, null);
      assert.deepEqual(
        sink.rows.map(({ xid, order, position, partition }) => [xid, order, position, partition]),
        [
          [xids[0], 1, 1, 0],
          [xids[0], 2, 2, 0],
          [xids[0], 3, 3, 0],
          [xids[1], 1, 4, 0],
        ],
      );
      let last = 0;
      for (const row of sink.rows) {
        const { lsn, watermark, committedAt, connectorAt, receivedAt } = row;
        assert.ok((lsn ?? 0) > last && (lsn ?? 0) < (watermark ?? 0), 'LSNs rise up to the commit');
        last = row.order === 3 ? 0 : (lsn ?? 0);
        for (const time of [committedAt, connectorAt, receivedAt]) {
          assert.ok(Math.abs((time ?? 0) - began) < CLOCK_MICROS, `${time} and ${began}`);
        }
        assert.ok((committedAt ?? 0) <= (connectorAt ?? 0), 'it was sent before it was committed');
      }
      assert.equal(sink.rows[0]?.watermark, sink.rows[2]?.watermark);
      assert.ok((sink.rows[2]?.watermark ?? 0) < (sink.rows[3]?.watermark ?? 0));
    });
  });

  test(`${version}: a change of the key is a delete and an insert`, async () => {
    await withSlot(server, async (db) => {
      for (const identity of ['DEFAULT', 'FULL']) {
        await db.query(`ALTER TABLE medicos REPLICA IDENTITY ${identity}`);
        await db.query(
          `INSERT INTO medicos (id, nome, crm, especialidade) VALUES (1, 'M', 'c', 'e')`,
        );
        await db.query('UPDATE medicos SET id = 2');
        await db.query(`UPDATE medicos SET nome = 'N'`);
        await db.query('DELETE FROM medicos');
      }
      const sink = await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s));
      const each = ['insert 1', 'delete 1', 'insert 2', 'update 2', 'delete 2'];
      assert.deepEqual(
        sink.rows.map(({ operation, key }) => `${operation} ${key}`),
        [...each, ...each],
      );
      const [, gone, come] = sink.rows;
      assert.deepEqual([gone?.order, come?.order], [1, 2]);
      assert.equal(gone?.lsn, come?.lsn);
      assert.equal(gone?.values, null);
      assert.deepEqual(come?.values?.slice(0, 2), ['2', 'M']);
    });
  });

  test(`${version}: a value that the server does not send is undefined, and NULL is null`, async () => {
    await withSlot(server, async (db) => {
      await db.query(
        'ALTER TABLE exames ALTER resultado TYPE text, ALTER resultado SET STORAGE EXTERNAL',
      );
      await db.query(
        'ALTER TABLE exames ALTER tipo_exame DROP NOT NULL, ADD nota text, DROP updated_at',
      );
      await db.query('DROP TRIGGER exames_updated_at ON exames');
      await db.query(patient(1));
      const long = 'ção'.repeat(4_000);
      await db.query(
        `INSERT INTO exames (id, paciente_id, tipo_exame, data, resultado) VALUES (1, 1, 't', '2026-01-01', $1)`,
        [long],
      );
      await db.query('UPDATE exames SET tipo_exame = NULL');
      const sink = await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s));
      const [, insert, update] = sink.rows;
      const head = ['1', '1', 't', '2026-01-01 00:00:00', long];
      assert.deepEqual(insert?.values?.slice(0, 5), head);
      assert.equal(insert?.values?.[6], undefined);
      assert.deepEqual(update?.values?.slice(2, 5), [null, '2026-01-01 00:00:00', undefined]);
    });
  });

  test(`${version}: truncates, messages and foreign tables are reported as such`, async () => {
    await withSlot(server, async (db) => {
      await db.query(
        'CREATE SCHEMA o; CREATE TABLE o.medicos (id int PRIMARY KEY); CREATE TABLE other (id int)',
      );
      await db.query('ALTER PUBLICATION p ADD TABLE o.medicos, other');
      await db.query('INSERT INTO o.medicos VALUES (1)');
      await db.query(`SELECT pg_logical_emit_message(false, 'x', 'outside')`);
      await withConnection(db.target, (client) =>
        client.query(
          `BEGIN; INSERT INTO other VALUES (1); ${patient(5)};
           SELECT pg_logical_emit_message(true, 'x', 'inside'); COMMIT`,
        ),
      );
      await db.query('TRUNCATE exames, other');
      const sink = await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s));
      assert.deepEqual(sink.received, [
        'ignored other_schema',
        'ignored message',
        'ignored other_table',
        'insert pacientes 5',
        'ignored message',
        'truncate exames',
        'ignored other_table',
      ]);
      // As Debezium's total_order with both tables captured.
      assert.equal(sink.rows[0]?.order, 2);
      // All of it was acknowledged, and does not come again.
      const again = await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s));
      assert.deepEqual(again.received, []);
    });
  });

  test(`${version}: a delete without the id of its row is reported as such, and the stream goes on`, async () => {
    await withSlot(server, async (db) => {
      await db.query(`ALTER TABLE pacientes ALTER cpf SET NOT NULL`);
      await db.query('ALTER TABLE pacientes REPLICA IDENTITY USING INDEX pacientes_cpf_key');
      await db.query(patient(1));
      await db.query('DELETE FROM pacientes');
      await db.query(patient(2));
      const sink = await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s));
      assert.deepEqual(sink.received, [
        'insert pacientes 1',
        'delete pacientes without its id, position 2',
        'insert pacientes 2',
      ]);
    });
  });

  test(`${version}: interleaved transactions come whole, in the order of their commits`, async () => {
    await withSlot(server, async (db) => {
      const rounds = 20;
      await withConnection(db.target, (a) =>
        withConnection(db.target, async (b) => {
          for (let i = 0; i < rounds; i++) {
            await a.query(`BEGIN; ${patient(4 * i)}`);
            await b.query(`BEGIN; ${patient(4 * i + 1)}`);
            await a.query(patient(4 * i + 2));
            await b.query(patient(4 * i + 3));
            await b.query('COMMIT');
            await a.query('COMMIT');
          }
        }),
      );
      const sink = await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s));
      const expected = Array.from({ length: rounds }, (_, i) =>
        [1, 3, 0, 2].map((offset) => 4 * i + offset),
      ).flat();
      assert.deepEqual(
        sink.rows.map(({ key }) => key),
        expected,
      );
      const watermarks = sink.rows.map(({ watermark }) => watermark ?? 0);
      assert.ok(
        watermarks.every((w, i) => w >= (watermarks[i - 1] ?? 0)),
        'a watermark fell',
      );
      assert.deepEqual(new Set(watermarks).size, 2 * rounds);
    });
  });

  test(`${version}: only what the sink has taken is acknowledged`, async () => {
    await withSlot(server, async (db) => {
      await db.query(patient(1));
      class Cautious extends Collector {
        override row(...args: Parameters<Sink['row']>): void {
          super.row(...args);
          if (this.rows.length === 1) this.shut();
        }
      }
      await collecting(
        slotSource(db.target, 's'),
        async (sink) => {
          await waitFor(() => sink.rows.length > 0, { what: 'the row' });
          await db.query(patient(2));
          const commit = sink.rows[0]?.watermark ?? 0;
          // The source sends ten statuses a second.
          await waitFor(async () => (await replies(db)) > 3, { what: 'statuses' });
          assert.ok((await confirmed(db)) <= commit, 'it was acknowledged');
          sink.open();
          await waitFor(async () => (await confirmed(db)) > commit, { what: 'an acknowledgement' });
          await caughtUp(db, sink);
          await waitFor(() => sink.idles > 0, { what: 'idle' });
          const before = sink.idles;
          await db.query(patient(3));
          await waitFor(() => sink.idles > before, { what: 'idle again' });
          assert.equal(sink.rows.length, 3);
        },
        new Cautious(),
      );
    });
  });

  test(`${version}: a big transaction is not kept in memory`, async () => {
    await withSlot(server, async (db) => {
      const rows = 100_000;
      await db.query(
        `${PATIENT_ROW} SELECT i, repeat('n', 150), '1980-01-02', i, NULL, repeat('e', 200)
           FROM generate_series(1, ${rows}) i`,
      );
      /** Only counts: keeping a hundred thousand rows would take memory. */
      class Counter extends Collector {
        count = 0;
        wrong = 0;
        override row(event: {
          readonly key: number | string;
          readonly order: number | null;
        }): void {
          this.count++;
          if (event.key !== this.count || event.order !== this.count) this.wrong++;
        }
      }
      const counter = new Counter();
      global.gc?.();
      const before = process.memoryUsage.rss();
      let most = 0;
      await collecting(
        slotSource(db.target, 's'),
        async (sink) => {
          // A slow sink slows the server down.
          await waitFor(
            async () => {
              most = Math.max(most, process.memoryUsage.rss());
              if (counter.count >= rows / 2 || counter.asked % 2 === 0) sink.open();
              else sink.shut();
              return counter.count >= rows;
            },
            { what: 'all rows', deadline: 60_000 },
          );
          await caughtUp(db, sink);
        },
        counter,
      );
      assert.equal(counter.count, rows);
      assert.equal(counter.wrong, 0);
      assert.ok(most - before < 100 << 20, `${(most - before) >> 20} MB more`);
    });
  });

  test(`${version}: stop ends it soon, and no half transaction is acknowledged`, async () => {
    await withSlot(server, async (db) => {
      const rows = 100_000;
      await db.query(
        `${PATIENT_ROW} SELECT i, repeat('n', 150), '1980-01-02', i, NULL, repeat('e', 200)
           FROM generate_series(1, ${rows}) i`,
      );
      const source = slotSource(db.target, 's');
      const sink = new (class extends Collector {
        override row(...args: Parameters<Sink['row']>): void {
          super.row(...args);
          source.stop();
        }
        // Lets the socket deliver more, if it still reads.
        override async ready(): Promise<void> {
          await setImmediate();
        }
      })();
      await source.run(sink, anyScope);
      const { length } = sink.rows;
      assert.ok(length > 0 && length < rows, `${length} rows`);
      assert.ok((await confirmed(db)) <= (sink.rows[0]?.watermark ?? 0));
    });
  });
}
