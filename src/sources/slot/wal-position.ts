import { monotonicMs, sleep } from '../../lib/clock.js';
import type { Client } from '../../postgres/driver.js';
import { parseLsn } from '../../postgres/lsn.js';

/** The WAL writer flushes an asynchronous commit within three rounds of `wal_writer_delay`. */
const ROUNDS = 4;
const POLL_MS = 5;
/** Bytes of the header of a page of the WAL, and of a file's first page. */
const PAGE_HEADER = 24n;
const FILE_HEADER = 40n;

/**
 * A WAL position, in bytes, after every transaction whose COMMIT was answered before the call, also with
 * `synchronous_commit` off, and which the reader of a slot reaches. Waits for the WAL writer if it must.
 */
export async function currentWalLsn(client: Client): Promise<number> {
  const { inserted, delayMs } = await walPositions(client);
  const end = monotonicMs() + ROUNDS * delayMs;
  for (;;) {
    const { flushed } = await walPositions(client);
    if (flushed >= inserted) return Number(inserted);
    // The rest belongs to open transactions, and is not flushed soon.
    if (monotonicMs() > end) return Number(flushed);
    await sleep(POLL_MS);
  }
}

async function walPositions(client: Client) {
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

/** The end of the last record: the server reports the start of the next one, which skips a page's header. */
function endOf(next: bigint, { page, file }: Sizes): bigint {
  if (next % BigInt(file) === FILE_HEADER) return next - FILE_HEADER;
  return next % BigInt(page) === PAGE_HEADER ? next - PAGE_HEADER : next;
}

function lsnOf(text: string): bigint {
  const lsn = parseLsn(text);
  if (lsn === null) throw new Error(`the server says ${JSON.stringify(text)} for an LSN`);
  return lsn;
}
