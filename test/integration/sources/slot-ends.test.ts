import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { monotonicMs } from '../../../src/lib/clock.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { measureClockOffset } from '../../../src/sources/clock-offset.js';
import { currentWalLsn } from '../../../src/sources/slot/wal-position.js';
import { WalReceiver } from '../../../src/sources/slot/wal-receiver.js';
import { anyScope, HOSPITAL_TABLES } from '../../helpers/any-scope.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { waitFor } from '../../helpers/wait-for.js';
import { Collector, collecting, PATIENT, slotSource } from './collecting.js';
import { startDeafLine } from './deaf-line.js';
import { allSlotsFree, caughtUp, startLogicalServers, withSlot } from './slot-database.js';

const servers = await startLogicalServers();

const insert = (id: number) =>
  `INSERT INTO medicos (id, nome, crm, especialidade) VALUES (${id}, 'm', '${id}', 'e')`;

/** The slots of the database besides `s`. */
function slotsOf(db: TestDatabase) {
  return db.query<{ name: string; active: boolean; temporary: boolean }>(
    `SELECT slot_name AS name, active, temporary FROM pg_replication_slots
      WHERE database = current_database() AND slot_name <> 's'`,
  );
}

async function publicationsOf(db: TestDatabase): Promise<string[]> {
  const rows = await db.query<{ name: string }>('SELECT pubname AS name FROM pg_publication');
  return rows.map(({ name }) => name);
}

