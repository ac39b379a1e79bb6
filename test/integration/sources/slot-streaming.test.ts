import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { parseLsn } from '../../../src/postgres/lsn.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import type { SlotSource, SlotSourceOptions } from '../../../src/sources/slot/source.js';
import { currentWalLsn } from '../../../src/sources/slot/wal-position.js';
import {
  ADDED_VALUES,
  LAST_DOCTOR,
  playStreamed,
  STREAMED_BEFORE,
  STREAMED_TABLES,
  STREAMING_SERVER,
} from '../../golden/streamed.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { EventList } from '../../helpers/event-list.js';
import { startServers } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import { slotSource } from './collecting.js';
import { allSlotsFree } from './slot-database.js';

const servers = await startServers({ settings: { ...STREAMING_SERVER, max_wal_senders: '20' } });
const SCOPE = scopeOfNames(STREAMED_TABLES);
/** From this version on, pgoutput sends prepared transactions at PREPARE. */
const TWO_PHASE_VERSION = 15;

const insert = (id: number) =>
  `INSERT INTO medicos (id, nome, crm, especialidade) VALUES (${id}, 'm', '${id}', 'e')`;
/** More than the server decodes in memory. */
const inserts = (from: number, count: number) =>
  `INSERT INTO medicos (id, nome, crm, especialidade)
     SELECT i, repeat('n', 90), i, 'e' FROM generate_series(${from}, ${from + count - 1}) i`;

