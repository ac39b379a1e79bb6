import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import { monotonicMs, sleep } from '../lib/clock.js';
import { readTableOids, type TableOids } from '../postgres/table-oids.js';
import type { Tables } from '../schema/tables.js';

/*
 * Advisory locks: they end with the session that holds them, also if it is killed. Their keys
 * are words in ASCII.
 */

/** Held by the one seed of a database: 'seed'. */
const SEED_LOCK = 0x73656564;
/** Shared by the sessions that write its rows: 'copy'. */
const COPY_LOCK = 0x636f7079;
/** First half of a key, shared by the sessions of streams: 'strm'. The second half is a table's number. */
const STREAM_LOCK = 0x7374726d;

/** The session of a seed that was killed ends within this. */
const LAST_MOMENT_MS = 2_000;
/** A chunk that was sent whole is committed within this, also on a busy server. */
const LEFTOVERS_MS = 60_000;
const POLL_MS = 50;

/**
 * Makes this session the one that seeds its database. The server may still be taking in chunks of a seed that was
 * killed: waits for them, since the missing rows cannot be counted before. Throws an `OperatorError` when another seed
 * is under way.
 */
export async function lockSeed(client: Client): Promise<void> {
  const alone =
    (await lockWithin(client, SEED_LOCK, LAST_MOMENT_MS)) &&
    (await lockWithin(client, COPY_LOCK, LEFTOVERS_MS));
  if (!alone) throw new OperatorError(EXIT.state, (m) => m.seed.alreadyRunning());
  await client.query('SELECT pg_advisory_unlock($1)', [COPY_LOCK]);
}

/** Marks a session as one that writes rows of a seed. */
export async function joinSeed(client: Client): Promise<void> {
  await client.query('SELECT pg_advisory_lock_shared($1)', [COPY_LOCK]);
}

/**
 * Marks a session as one of a stream that writes these tables. False while they are rebuilt: by a reset, or
 * by a seed that has their indexes off.
 */
export function joinStream(client: Client, tables: TableOids): Promise<boolean> {
  const lock = 'SELECT pg_try_advisory_lock_shared($1, $2) AS locked';
  return tryWithin(client, lock, [STREAM_LOCK, keyOf(tables)], LAST_MOMENT_MS);
}

/** Keeps streams off the tables until the session ends; false when a stream writes them. */
export function lockTables(client: Client, tables: TableOids): Promise<boolean> {
  const lock = 'SELECT pg_try_advisory_lock($1, $2) AS locked';
  return tryWithin(client, lock, [STREAM_LOCK, keyOf(tables)], LAST_MOMENT_MS);
}

/** Like `lockTables`, but throws an `OperatorError` that names the sessions of the stream. */
export async function requireNoStream(client: Client, tables: Tables): Promise<void> {
  const oids = await readTableOids(client, tables);
  if (await lockTables(client, oids)) return;
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid::bigint = $1 AND objid::bigint = $2 AND objsubid = 2 ORDER BY pid`,
    [STREAM_LOCK, keyOf(oids) >>> 0],
  );
  const pids = rows.map(({ pid }) => pid);
  throw new OperatorError(EXIT.state, (m) => m.seed.streamUnderWay({ pids }));
}

/** The first table's OID as a signed integer of 32 bits, the type of a lock's half key; 0 without a table. */
function keyOf([first]: TableOids): number {
  return Number(first ?? 0) | 0;
}

/** Takes a lock; false if it was not free in time. */
function lockWithin(client: Client, key: number, patienceMs: number): Promise<boolean> {
  return tryWithin(client, 'SELECT pg_try_advisory_lock($1) AS locked', [key], patienceMs);
}

async function tryWithin(
  client: Client,
  lock: string,
  key: readonly number[],
  patienceMs: number,
): Promise<boolean> {
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(lock, [...key]);
    if (rows[0]?.locked === true) return true;
    if (monotonicMs() > deadline) return false;
    await sleep(POLL_MS);
  }
}