/** Ends the server process that sends the WAL of a slot. */
async function terminate(db: TestDatabase, slot: string): Promise<void> {
  await db.query(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1`,
    [slot],
  );
}

function refused(exitCode: number, words: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof OperatorError && error.exitCode === exitCode && words.test(error.message);
}

/** The keys in the order of their first arrival. */
function firsts(sink: Collector): unknown[] {
  return [...new Set(sink.rows.map(({ key }) => key))];
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: a reader whose sender is ended again and again misses nothing`, async () => {
    await withSlot(server, async (db) => {
      const rounds = 8;
      const lost: unknown[] = [];
      const onReconnect = (error: unknown) => lost.push(error);
      const sink = await collecting(slotSource(db.target, 's', { onReconnect }), async (s) => {
        for (let i = 0; i < rounds; i++) {
          await db.query(insert(2 * i));
          if (i % 2 === 0) await waitFor(() => s.rows.at(-1)?.key === 2 * i, { what: 'a row' });
          await terminate(db, 's');
          await db.query(insert(2 * i + 1));
          await waitFor(() => lost.length > i, { what: 'the loss' });
          await caughtUp(db, s);
        }
      });
      assert.deepEqual(firsts(sink), [...Array(2 * rounds).keys()]);
      const { positions } = sink;
      assert.ok(
        positions.every((p, i) => p > (positions[i - 1] ?? 0)),
        'a position fell',
      );
      assert.ok(lost.every((error) => error instanceof OperatorError));
    });
  });

  test(`${version}: a slot that the server still counts as in use is waited for`, async () => {
    await withSlot(server, async (db) => {
      const line = await startDeafLine(server.port);
      let lost = 0;
      try {
        const target = { ...db.target, port: line.port };
        const onReconnect = () => {
          // The server learns of the loss only at the second attempt.
          if (++lost === 2) line.hangUp();
        };
        await collecting(slotSource(target, 's', { onReconnect }), async (s) => {
          await waitFor(() => s.at > 0, { what: 'a position' });
          line.cut();
          await db.query(insert(1));
          await waitFor(() => s.rows.length > 0, { what: 'the row' });
        });
      } finally {
        line.close();
      }
      assert.ok(lost >= 2, 'the server knew of the loss at once');
    });
  });

  test(`${version}: a transaction that comes again after a loss amid it is delivered again, whole`, async () => {
    await withSlot(server, async (db) => {
      // More rows than fit the socket and the queue.
      const rows = 80_000;
      await db.query(
        `INSERT INTO medicos (id, nome, crm, especialidade)
           SELECT i, repeat('n', 100), i, 'e' FROM generate_series(1, ${rows}) i`,
      );
      let first = 0;
      let early = 0;
      const sink = new (class extends Collector {
        override async ready(): Promise<void> {
          await super.ready();
          if (first > 0 || this.rows.length === 0) return;
          first = this.rows.length;
          await terminate(db, 's');
        }
        // While the server decodes, it reports positions before the COMMIT.
        override progress(lsn: number): void {
          super.progress(lsn);
          if (first > 0 && this.rows.length < first + rows) early = Math.max(early, lsn);
        }
      })();
      await collecting(slotSource(db.target, 's'), (s) => caughtUp(db, s), sink);
      assert.ok(sink.rows.length > rows, 'nothing came again');
      const again = sink.rows.findIndex(({ key }, i) => i > 0 && key === 1);
      const shape = ({ key, order, lsn, xid, watermark }: (typeof sink.rows)[number]) =>
        [key, order, lsn, xid, watermark].join();
      assert.deepEqual(
        sink.rows.slice(0, again).map(shape),
        sink.rows.slice(again, 2 * again).map(shape),
      );
      assert.equal(sink.rows.length - again, rows);
      assert.ok(early <= (sink.rows[0]?.watermark ?? 0), 'reported too early');
    });
  });

  test(`${version}: a server that is restarted is found again`, async () => {
    await withSlot(server, async (db) => {
      const sink = await collecting(slotSource(db.target, 's'), async (s) => {
        for (const [i, mode] of (['fast', 'immediate'] as const).entries()) {
          await db.query(insert(i));
          await caughtUp(db, s);
          await server.stop(mode);
          await server.start();
          await db.query(insert(10 + i));
          await caughtUp(db, s);
        }
      });
      assert.deepEqual(firsts(sink), [0, 10, 1, 11]);
    });
  });

  test(`${version}: attempts that are used up are the end`, async () => {
    await withSlot(server, async (db) => {
      const waits: number[] = [];
      const source = slotSource(db.target, 's', {
        reconnect: { attempts: 3, baseMs: 4, maxMs: 10, failFast: true },
        onReconnect: (_, waitMs) => waits.push(waitMs),
      });
      const sink = new Collector();
      const running = source.run(sink, anyScope);
      const end = assert.rejects(running, refused(EXIT.unreachable, /./));
      await waitFor(() => sink.positions.length > 0, { what: 'a position' });
      await server.stop('fast');
      try {
        await end;
      } finally {
        await server.start();
      }
      assert.equal(waits.length, 3);
      for (const [i, most] of [4, 8, 10].entries()) {
        assert.ok((waits[i] ?? 0) <= most && (waits[i] ?? 0) >= most / 2, waits.join());
      }
    });
  });

  test(`${version}: a stop while the server is away ends at once`, async () => {
    await withSlot(server, async (db) => {
      let lost = 0;
      const source = slotSource(db.target, 's', {
        reconnect: { attempts: 1, baseMs: 60_000, maxMs: 60_000, failFast: false },
        onReconnect: () => lost++,
      });
      const sink = new Collector();
      const running = source.run(sink, anyScope);
      await waitFor(() => sink.positions.length > 0, { what: 'a position' });
      await server.stop('fast');
      try {
        await waitFor(() => lost > 0, { what: 'the loss' });
        const asked = monotonicMs();
        source.stop();
        await running;
        assert.ok(monotonicMs() - asked < 10_000);
      } finally {
        await server.start();
      }
    });
  });

  test(`${version}: a slot that another reader moved meanwhile is refused`, async () => {
    await withSlot(server, async (db) => {
      let lost = false;
      const source = slotSource(db.target, 's', {
        // Long enough for the other reader.
        reconnect: { attempts: 5, baseMs: 2_000, maxMs: 2_000, failFast: true },
        onReconnect: () => {
          lost = true;
        },
      });
      const sink = new Collector();
      const running = source.run(sink, anyScope);
      const end = assert.rejects(running, refused(EXIT.state, /advanced or created again/));
      await waitFor(() => sink.positions.length > 0, { what: 'a position' });
      await terminate(db, 's');
      await waitFor(() => lost, { what: 'the loss' });
      await db.query(insert(1));
      await waitFor(() => allSlotsFree(db), { what: 'the end of the sender' });
      await db.query(`SELECT pg_replication_slot_advance('s', pg_current_wal_lsn())`);
      await end;
      assert.deepEqual(sink.rows, []);
    });
  });

  test(`${version}: a slot that is in use, missing or without publications is refused with the way out`, async () => {
    await withSlot(server, async (db) => {
      await assert.rejects(
        slotSource(db.target, 'none').run(new Collector(), anyScope),
        refused(EXIT.state, /"none"/),
      );
      await assert.rejects(
        slotSource(db.target, 's', { publications: ['none'] }).run(new Collector(), anyScope),
        refused(EXIT.state, /no publication "none"/),
      );
      const other = await WalReceiver.open(db.target, { slot: 's', publications: ['p'] });
      try {
        await assert.rejects(
          slotSource(db.target, 's').start(),
          refused(EXIT.state, /is in use by another consumer/),
        );
      } finally {
        await other.close();
      }
      await db.query(
        'DROP PUBLICATION p; CREATE TABLE u (id int); CREATE PUBLICATION u FOR TABLE u',
      );
      await assert.rejects(
        slotSource(db.target, 's').run(new Collector(), anyScope),
        refused(EXIT.state, /no publication .* has tables of the hospital/),
      );
    });
  });

  test(`${version}: a slot of another plugin, or a physical one, is refused before anything else is checked`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(
        `SELECT pg_create_logical_replication_slot('w', 'test_decoding'),
                pg_create_physical_replication_slot('ph')`,
      );
      try {
        // There is no publication, either.
        await assert.rejects(
          slotSource(db.target, 'w').start(),
          refused(EXIT.state, /"w" .* decodes with test_decoding, and only pgoutput can be read/),
        );
        await assert.rejects(
          slotSource(db.target, 'ph').start(),
          refused(EXIT.state, /"ph" .* is physical, .* name a logical slot/),
        );
      } finally {
        await db.query(
          `SELECT pg_drop_replication_slot(name) FROM unnest('{w,ph}'::name[]) AS name`,
        );
      }
    });
  });

  test(`${version}: --create-slot begins now, and leaves nothing behind`, async () => {
    await withSlot(server, async (db) => {
      const there = refused(EXIT.state, /already has a replication slot "s"/);
      await assert.rejects(slotSource(db.target, 's', { create: true }).start(), there);
      assert.deepEqual(await publicationsOf(db), ['p']);
      await db.query('DROP PUBLICATION p');
      await db.query(insert(1));
      const source = slotSource(db.target, 'mine', { create: true });
      const started = await source.start();
      const from = started?.from ?? 0;
      assert.deepEqual(await slotsOf(db), [{ name: 'mine', active: true, temporary: true }]);
      const sink = await collecting(source, async (s) => {
        await db.query(insert(2));
        await db.query(`UPDATE medicos SET nome = 'd'`);
        await db.query('TRUNCATE exames');
        await caughtUp(db, s);
        // Another process with the same name takes nothing over.
        const late = slotSource(db.target, 'mine', { create: true });
        await assert.rejects(
          late.run(new Collector(), anyScope),
          refused(EXIT.state, /already has a replication slot "mine"/),
        );
        assert.deepEqual(await publicationsOf(db), ['mine']);
        await db.query(insert(3));
        await caughtUp(db, s);
      });
      assert.deepEqual(sink.received, [
        'insert medicos 2',
        'update medicos 1',
        'update medicos 2',
        'insert medicos 3',
      ]);
      assert.ok(from > 0 && from <= (sink.rows[0]?.watermark ?? 0));
      assert.deepEqual(await slotsOf(db), []);
      assert.deepEqual(await publicationsOf(db), []);
    });
  });

  test(`${version}: truncates and messages of the run come in their place`, async () => {
    await withSlot(server, async (db) => {
      const source = slotSource(db.target, 'mine', { create: true, truncates: true });
      await source.start();
      const message = (transactional: boolean, prefix: string, content: string) =>
        `SELECT pg_logical_emit_message(${transactional}, '${prefix}', '${content}')`;
      const sink = await collecting(source, async (s) => {
        await db.query(insert(1));
        await db.query(`BEGIN; TRUNCATE exames, internacoes; ${insert(2)};
          ${message(true, 'oltp-simulator', 'r/1/1')}; ${message(true, 'other', 'x')}; COMMIT`);
        await db.query(message(false, 'oltp-simulator', 'r/1/2'));
        await db.query(`BEGIN; ${message(true, 'oltp-simulator', 'undone')}; ROLLBACK`);
        // The WAL of a message outside of transactions is flushed with the next COMMIT.
        await db.query(insert(3));
        await caughtUp(db, s);
      });
      assert.deepEqual(sink.received, [
        'insert medicos 1',
        'truncate exames',
        'truncate internacoes',
        'insert medicos 2',
        'message r/1/1',
        'ignored message',
        'message r/1/2',
        'insert medicos 3',
      ]);
      assert.equal(sink.rows[1]?.order, 3);
    });
  });

  test(`${version}: however it ends, slot and publication are gone`, async () => {
    await withSlot(server, async (db) => {
      await db.query('DROP PUBLICATION p');
      const gone = async () => {
        assert.deepEqual(await slotsOf(db), []);
        assert.deepEqual(await publicationsOf(db), []);
      };
      const make = () => slotSource(db.target, 'mine', { create: true, reconnect: PATIENT });
      // Never read.
      const unread = make();
      await unread.start();
      await unread.close();
      await gone();
      // Stopped before it was read.
      const stopped = make();
      await stopped.start();
      stopped.stop();
      await stopped.run(new Collector(), anyScope);
      await gone();
      // Stopped before it began.
      const unbegun = make();
      unbegun.stop();
      await unbegun.run(new Collector(), anyScope);
      await gone();
      // A sink that breaks.
      const broken = make();
      const sink = new Collector();
      sink.ready = () => Promise.reject(new Error('broken'));
      const breaking = assert.rejects(broken.run(sink, anyScope), /broken/);
      await waitFor(async () => (await slotsOf(db))[0]?.active, { what: 'the slot' });
      await db.query(insert(1));
      await breaking;
      await gone();
      // Its connection is lost.
      const cut = make();
      const losing = assert.rejects(
        cut.run(new Collector(), anyScope),
        refused(EXIT.unreachable, /temporary replication slot "mine" was lost/),
      );
      await waitFor(async () => (await slotsOf(db))[0]?.active, { what: 'the slot' });
      await terminate(db, 'mine');
      await losing;
      await gone();
      // An invalid name.
      const wrong = slotSource(db.target, 'Mine!', { create: true });
      await assert.rejects(wrong.run(new Collector(), anyScope), refused(EXIT.state, /Mine!/));
      await gone();
      // A slot is made when running transactions have ended; a stop does not wait for them.
      await withConnection(db.target, async (client) => {
        await client.query(`BEGIN; ${insert(99)}`);
        const waiting = make();
        const running = waiting.run(new Collector(), anyScope);
        await waitFor(async () => (await slotsOf(db)).length > 0, { what: 'the slot' });
        waiting.stop();
        await running;
        await waitFor(async () => (await slotsOf(db)).length === 0, { what: 'no slot' });
        assert.deepEqual(await publicationsOf(db), []);
        await client.query('ROLLBACK');
      });
    });
  });

  test(`${version}: a publication is taken over if it is ours, and left alone if not`, async () => {
    await withSlot(server, async (db) => {
      await db.query('DROP PUBLICATION p');
      const tables = HOSPITAL_TABLES.names.join(', ');
      const ours = `COMMENT ON PUBLICATION mine IS 'oltp-simulator --create-slot'`;
      const foreign = [
        // The same, but without our comment.
        `CREATE PUBLICATION mine FOR TABLE ${tables} WITH (publish = 'insert, update, delete')`,
        `CREATE PUBLICATION mine FOR TABLE ${tables}; ${ours}`,
        `CREATE PUBLICATION mine FOR ALL TABLES WITH (publish = 'insert, update, delete'); ${ours}`,
        `CREATE PUBLICATION mine FOR TABLE exames WITH (publish = 'insert, update, delete'); ${ours}`,
      ];
      if (version >= 15) {
        const filtered = tables.replace('exames', 'exames WHERE (id > 5)');
        const listed = tables.replace('exames', 'exames (id, data)');
        for (const some of [filtered, listed, `${tables}, TABLES IN SCHEMA public`]) {
          foreign.push(
            `CREATE PUBLICATION mine FOR TABLE ${some} WITH (publish = 'insert, update, delete'); ${ours}`,
          );
        }
      }
      for (const statement of foreign) {
        await db.query(statement);
        const source = slotSource(db.target, 'mine', { create: true });
        const starting = source.start().finally(() => source.close());
        const there = refused(EXIT.state, /already has a publication "mine"/);
        await assert.rejects(starting, there, statement);
        assert.deepEqual(await publicationsOf(db), ['mine'], statement);
        await db.query('DROP PUBLICATION mine');
      }
      await db.query(`${foreign[0]}; ${ours}`);
      const taking = slotSource(db.target, 'mine', { create: true });
      await taking.start();
      await collecting(taking, async (s) => {
        await db.query(insert(1));
        await caughtUp(db, s);
        assert.equal(s.rows.length, 1);
      });
      assert.deepEqual(await publicationsOf(db), []);
      await db.query('DROP TABLE exames');
      await assert.rejects(
        slotSource(db.target, 'mine', { create: true }).run(new Collector(), anyScope),
        refused(EXIT.state, /missing .*\(exames\)/),
      );
      assert.deepEqual(await publicationsOf(db), []);
    });
  });

  test(`${version}: the end of the WAL is reached soon, with any WAL before it`, async () => {
    await withSlot(server, async (db) => {
      await db.query('CREATE TABLE elsewhere (t text)');
      await collecting(slotSource(db.target, 's'), (s) =>
        withConnection(db.target, async (client) => {
          await client.query('SET synchronous_commit = off');
          for (let i = 0; i < 16; i++) {
            if (i % 3 === 0) await client.query(insert(i));
            else await client.query(`INSERT INTO elsewhere VALUES (repeat('x', ${971 * i}))`);
            const { rows } = await client.query<{ lsn: string }>(
              'SELECT (pg_current_wal_insert_lsn() - $1)::text AS lsn',
              ['0/0'],
            );
            const end = await currentWalLsn(client);
            assert.ok(end >= Number(rows[0]?.lsn) - 40, 'it is before what was committed');
            const asked = monotonicMs();
            await waitFor(() => s.at >= end, { what: 'the end' });
            assert.ok(monotonicMs() - asked < 5_000);
          }
        }),
      );
    });
  });

  test(`${version}: the clock's offset is known with its error`, async () => {
    const { offset, error } = await measureClockOffset(server.target());
    // Both are this machine's clock.
    assert.ok(Math.abs(offset) < 100_000, `${offset} µs`);
    assert.ok(error > 0 && error < 100_000, `${error} µs`);
  });
}
