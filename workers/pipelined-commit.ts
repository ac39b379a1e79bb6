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
import { idOf, type Row, type TableName } from '../src/schema/table.js';
import type { Batch } from './batch.js';
import { type BatchOutcome, BatchResult } from './batch-result.js';
import type { CommittedTransaction, TransactionJournal } from './transaction-journal.js';
import { statementOf, type Write } from './writes.js';

/**
 * Events sent in one go, at most, where several batches are due: so many that a round trip costs little
 * beside the work, and so few that the answer takes milliseconds.
 */
const PIPELINE_EVENTS = 200;

/** How many batches of this size are sent in one go, where all of them are due. */
export function pipelineDepth(batchSize: number): number {
  return Math.min(Math.max(Math.floor(PIPELINE_EVENTS / batchSize), 1), MOST_PENDING);
}

/** The outcome of batches that were sent in one go. */
export interface PipelineResult {
  /** Outcomes of the batches whose COMMIT was answered: the first ones. */
  readonly committed: readonly BatchOutcome[];
  /** The error of the batch after these; null where every batch went through. */
  readonly error: unknown;
}

/** The outcomes of exact batches, known before they are sent. */
export function expectedOutcomes(
  batches: readonly Pick<Batch, 'spec' | 'writes'>[],
): BatchOutcome[] {
  return batches.map(({ spec, writes }) => {
    const result = new BatchResult(spec);
    for (const write of writes) result.addExpected(write);
    return result.outcome();
  });
}

/**
 * Sends exact batches in one go, a transaction each with its COMMIT. They are entered in the journal
 * before, and closed there as far as the server answered; those after a failure stay pending.
 */
export async function sendPipelined(
  client: Client,
  journal: TransactionJournal,
  batches: readonly Batch[],
  outcomes: readonly BatchOutcome[],
): Promise<PipelineResult> {
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
        // The session is inside the transaction that failed, which answers no query.
        if (error !== null) await client.query('ROLLBACK');
        dropped = await findDropped(client, writes, own);
      }
      const [xid = null, lsn = null] = journal.detailed ? (own.at(-2)?.fields ?? []) : [];
      answered.push({ xid, lsn, dropped });
      committed.push(dropped.length === 0 ? outcome : without(outcome, dropped));
    }
  } catch (lost) {
    // The dropped rows stay unknown: the answered COMMITs are treated like those without an answer.
    return { committed, error: new Error(`Connection terminated: ${(lost as Error).message}`) };
  } finally {
    journal.commit(answered);
  }
  return { committed, error };
}

const NONE: readonly Change[] = [];

/** Whether an insert wrote fewer rows than it was given; other writes fail then. `answers`: BEGIN's first. */
function isShort(writes: readonly Write[], answers: readonly Answer[]): boolean {
  return writes.some(
    ({ operation, rows }, i) => operation === 'insert' && answers[i + 1]?.count !== rows.length,
  );
}

/** Rows that inserts did not write: something on the server dropped them. */
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
    const isMissing = (row: Row) => missing.has(idOf(row));
    dropped.push({ table: table.name, operation, rows: rows.filter(isMissing) });
  }
  return dropped;
}

/** An outcome without the rows that were dropped. */
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
