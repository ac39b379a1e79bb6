import type { Client } from 'pg';
import { exchange } from '../src/postgres/packet.js';
import { BEGIN, COMMIT } from '../src/postgres/statements.js';
import { MOST_PENDING, type Tally, type WrittenRows } from '../src/threads/tally.js';
import type { Batch } from './batch.js';
import { type BatchOutcome, BatchResult } from './batch-result.js';
import { statementOf } from './writes.js';

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
  return batches.map(({ spec, now, writes }) => {
    const result = new BatchResult(spec, now);
    for (const write of writes) result.trust(write);
    return result.outcome();
  });
}

/**
 * Sends exact batches, a transaction each with its COMMIT, in one go. They are entered in the tally
 * before, and settled there as far as they were answered; those after a failure are left pending.
 */
export async function sendBurst(
  client: Client,
  tally: Tally,
  batches: readonly Batch[],
  outcomes: readonly BatchOutcome[],
): Promise<BurstResult> {
  for (const { pending, rows, events } of outcomes) {
    if (pending === null) throw new Error('a batch without a row to know it by');
    tally.intend(pending, rows, events);
  }
  const transactions = batches.map(({ writes }) => [
    BEGIN,
    ...writes.map((write) => statementOf(write, 'exact')),
    COMMIT,
  ]);
  const { answers, error } = await exchange(client, transactions.flat());
  const committed: BatchOutcome[] = [];
  let answered = 0;
  for (const [i, { writes }] of batches.entries()) {
    const first = answered;
    answered += transactions[i]?.length ?? 0;
    let outcome = outcomes[i];
    if (outcome === undefined || answered > answers.length) break;
    for (const [j, { table, operation, rows }] of writes.entries()) {
      const count = answers[first + 1 + j]?.count ?? 0;
      // Updates and deletes of fewer rows than asked for fail.
      if (operation !== 'insert' || count === rows.length) continue;
      tally.amend({ table, operation, count });
      outcome = without(outcome, { table, operation, count });
    }
    tally.settle('committed');
    committed.push(outcome);
  }
  return { committed, error };
}

/** An outcome whose rows of one kind are fewer than foreseen: which ones is not known. */
function without(outcome: BatchOutcome, written: WrittenRows): BatchOutcome {
  const isIt = ({ table, operation }: WrittenRows) =>
    table === written.table && operation === written.operation;
  const rows = outcome.rows.map((foreseen) => (isIt(foreseen) ? written : foreseen));
  return { ...outcome, rows, born: [], candidates: [], whole: false };
}
