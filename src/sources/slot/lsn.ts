import { monotonicMs, sleep } from '../../lib/clock.js';
import type { Client } from '../../postgres/driver.js';

/** Two hexadecimal numbers of 32 bits each, as the server writes them: `16/B374D848`. */
const LSN = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i;

const HALF_BITS = 32n;
const HALF = 0xffff_ffffn;
/** Positions are unsigned numbers of 64 bits. */
const END = 1n << 64n;

/** `16/B374D848` → 97500059720n; null when the text is no LSN. */
export function parseLsn(text: string): bigint | null {
  const match = LSN.exec(text);
  if (match === null) return null;
  return (BigInt(`0x${match[1]}`) << HALF_BITS) | BigInt(`0x${match[2]}`);
}

/** 97500059720n → `16/B374D848`, as PostgreSQL writes it. Throws a RangeError on what is no LSN. */
export function formatLsn(lsn: bigint): string {
  if (lsn < 0n || lsn >= END) throw new RangeError(`${lsn} is no LSN`);
  const half = (value: bigint) => value.toString(16).toUpperCase();
  return `${half(lsn >> HALF_BITS)}/${half(lsn & HALF)}`;
}

/** The WAL writer flushes a commit that nobody waits for within three of its rounds. */
const ROUNDS = 4;
const POLL_MS = 5;
/** What a page of the WAL begins with; the first page of a file has more. */
const PAGE_HEADER = 24n;
const FILE_HEADER = 40n;

/**
 * A position, in bytes, behind every transaction whose commit was answered before the call, also with
 * `synchronous_commit` off, and which the reader of a slot gets to. Waits for the WAL writer where it must.
 */
export async function currentWalLsn(client: Client): Promise<number> {
  const { inserted, delayMs } = await look(client);
  const end = monotonicMs() + ROUNDS * delayMs;
  for (;;) {
    const { flushed } = await look(client);
    if (flushed >= inserted) return Number(inserted);
    // What is left are rows of transactions that are open still: nobody flushes them.
    if (monotonicMs() > end) return Number(flushed);
    await sleep(POLL_MS);
  }
}

async function look(client: Client) {
  const { rows } = await client.query<Record<'inserted' | 'flushed', string> & Sizes>(
    `SELECT pg_current_wal_insert_lsn()::text AS inserted, pg_current_wal_flush_lsn()::text AS flushed,
            (SELECT setting::int FROM pg_settings WHERE name = 'wal_writer_delay') AS delay,
            current_setting('wal_block_size') AS page, pg_size_bytes(current_setting('wal_segment_size')) AS file`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('no row of the WAL');
  const inserted = endOf(lsnOf(row.inserted), row);
  return { inserted, flushed: lsnOf(row.flushed), delayMs: row.delay };
}

interface Sizes {
  /** Milliseconds. */
  readonly delay: number;
  /** Bytes, as text. */
  readonly page: string;
  readonly file: string;
}

/** The end of the last record, where the server says where the next one begins: behind a page's header. */
function endOf(next: bigint, { page, file }: Sizes): bigint {
  if (next % BigInt(file) === FILE_HEADER) return next - FILE_HEADER;
  return next % BigInt(page) === PAGE_HEADER ? next - PAGE_HEADER : next;
}

function lsnOf(text: string): bigint {
  const lsn = parseLsn(text);
  if (lsn === null) throw new Error(`the server says ${JSON.stringify(text)} for an LSN`);
  return lsn;
}
