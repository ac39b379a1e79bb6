import type { Client } from 'pg';
import type { HazardName } from '../../src/hazards/hazards.js';
import type { WorkerIds } from '../../src/ids/worker-ids.js';
import type { MessageRecord, SchemaChangeRecord } from '../../src/ledger/format.js';
import type {
  Change,
  EncodedChange,
  HazardOutcome,
  TransactionName,
} from '../../src/ledger/writer.js';
import type { PreparedEnd } from '../../src/postgres/pending.js';
import type { Returning } from '../../src/run/protocol.js';
import { OPERATIONS } from '../../src/schema/changes.js';
import type { RowMaker } from '../../src/schema/row-maker.js';
import type { Schema } from '../../src/schema/schema.js';
import type { TableName } from '../../src/schema/table.js';
import type { BatchBuilder } from '../batch-builder.js';
import { type AnsweredWrite, type BatchOutcome, BatchResult } from '../batch-result.js';
import { sendWrites } from '../send-writes.js';
import type { Write } from '../writes.js';

/** The means of a hazard to write: a worker's connection, ids and rows. */
export interface HazardTools {
  readonly client: Client;
  readonly schema: Schema;
  readonly returning: Returning;
  readonly ids: WorkerIds;
  readonly builder: BatchBuilder;
  readonly maker: RowMaker;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: number;
}

/**
 * The part of a transaction that hazards write: its changes go into the ledger, and are no events of the load. The
 * transaction is begun and ended by the caller.
 */
export class HazardTransaction {
  readonly tools: HazardTools;
  readonly #names = new Set<HazardName>();
  readonly #result = new BatchResult(null);
  readonly #undone: Change[] = [];
  readonly #encoded: EncodedChange[] = [];
  readonly #ddl: SchemaChangeRecord[] = [];
  readonly #messages: MessageRecord[] = [];
  #truncated: readonly TableName[] = [];
  /** How it ends once it is prepared; null: it is committed at once. */
  prepared: PreparedEnd | null = null;

  constructor(tools: HazardTools) {
    this.tools = tools;
  }

  /** Notes that a hazard has a part in the transaction. */
  note(name: HazardName): void {
    this.#names.add(name);
  }

  /** Whether no hazard has a part in it so far. */
  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  /** Sends writes in one round trip; their rows become changes of the transaction. Returns the answers. */
  async write(writes: readonly Write[]): Promise<AnsweredWrite[]> {
    const answers = await this.send(writes);
    this.add(answers);
    return answers;
  }

  /** Like `write`, and reads the rows back as stored: an update of columns that no event type changes. */
  async writeWhole(writes: readonly Write[]): Promise<AnsweredWrite[]> {
    const names = writes.map(({ table }) => [table.name, OPERATIONS] as const);
    const answers = await this.send(writes, Object.fromEntries(names));
    this.add(answers);
    return answers;
  }

  /** Sends writes in one round trip, whose rows are not yet changes of the transaction: see `add` and `addUndone`. */
  send(
    writes: readonly Write[],
    returning: Returning = this.tools.returning,
  ): Promise<AnsweredWrite[]> {
    const { client, schema } = this.tools;
    return sendWrites(client, schema.tables, writes, { returning, begin: false });
  }

  /** Adds answered writes. */
  add(answers: readonly AnsweredWrite[]): void {
    for (const answered of answers) this.#result.add(answered);
  }

  /** Adds rows that are stored as they were sent. `name`: the transaction's, as of after the write. */
  addAsSent(write: Write, name: TransactionName): void {
    this.#result.addExpected(write, name);
  }

  /** Notes that rows were written in savepoints: their `xmin` may differ from the transaction's xid. */
  noteSubtransactions(): void {
    this.#result.subtransactions = true;
  }

  /** Notes rows that were written, and rolled back with their savepoint. */
  addUndone(answers: readonly AnsweredWrite[]): void {
    const undone = new BatchResult(null);
    for (const answered of answers) undone.add(answered);
    this.#undone.push(...undone.outcome().changes);
  }

  /** Notes rows that were written and encoded, because there are too many to keep. */
  addEncoded(changes: readonly EncodedChange[]): void {
    this.#encoded.push(...changes);
  }

  addSchemaChange(change: SchemaChangeRecord): void {
    this.#ddl.push(change);
  }

  /** A message to be sent once the transaction is in the ledger: last before its end. */
  addMessage(message: MessageRecord): void {
    this.#messages.push(message);
  }

  /** Notes a TRUNCATE of these tables, which must precede the other writes. */
  setTruncated(tables: readonly TableName[]): void {
    this.#truncated = tables;
  }

  /** The outcome: without rows of the load. Of a transaction with no other writes, it must have a witness. */
  outcome(): BatchOutcome {
    const { changes, pending, lsn, subtransactions } = this.#result.outcome();
    return {
      ...{ pending, changes, lsn, subtransactions, rows: [], events: 0, rejections: [] },
      ...{ candidates: [], whole: true, hazards: this.isEmpty ? null : this.#hazards() },
    };
  }

  #hazards(): HazardOutcome {
    return {
      names: [...this.#names],
      ...(this.#undone.length > 0 ? { undone: this.#undone } : {}),
      ...(this.#encoded.length > 0 ? { encoded: this.#encoded } : {}),
      ...(this.#truncated.length > 0 ? { truncated: this.#truncated } : {}),
      ...(this.#ddl.length > 0 ? { ddl: this.#ddl } : {}),
      ...(this.#messages.length > 0 ? { messages: this.#messages } : {}),
      ...(this.prepared === null ? {} : { prepared: true }),
      ...(this.prepared === 'rollback' ? { rollback: true } : {}),
    };
  }
}

/** The outcome of a batch to which hazards added: their writes came after its own, which left a witness. */
export function joinOutcomes(batch: BatchOutcome, added: BatchOutcome): BatchOutcome {
  const lsn = added.lsn ?? batch.lsn;
  const { prepared, rollback } = added.hazards ?? {};
  const end = rollback === true ? 'rollback' : 'commit';
  return {
    ...batch,
    pending: batch.pending && {
      ...batch.pending,
      lsn,
      ...(prepared === true ? { prepared: end } : {}),
    },
    changes: [...batch.changes, ...added.changes],
    lsn,
    subtransactions: batch.subtransactions || added.subtransactions,
    hazards: added.hazards,
  };
}
