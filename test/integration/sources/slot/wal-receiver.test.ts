import '../../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EXIT, OperatorError } from '../../../../src/errors.js';
import { withConnection } from '../../../../src/postgres/connect.js';
import { parseLsn } from '../../../../src/postgres/lsn.js';
import { UNCHANGED } from '../../../../src/sources/slot/pgoutput.js';
import type { WalReceiver } from '../../../../src/sources/slot/wal-receiver.js';
import { type TestDatabase, withDatabase } from '../../../helpers/database.js';
import { startServers } from '../../../helpers/server.js';
import { waitFor } from '../../../helpers/wait-for.js';
import {
  type Change,
  newStatuses,
  nextTransaction,
  nextTransactions,
  openSlot,
  PUBLICATION_NAME,
  type Transaction,
} from './receiving.js';

/** Short, so that a test may outlast it: the receiver sends four statuses in that time. */
const SENDER_TIMEOUT_MS = 2_000;
/** Bytes on top of a queue's limit: those of one read of a socket, and of the entries themselves. */
const OVERSHOOT_BYTES = 256 << 10;

const servers = await startServers({
  settings: {
    wal_level: 'logical',
    max_replication_slots: '40',
    wal_sender_timeout: `${SENDER_TIMEOUT_MS}ms`,
  },
});

/** A table that is published, one that is not, and a slot `s`. */
async function withSlot(
  server: (typeof servers)[number],
  body: (db: TestDatabase) => Promise<void>,
): Promise<void> {
  await withDatabase(
    server,
    async (db) => {
      await db.query(`CREATE TABLE t (id bigint PRIMARY KEY, nome text, doc text)`);
      await db.query('ALTER TABLE t ALTER doc SET STORAGE EXTERNAL');
      await db.query('CREATE TABLE u (a int, b int, c text, PRIMARY KEY (b))');
      await db.query('ALTER TABLE u REPLICA IDENTITY FULL');
      await db.query('CREATE TABLE hidden (id bigint)');
      await db.query(`CREATE PUBLICATION ${PUBLICATION_NAME} FOR TABLE t, u`);
      await makeSlot(db, 's');
      await body(db);
    },
    { empty: true },
  );
}

async function makeSlot(db: TestDatabase, slot: string): Promise<void> {
  await db.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
}

/** Lends a receiver of a slot, and closes it. */
async function reading<T>(
  db: TestDatabase,
  slot: string,
  body: (receiver: WalReceiver) => Promise<T>,
): Promise<T> {
  const receiver = await openSlot(db.target, slot);
  try {
    return await body(receiver);
  } finally {
    await receiver.close();
  }
}

