import type { Client } from 'pg';
import type { Change } from '../src/ledger/writer.js';
import { type Answer, send, sendUnchecked } from '../src/postgres/packet.js';
import { MOST_PENDING } from '../src/postgres/pending.js';
import {
  BEGIN,
  COMMIT,
  missingIds,
  NAME_TRANSACTION,
  parseNumbers,
} from '../src/postgres/statements.js';
import { idOf, type TableName } from '../src/schemas/hospital/tables.js';
import type { Batch } from './batch.js';
import { type BatchOutcome, BatchResult } from './batch-result.js';
import type { CommittedTransaction, TransactionJournal } from './transaction-journal.js';
import { statementOf, type Write } from './writes.js';

/**
 * Events sent in one go, at most, where more than one batch is due at a time: enough that what a
 * round trip costs either side is little beside the work, little enough that an answer takes
 * milliseconds.
 */
const BURST_EVENTS = 200;

/** How many batches of this size are sent in one go, when all of them are due. */
export function burstOf(batchSize: number): number {
  return Math.min(Math.max(Math.floor(BURST_EVENTS / batchSize), 1), MOST_PENDING);
}

/** What became of a burst. */
export interface BurstResult {
  /** Of the batches that were committed for sure: the first ones. */
  readonly committed: readonly BatchOutcome[];
  /** What failed at the batch after these; null when nothing did. */
  readonly error: unknown;
}

/** What exact batches come to when they are committed. */
export function foresee(batches: readonly Batch[]): BatchOutcome[] {
  return batches.map(({ spec, writes }) => {
    const result = new BatchResult(spec);
    for (const write of writes) result.trust(write);
    return result.outcome();
  });
}

/**
 * Sends exact batches, a transaction each with its COMMIT, in one go. They are entered in the journal
 * before, and closed there as far as they were answered; those after a failure are left pending.
 */
export async function sendBurst(
  client: Client,
  journal: TransactionJournal,
  batches: readonly Batch[],
  outcomes: readonly BatchOutcome[],
): Promise<BurstResult> {
  journal.intend(outcomes);
  const closing = journal.detailed ? [NAME_TRANSACTION, COMMIT] : [COMMIT];
  const transactions = batches.map(({ writes }) => [
    BEGIN,
    ...writes.map((write) => statementOf(write, 'exact')),
    ...closing,
  ]);
  const { answers, error } = await sendUnchecked(client, transactions.flat());
  const committed: BatchOutcome[] = [];
  const answered: CommittedTransaction[] = [];
  let at = 0;
  try {
    for (const [i, { writes }] of batches.entries()) {
      const own = answers.slice(at, at + (transactions[i]?.length ?? 0));
      at += own.length;
      const outcome = outcomes[i];
      if (outcome === undefined || own.length < (transactions[i]?.length ?? 0)) break;
      let dropped = NONE;
      if (isShort(writes, own)) {
        // The session is inside the transaction that failed, where nothing can be asked.
        if (error !== null) await client.query('ROLLBACK');
        dropped = await findDropped(client, writes, own);
      }
      const [xid = null, lsn = null] = journal.detailed ? (own.at(-2)?.fields ?? []) : [];
      answered.push({ xid, lsn, dropped });
      committed.push(dropped.length === 0 ? outcome : without(outcome, dropped));
    }
  } catch (lost) {
    // What was dropped can't be asked for: the COMMITs that were answered are treated as those that were not.
    return { committed, error: new Error(`Connection terminated: ${(lost as Error).message}`) };
  } finally {
    journal.commit(answered);
  }
  return { committed, error };
}

const NONE: readonly Change[] = [];

/** Whether an insert wrote fewer rows than it was given; what else is short fails. `answers`: BEGIN's first. */
function isShort(writes: readonly Write[], answers: readonly Answer[]): boolean {
  return writes.some(
    ({ operation, rows }, i) => operation === 'insert' && answers[i + 1]?.count !== rows.length,
  );
}

/** Rows that an insert did not write: something on the server lets them fall. */
async function findDropped(
  client: Client,
  writes: readonly Write[],
  answers: readonly Answer[],
): Promise<Change[]> {
  const dropped: Change[] = [];
  for (const [i, { table, operation, rows }] of writes.entries()) {
    if (operation !== 'insert' || answers[i + 1]?.count === rows.length) continue;
    const [found] = await send(client, [missingIds(table, rows.map(idOf))]);
    const missing = new Set(parseNumbers(found?.fields[0] ?? null));
    dropped.push({ table, operation, rows: rows.filter((row) => missing.has(idOf(row))) });
  }
  return dropped;
}

/** An outcome without some rows of what was foreseen. */
function without(outcome: BatchOutcome, dropped: readonly Change[]): BatchOutcome {
  const ids = (table: TableName) =>
    new Set(
      dropped.filter((change) => change.table === table).flatMap(({ rows }) => rows.map(idOf)),
    );
  const rows = outcome.rows.map((written) => {
    if (written.operation !== 'insert') return written;
    return { ...written, count: written.count - ids(written.table).size };
  });
  const changes = outcome.changes.map((change) => {
    if (change.operation !== 'insert') return change;
    const gone = ids(change.table);
    return { ...change, rows: change.rows.filter((row) => !gone.has(idOf(row))) };
  });
  return { ...outcome, rows, changes, candidates: [], whole: false };
}