/** A database with the slots: `streamed`, with two_phase, and `plain`. */
async function withSlots(
  server: (typeof servers)[number],
  body: (db: TestDatabase) => Promise<void>,
): Promise<void> {
  await withDatabase(server, async (db) => {
    for (const statement of STREAMED_BEFORE) await db.query(statement);
    for (const [slot, twoPhase] of Object.entries({ streamed: true, plain: false })) {
      await db.query('SELECT pg_create_logical_replication_slot($1, $2, false, $3)', [
        ...[slot, 'pgoutput', twoPhase],
      ]);
    }
    try {
      await body(db);
    } finally {
      for (const { gid } of await db.query<{ gid: string }>(
        'SELECT gid FROM pg_prepared_xacts WHERE database = current_database()',
      )) {
        await db.query(`ROLLBACK PREPARED '${gid}'`);
      }
      await waitFor(() => allSlotsFree(db), { what: 'slots without a reader' });
      await db.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()`,
      );
    }
  });
}

/** Waits until the reader has what is in the WAL now. */
async function reached({ target }: TestDatabase, sink: EventList): Promise<void> {
  const end = await withConnection(target, currentWalLsn);
  await waitFor(() => sink.at >= end, { what: `the position ${end} (at ${sink.at})` });
}

interface Reading {
  readonly source: SlotSource;
  readonly sink: EventList;
}

/** Reads a slot during `body`, then stops. Returns the events; no temporary file may be open afterwards. */
async function reading(
  db: TestDatabase,
  slot: string,
  options: Partial<SlotSourceOptions>,
  body: (reading: Reading) => Promise<void>,
): Promise<EventList['events']> {
  const source = slotSource(db.target, slot, {
    ...{ publications: ['streamed'], tables: STREAMED_TABLES },
    ...options,
  });
  const sink = new EventList(STREAMED_TABLES);
  const running = source.run(sink, SCOPE);
  // Awaited below, after the body.
  running.catch(() => undefined);
  try {
    await Promise.race([body({ source, sink }), running]);
  } finally {
    source.stop();
    await running;
  }
  return sink.events;
}

const readingStreamed = (db: TestDatabase, body: (reading: Reading) => Promise<void>) =>
  reading(db, 'streamed', { streaming: true }, body);

/** The events of an unstreamed reading of all that is in the WAL. */
const plainly = (db: TestDatabase) => reading(db, 'plain', {}, ({ sink }) => reached(db, sink));

function keysOf(events: EventList['events']): unknown[] {
  return events.flatMap((event) => (typeof event !== 'string' && 'key' in event ? event.key : []));
}

async function confirmed(db: TestDatabase): Promise<bigint> {
  const [row] = await db.query<{ lsn: string }>(
    `SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = 'streamed'`,
  );
  return parseLsn(row?.lsn ?? '') ?? -1n;
}

for (const server of servers) {
  const { version } = server;
  const hasTwoPhase = version >= TWO_PHASE_VERSION;

  test(`${version}: a streamed reading equals an unstreamed one, event by event`, () =>
    withSlots(server, async (db) => {
      let parts = 0;
      const events = await readingStreamed(db, async ({ source, sink }) => {
        await playStreamed(db.target, () => reached(db, sink));
        await reached(db, sink);
        parts = source.streamStarts;
      });
      assert.ok(parts > 10, `${parts} Stream Starts`);
      assert.deepEqual(events, await plainly(db));
      assert.equal(keysOf(events).at(-1), LAST_DOCTOR);
      const added = events.flatMap((event) => {
        if (typeof event === 'string' || !('values' in event) || event.table !== 'exames') {
          return [];
        }
        return [[event.key, event.values?.at(-1)]];
      });
      assert.deepEqual(added, ADDED_VALUES);
    }));

  test(`${version}: huge transactions under way at once come out whole, in commit order`, () =>
    withSlots(server, async (db) => {
      const rows = 3_000;
      let parts = 0;
      const options = { streaming: true, unfinishedBytes: 1 << 18 };
      const events = await reading(db, 'streamed', options, async ({ source, sink }) => {
        await withConnection(db.target, (a) =>
          withConnection(db.target, async (b) => {
            await a.query('BEGIN');
            await b.query('BEGIN');
            for (let i = 0; i < 5; i++) {
              const from = 100_000 * (2 * i + 1);
              await a.query(inserts(from, rows));
              await b.query(`SAVEPOINT s; ${inserts(from + 50_000, rows)}`);
              if (i % 2 === 0) await b.query('ROLLBACK TO s');
            }
            await b.query('COMMIT');
            await a.query('COMMIT');
          }),
        );
        await reached(db, sink);
        parts = source.streamStarts;
      });
      assert.ok(parts > 25, `${parts} Stream Starts`);
      assert.equal(events.length, 7 * rows);
      assert.deepEqual(events, await plainly(db));
    }));

  test(`${version}: a reader whose sender is ended in the middle of a transaction misses nothing`, () =>
    withSlots(server, async (db) => {
      const open = readdirSync('/proc/self/fd').length;
      const lost: unknown[] = [];
      const options = { streaming: true, onReconnect: (error: unknown) => void lost.push(error) };
      const events = await reading(db, 'streamed', options, ({ source, sink }) =>
        withConnection(db.target, async (a) => {
          for (let round = 0; round < 3; round++) {
            const before = source.streamStarts;
            await a.query(`BEGIN; ${inserts(1000 * round + 1, 400)}; SAVEPOINT s`);
            await a.query(`${inserts(1000 * round + 401, 400)}; ROLLBACK TO s`);
            await db.query(insert(-round - 1));
            await reached(db, sink);
            assert.ok(source.streamStarts > before, 'no Stream Start');
            await db.query(
              `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 'streamed'`,
            );
            await waitFor(() => lost.length > round, { what: 'the loss' });
            await a.query(`${inserts(1000 * round + 801, 10)}; COMMIT`);
            await reached(db, sink);
          }
        }),
      );
      const plain = await plainly(db);
      const keys = keysOf(events);
      const firsts = events.filter((_, i) => keys.indexOf(keys[i]) === i);
      const atPlace = (event: (typeof events)[number]) =>
        typeof event === 'string' ? event : { ...event, position: 0 };
      assert.deepEqual(firsts.map(atPlace), plain.map(atPlace));
      assert.equal(plain.length, 3 * 411);
      assert.equal(readdirSync('/proc/self/fd').length, open);
    }));

  test(`${version}: a stop in the middle of a transaction delivers nothing of it, and the next reader all`, () =>
    withSlots(server, async (db) => {
      await withConnection(db.target, async (a) => {
        const first = await readingStreamed(db, async ({ source, sink }) => {
          await a.query(`BEGIN; ${inserts(1, 2_000)}`);
          await db.query(insert(-1));
          await reached(db, sink);
          assert.ok(source.streamStarts > 0, 'no Stream Start');
        });
        assert.deepEqual(keysOf(first), [-1]);
        const second = await readingStreamed(db, async ({ sink }) => {
          await a.query('COMMIT');
          await reached(db, sink);
        });
        assert.deepEqual(
          keysOf(second).filter((key) => key !== -1),
          [...Array(2_000).keys()].map((i) => i + 1),
        );
      });
    }));

  test(`${version}: a transaction that is prepared before a restart of the reader, and committed after it, is delivered`, () =>
    withSlots(server, async (db) => {
      const prepared = await withConnection(db.target, currentWalLsn);
      const first = await readingStreamed(db, async ({ sink }) => {
        await db.query(`BEGIN; ${insert(1)}; PREPARE TRANSACTION 'small'`);
        await db.query(`BEGIN; ${inserts(10, 500)}; PREPARE TRANSACTION 'large'`);
        await db.query(`BEGIN; ${insert(2)}; PREPARE TRANSACTION 'undone'`);
        await db.query(insert(3));
        await reached(db, sink);
      });
      assert.deepEqual(keysOf(first), [3]);
      if (hasTwoPhase) {
        const position = await confirmed(db);
        assert.ok(position <= BigInt(prepared) + 1000n, 'a PREPARE was acknowledged');
      }
      const second = await readingStreamed(db, async ({ sink }) => {
        await db.query(`COMMIT PREPARED 'large'`);
        await db.query(`ROLLBACK PREPARED 'undone'`);
        await db.query(insert(4));
        await db.query(`COMMIT PREPARED 'small'`);
        await reached(db, sink);
      });
      const large = [...Array(500).keys()].map((i) => i + 10);
      assert.deepEqual(
        keysOf(second).filter((key) => key !== 3),
        [...large, 4, 1],
      );
      const plain = await plainly(db);
      const of = (events: typeof plain, key: number) => {
        const event = events.find(
          (one) => typeof one !== 'string' && 'key' in one && one.key === key,
        );
        return { ...(event as object), position: 0 };
      };
      for (const key of [1, 4, 10, 509]) assert.deepEqual(of(second, key), of(plain, key));
      // With all of them finished, everything is acknowledged.
      const end = BigInt(await withConnection(db.target, currentWalLsn));
      await readingStreamed(db, ({ sink }) => reached(db, sink));
      assert.ok((await confirmed(db)) >= end);
    }));

  if (hasTwoPhase) {
    test(`${version}: a transaction whose changes went to another reader at PREPARE is named`, () =>
      withSlots(server, async (db) => {
        await db.query(`BEGIN; ${insert(1)}; PREPARE TRANSACTION 'theirs'`);
        await db.query(
          `SELECT pg_replication_slot_advance('streamed', pg_current_wal_insert_lsn())`,
        );
        await db.query(`COMMIT PREPARED 'theirs'`);
        await assert.rejects(
          reading(db, 'streamed', {}, ({ sink }) => reached(db, sink)),
          (error) =>
            error instanceof OperatorError &&
            error.exitCode === EXIT.state &&
            /COMMIT PREPARED of "theirs" without its changes/.test(error.message),
        );
      }));
  }
}