async function confirmed(db: TestDatabase, slot: string): Promise<bigint> {
  const [row] = await db.query<{ lsn: string }>(
    'SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
  return parseLsn(row?.lsn ?? '') ?? 0n;
}

/** Writes transactions, many of which end where the next one's COMMIT begins; returns their keys in commit order. */
async function interleave(db: TestDatabase): Promise<string[]> {
  await withConnection(db.target, (a) =>
    withConnection(db.target, async (b) => {
      for (let i = 0; i < 4; i++) {
        await a.query(`BEGIN; INSERT INTO t VALUES (${3 * i + 1}, 'a')`);
        await b.query(`BEGIN; INSERT INTO t VALUES (${3 * i}, 'b')`);
        await a.query('COMMIT');
        await b.query('COMMIT');
        await a.query(`INSERT INTO t VALUES (${3 * i + 2}, 'c')`);
      }
    }),
  );
  return [1, 0, 2, 4, 3, 5, 7, 6, 8, 10, 9, 11].map(String);
}

function keysOf(transactions: readonly Transaction[]): unknown[] {
  return transactions.map(({ changes }) => changes.map(([, , row]) => row?.[0]).join());
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: everything arrives exactly, in the order of the commits`, async () => {
    await withSlot(server, async (db) => {
      const doc = 'ação'.repeat(5_000);
      const transactions: [sql: string, changes: Change[]][] = [
        [
          `INSERT INTO t VALUES (9007199254740993, NULL, ''), (-9223372036854775808, '', '${doc}')`,
          [
            ['insert', 'public.t', ['9007199254740993', null, ''], null],
            ['insert', 'public.t', ['-9223372036854775808', '', doc], null],
          ],
        ],
        [
          `UPDATE t SET nome = 'não 😀' WHERE id < 0; UPDATE t SET doc = NULL WHERE id > 0`,
          [
            ['update', 'public.t', ['-9223372036854775808', 'não 😀', UNCHANGED], null],
            ['update', 'public.t', ['9007199254740993', null, null], null],
          ],
        ],
        [
          'UPDATE t SET id = 9007199254740992 WHERE id = 9007199254740993',
          [
            [
              'update',
              'public.t',
              ['9007199254740992', null, null],
              { kind: 'key', tuple: ['9007199254740993', null, null] },
            ],
          ],
        ],
        [
          `INSERT INTO u VALUES (NULL, 1, 'x'); UPDATE u SET a = 5; DELETE FROM u`,
          [
            ['insert', 'public.u', [null, '1', 'x'], null],
            ['update', 'public.u', ['5', '1', 'x'], { kind: 'full', tuple: [null, '1', 'x'] }],
            ['delete', 'public.u', null, { kind: 'full', tuple: ['5', '1', 'x'] }],
          ],
        ],
        [
          'DELETE FROM t WHERE id < 0',
          [
            [
              'delete',
              'public.t',
              null,
              { kind: 'key', tuple: ['-9223372036854775808', null, null] },
            ],
          ],
        ],
        ['TRUNCATE t, u', [['truncate', 'public.t,public.u', null, null]]],
        [
          `ALTER TABLE u ADD d timestamptz; INSERT INTO u VALUES (1, 2, 'y', '2026-03-01 12:34:56.789012-03')`,
          [['insert', 'public.u', ['1', '2', 'y', '2026-03-01 15:34:56.789012+00'], null]],
        ],
      ];
      await db.query('INSERT INTO hidden VALUES (1)');
      await withConnection(db.target, async (client) => {
        for (const [sql] of transactions) {
          await client.query('BEGIN; INSERT INTO t VALUES (7); ROLLBACK');
          await client.query(`BEGIN; ${sql}; COMMIT`);
        }
      });
      await reading(db, 's', async (receiver) => {
        for (const [sql, changes] of transactions) {
          assert.deepEqual((await nextTransaction(receiver)).changes, changes, sql);
        }
      });
    });
  });

  test(`${version}: the next reader begins right after the acknowledged transaction`, async () => {
    await withSlot(server, async (db) => {
      const keys = await interleave(db);
      for (let point = 0; point <= keys.length; point++) {
        // Once with all of them delivered, once with only the acknowledged ones.
        for (const delivered of [keys.length, point]) {
          await db.query(`SELECT pg_copy_logical_replication_slot('s', 'copy')`);
          const read = await reading(db, 'copy', async (receiver) => {
            const transactions = await nextTransactions(receiver, delivered);
            const last = transactions[point - 1];
            if (last !== undefined) receiver.acknowledge(last.endLsn);
            // Keepalives arrive with the statuses, and must not count as acknowledgements.
            if (point % 6 === 1) await newStatuses(db, 'copy', 2);
            return transactions;
          });
          assert.deepEqual(keysOf(read), keys.slice(0, delivered));
          if (delivered === keys.length) {
            const touching = read.filter(({ endLsn }, i) => read[i + 1]?.commitLsn === endLsn);
            assert.ok(touching.length > 0, 'no COMMIT begins where another one ends');
          }
          // After the last one only new transactions come.
          const expected = keys.slice(point);
          if (point === keys.length) {
            expected.push(String(1000 + delivered));
            await db.query('DELETE FROM t WHERE id >= 1000');
            await db.query(`INSERT INTO t VALUES (1000 + ${delivered})`);
          }
          const rest = await reading(db, 'copy', (receiver) =>
            nextTransactions(receiver, expected.length),
          );
          assert.deepEqual(keysOf(rest), expected, `after ${point} of ${delivered}`);
          await db.query(`SELECT pg_drop_replication_slot('copy')`);
          if (point === keys.length) break;
        }
      }
    });
  });

  test(`${version}: a reader that was cut off begins after the position that the server knew`, async () => {
    await withSlot(server, async (db) => {
      const keys = await interleave(db);
      for (const [i, key] of keys.entries()) {
        const receiver = await openSlot(db.target, 's');
        try {
          const { changes, endLsn } = await nextTransaction(receiver);
          assert.equal(changes[0]?.[2]?.[0], key);
          receiver.acknowledge(endLsn);
          if (i % 4 !== 0) continue;
          await waitFor(async () => (await confirmed(db, 's')) >= endLsn, { what: 'the status' });
          await terminate(db);
          await assert.rejects(async () => {
            for (;;) await nextTransaction(receiver);
          }, isLost);
        } finally {
          await receiver.close();
        }
      }
    });
  });

  test(`${version}: with nothing in flight the slot follows the WAL, otherwise it stays`, async () => {
    await withSlot(server, async (db) => {
      await reading(db, 's', async (receiver) => {
        await db.query('INSERT INTO t VALUES (1)');
        const { endLsn } = await nextTransaction(receiver);
        const before = await confirmed(db, 's');
        assert.ok(before < endLsn);
        const target = await writeElsewhere(db);
        let position = 0n;
        // Older servers send empty transactions, too.
        let last = endLsn;
        while (position < target) {
          const received = await receiver.next();
          if (received?.tag === 'position') position = received.lsn;
          else if (received?.message.tag === 'commit') last = received.message.endLsn;
        }
        await newStatuses(db, 's', 4);
        assert.ok((await confirmed(db, 's')) < endLsn, 'it went past an open transaction');
        assert.throws(() => receiver.acknowledge(last + 1n), RangeError);
        receiver.acknowledge(last);
        await waitFor(async () => (await confirmed(db, 's')) >= target, { what: 'the slot' });
      });
      // The next reader does not move it back.
      const reached = await confirmed(db, 's');
      await reading(db, 's', () => newStatuses(db, 's', 2));
      assert.ok((await confirmed(db, 's')) >= reached);
    });
  });

  test(`${version}: with a slow consumer memory stays bounded and the connection alive`, async () => {
    await withSlot(server, async (db) => {
      const rows = 20_000;
      const queueBytes = 256 << 10;
      await db.query(
        `INSERT INTO t SELECT i, repeat(i::text, 100), NULL FROM generate_series(1, ${rows}) i`,
      );
      await db.query('INSERT INTO u VALUES (1, 1)');
      const receiver = await openSlot(db.target, 's', queueBytes);
      try {
        let most = 0;
        // Twice the time after which a server gives up a silent reader.
        await newStatuses(db, 's', 8, () => {
          most = Math.max(most, receiver.waitingBytes);
        });
        assert.ok(most > queueBytes, `${most} bytes: the queue was never full`);
        let next = 1;
        for await (const received of receiver) {
          most = Math.max(most, receiver.waitingBytes);
          if (received.tag !== 'change' || received.message.tag !== 'insert') continue;
          const { row } = received.message;
          if (next > rows) break;
          assert.equal(row[0], String(next));
          assert.equal(row[1], String(next).repeat(100));
          next++;
        }
        assert.ok(most < queueBytes + OVERSHOOT_BYTES, `${most} bytes waited`);
      } finally {
        await receiver.close();
      }
    });
  });

  test(`${version}: finish gives the rest of the queue, and no more`, async () => {
    await withSlot(server, async (db) => {
      const rows = 20_000;
      const queueBytes = 64 << 10;
      await db.query(`INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, ${rows}) i`);
      const receiver = await openSlot(db.target, 's', queueBytes);
      try {
        await waitFor(() => receiver.waitingBytes > queueBytes, { what: 'a full queue' });
        receiver.finish();
        const { waitingBytes } = receiver;
        let taken = 0;
        while ((await receiver.next()) !== null) {
          taken++;
          // Lets the socket deliver more, if it still reads.
          await setImmediate();
        }
        assert.ok(taken > 0 && taken * 500 < waitingBytes, `${taken} of ${waitingBytes} bytes`);
        assert.equal(receiver.take(), null);
      } finally {
        await receiver.close();
      }
    });
  });

  test(`${version}: closing amid a big transaction ends at once`, async () => {
    await withSlot(server, async (db) => {
      await db.query(`INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i`);
      await reading(db, 's', (receiver) => receiver.next());
      const receiver = await openSlot(db.target, 's', 0);
      const waiting = receiver.next().then(() => receiver.close());
      await waiting;
      assert.equal(await receiver.next(), null);
      await reading(db, 's', async (again) => {
        assert.equal((await nextTransaction(again)).changes.length, 20_000);
      });
    });
  });

  test(`${version}: closing ends the wait of a consumer`, async () => {
    await withSlot(server, async (db) => {
      const receiver = await openSlot(db.target, 's');
      let received = 0;
      const end = (async () => {
        while ((await receiver.next()) !== null) received++;
      })();
      await waitFor(() => received > 0, { what: 'a position' });
      await Promise.all([receiver.close(), receiver.close()]);
      await end;
    });
  });

  test(`${version}: a slot that cannot be read is refused`, async () => {
    await withSlot(server, async (db) => {
      await assert.rejects(openSlot(db.target, `no "such's`), isRefused(/no ""?such's/));
      await assert.rejects(openSlot({ ...db.target, port: 1 }, 's'), isLost);
      await reading(db, 's', async () => {
        await assert.rejects(openSlot(db.target, 's'), isRefused(/is active/));
      });
      await db.query(`DROP PUBLICATION ${PUBLICATION_NAME}`);
      await assert.rejects(openSlot(db.target, 's'), isRefused(/has no publication "O'Brien/));
    });
  });

  test(`${version}: the end of the server is an error, after the queue was taken`, async () => {
    await withSlot(server, async (db) => {
      await db.query('INSERT INTO t VALUES (1)');
      const receiver = await openSlot(db.target, 's');
      try {
        await waitFor(() => receiver.waitingBytes > 600, { what: 'the transaction' });
        await server.stop('immediate');
        await waitFor(() => receiver.ended, { what: 'the loss' });
        assert.equal((await nextTransaction(receiver)).changes.length, 1);
        await assert.rejects(nextTransaction(receiver), isLost);
      } finally {
        await receiver.close();
        await server.start();
      }
    });
  });

  test(`${version}: a server that is shut down learns the acknowledged position`, async () => {
    await withSlot(server, async (db) => {
      await db.query('INSERT INTO t VALUES (1)');
      const receiver = await openSlot(db.target, 's');
      try {
        const { endLsn } = await nextTransaction(receiver);
        receiver.acknowledge(endLsn);
        const end = assert.rejects(nextTransaction(receiver), isLost);
        await server.stop('fast');
        await end;
      } finally {
        await receiver.close();
        await server.start();
      }
      await db.query('INSERT INTO t VALUES (2)');
      await reading(db, 's', async (again) => {
        // Servers before 17 may forget the last status at a shutdown.
        const [first] = keysOf([await nextTransaction(again)]);
        if (version < 17 && first === '1') await nextTransaction(again);
        else assert.equal(first, '2');
      });
    });
  });
}

/** Writes WAL that is not published; returns a position after it. */
async function writeElsewhere(db: TestDatabase): Promise<bigint> {
  await db.query('INSERT INTO hidden SELECT generate_series(1, 1000)');
  const [row] = await db.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
  return parseLsn(row?.lsn ?? '') ?? 0n;
}

/** Ends the server process that sends the WAL of `s`, and waits until it is gone. */
async function terminate(db: TestDatabase): Promise<void> {
  await db.query(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = 's'`,
  );
  const gone = async () =>
    (await db.query(`SELECT FROM pg_replication_slots WHERE slot_name = 's' AND NOT active`))
      .length > 0;
  await waitFor(gone, { what: 'the end of the sender' });
}

function isLost(error: unknown): boolean {
  return error instanceof OperatorError && error.exitCode === EXIT.unreachable;
}

function isRefused(words: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof OperatorError && error.exitCode === EXIT.state && words.test(error.message);
}
