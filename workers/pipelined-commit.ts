import type { Client } from 'pg';
import type { Change } from '../src/ledger/writer.js';
import {
  type Answer,
  PACKETS_IN_FLIGHT,
  type Reply,
  send,
  sendUnchecked,
} from '../src/postgres/packet.js';
import { MOST_PENDING } from '../src/postgres/pending.js';
import {
  BEGIN,
  COMMIT,
  missingIds,
  NAME_TRANSACTION,
  parseNumbers,
} from '../src/postgres/statements.js';
import type { Statement } from '../src/postgres/wire.js';
import { idOf, type Row, type TableName } from '../src/schema/table.js';
import type { Batch } from './batch.js';
import { type BatchOutcome, BatchResult } from './batch-result.js';
import type { CommittedTransaction, TransactionJournal } from './transaction-journal.js';
import { statementOf, type Write } from './writes.js';

/**
 * Events of a packet, at most, where several batches are due: so many that a round trip costs little beside the work,
 * and so few that the answer takes milliseconds.
 */
const PACKET_EVENTS = 200;
/** Transactions of a packet, at most. */
const PACKET_TRANSACTIONS = MOST_PENDING / PACKETS_IN_FLIGHT;

/** How many batches of this size go in one packet, where all of them are due. */
export function packetDepth(batchSize: number): number {
  return Math.min(Math.max(Math.floor(PACKET_EVENTS / batchSize), 1), PACKET_TRANSACTIONS);
}

/** A packet of exact batches, a transaction each with its COMMIT. */
export interface SentPacket {
  readonly batches: readonly Batch[];
  readonly outcomes: readonly BatchOutcome[];
  /** Statements of each of its transactions. */
  readonly lengths: readonly number[];
  readonly reply: Promise<Reply>;
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

/** Sends exact batches in one packet, a transaction each with its COMMIT. They are entered in the journal before. */
export function sendPipelined(
  client: Client,
  journal: TransactionJournal,
  batches: readonly Batch[],
  outcomes: readonly BatchOutcome[],
): SentPacket {
  journal.intend(outcomes);
  const statements: Statement[] = [];
  const lengths = batches.map(({ writes }) => {
    const before = statements.length;
    statements.push(BEGIN);
    for (const write of writes) statements.push(statementOf(write, 'exact'));
    if (journal.detailed) statements.push(NAME_TRANSACTION);
    statements.push(COMMIT);
    return statements.length - before;
  });
  return { batches, outcomes, lengths, reply: sendUnchecked(client, statements) };
}

/**
 * Waits for the answer to the first packet in flight, and closes its transactions in the journal as far as the server
 * answered; those after a failure stay pending. Where it failed, or where rows were dropped, it waits for the packets
 * after it, too: then the connection is free.
 *
 * @param later the packets that were sent after it
 */
export async function answerOf(
  client: Client,
  journal: TransactionJournal,
  { batches, outcomes, lengths, reply }: SentPacket,
  later: readonly SentPacket[],
): Promise<PipelineResult> {
  const { answers, error } = await reply;
  const free = async () => {
    const replies = await Promise.all(later.map((packet) => packet.reply));
    return error === null && replies.every((other) => other.error === null);
  };
  const committed: BatchOutcome[] = [];
  const answered: CommittedTransaction[] = [];
  let at = 0;
  try {
    for (const [i, { writes }] of batches.entries()) {
      const length = lengths[i]!;
      if (at + length > answers.length) break;
      let dropped = NONE;
      if (isShort(writes, answers, at)) {
        // A session inside a transaction that failed answers no query.
        if (!(await free())) await client.query('ROLLBACK');
        dropped = await findDropped(client, writes, answers, at);
      }
      const name = journal.detailed ? answers[at + length - 2]!.fields : NONE_NAMED;
      answered.push({ xid: name[0] ?? null, lsn: name[1] ?? null, dropped });
      const outcome = outcomes[i]!;
      committed.push(dropped.length === 0 ? outcome : without(outcome, dropped));
      at += length;
    }
    if (error !== null) await free();
  } catch (lost) {
    // The dropped rows stay unknown: the answered COMMITs are treated like those without an answer.
    return { committed, error: new Error(`Connection terminated: ${(lost as Error).message}`) };
  } finally {
    journal.commit(answered);
  }
  return { committed, error };
}

const NONE_NAMED: Answer['fields'] = [];
const NONE: readonly Change[] = [];

/** Whether an insert wrote fewer rows than it was given; other writes fail then. `at`: the answer to BEGIN. */
function isShort(writes: readonly Write[], answers: readonly Answer[], at: number): boolean {
  return writes.some(
    ({ operation, rows }, i) =>
      operation === 'insert' && answers[at + 1 + i]?.count !== rows.length,
  );
}

/** Rows that inserts did not write: something on the server dropped them. */
async function findDropped(
  client: Client,
  writes: readonly Write[],
  answers: readonly Answer[],
  at: number,
): Promise<Change[]> {
  const dropped: Change[] = [];
  for (const [i, { table, operation, rows }] of writes.entries()) {
    if (operation !== 'insert' || answers[at + 1 + i]?.count === rows.length) continue;
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
