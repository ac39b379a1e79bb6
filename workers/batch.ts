import type { Client } from 'pg';
import { type OnLease, WorkerIds } from '../src/ids/worker-ids.js';
import { describeFailure } from '../src/postgres/failures.js';
import { SQLSTATE } from '../src/postgres/sqlstate.js';
import { requireTables, type TableOids } from '../src/postgres/table-oids.js';
import type { ProducerTask, Returning } from '../src/run/protocol.js';
import type { EventSpec, EventType } from '../src/schema/event.js';
import type { Schema } from '../src/schema/schema.js';
import type { TableName } from '../src/schema/table.js';
import { BatchBuilder } from './batch-builder.js';
import { type AnsweredWrite, type BatchOutcome, BatchResult } from './batch-result.js';
import { type Candidates, candidatesOf } from './candidates.js';
import { findMissing, withoutOrphans } from './orphans.js';
import { sendWrites } from './send-writes.js';
import { singly, type Write } from './writes.js';

/** How often rows whose parents are gone get others, before a batch is written row by row. */
const REPICKS = 10;
/** Rounds that fill up a batch whose updates, deletes or links found fewer rows than they asked for. */
const ROUNDS = 3;

/** The tables that a worker of these event types may insert into: into the filler always. */
function insertedTables(schema: Schema, types: Iterable<EventType>): ReadonlySet<TableName> {
  const specs = [...types].map((type) => schema.event(type));
  const tables = specs.flatMap(({ table, parents }) => [table, ...parents]);
  return new Set([...tables, schema.filler.name]);
}

/** Events of one type, built and not written yet. */
export interface Batch {
  readonly spec: EventSpec;
  readonly size: number;
  /** When it was built, in milliseconds since 1970, by the server's clock. */
  readonly now: number;
  readonly writes: readonly Write[];
  /** Rows with lower ids will come after its own. */
  readonly outOfOrder: boolean;
}

/** Ids that every round of a batch takes from a table at most. */
function idsOf(size: number): number {
  return (ROUNDS + 1) * (size + 1);
}

/** Whether a batch makes rows of other tables, for its own or later ones to reference. */
export function makesParents({ spec, writes }: Batch): boolean {
  return writes.some(({ table, operation }) => operation === 'insert' && table.name !== spec.table);
}

/**
 * Builds the batches of one worker, and writes them step by step: everything up to COMMIT, which the
 * caller sends. All rows of one table and operation go in one statement. When a row makes it fail, the
 * batch is rolled back and, if a referenced row is gone, built again with others; else its rows are
 * written one by one, each in a savepoint, and those that fail are left out.
 */
export class BatchWriter {
  readonly ids: WorkerIds;
  readonly candidates: ReadonlyMap<EventType, Candidates>;
  readonly builder: BatchBuilder;
  readonly #schema: Schema;
  readonly #returning: Returning;
  /** The tables that the run began with. */
  readonly #oids: TableOids;

  /** @param random uniform in [0, 1) */
  constructor(schema: Schema, task: ProducerTask, random: () => number, onLease: OnLease) {
    const types = task.share.events.map(({ type }) => type);
    const { bulk } = schema.hazards;
    const added = task.hazards === null || bulk === null ? [] : [bulk];
    const inserted = insertedTables(schema, [...types, ...added]);
    this.#schema = schema;
    this.ids = new WorkerIds(schema.tables, task.ids, random, inserted, task.batchSize, onLease);
    this.candidates = candidatesOf(types, random);
    this.builder = new BatchBuilder(schema, task, this.ids, this.candidates, random);
    this.#returning = task.returning;
    this.#oids = task.tables;
  }

  /**
   * A batch of `size` events of one type, whose ids are reserved. Either `abandon` or `confirm` must follow in the end.
   *
   * @param scattered rows with lower ids are to come after its own
   */
  build(spec: EventSpec, size: number, now: number, scattered = false): Batch {
    const outOfOrder = scattered && this.ids.scatter(spec.table, size);
    return { spec, size, now, writes: this.builder.build(spec, size, now), outOfOrder };
  }

  /**
   * Opens a transaction and writes a batch into it. Throws the error of the server or the connection where
   * no row is at fault; then nothing is in the database.
   */
  async write(client: Client, batch: Batch): Promise<BatchOutcome> {
    let { writes } = batch;
    for (let repicks = 0; ; repicks++) {
      try {
        return await this.#together(client, batch, writes);
      } catch (error) {
        const failure = describeFailure(error);
        if (failure.class !== 'light') throw error;
        await client.query('ROLLBACK');
        // Where other tables took the place of the run's, row after row fails through no fault of its own.
        await requireTables(client, this.#schema.tables, this.#oids);
        // Also when another row failed first: written one by one, orphans would only be rejected.
        const adopted = repicks < REPICKS ? await this.#adopt(client, batch, writes) : null;
        if (adopted === null || failure.sqlstate !== SQLSTATE.FOREIGN_KEY_VIOLATION) {
          return await this.#oneByOne(client, batch, adopted ?? writes);
        }
        writes = adopted;
      }
    }
  }

  /** Puts back the candidates of a batch that was not committed. */
  abandon(batch: Batch): void {
    this.#leave(batch, batch.writes);
  }

  /** Makes the committed batch's rows available to later ones. */
  confirm({ spec }: Batch, outcome: BatchOutcome): void {
    this.candidates.get(spec.type)?.keep(outcome.candidates);
    this.ids.committed(outcome.changes);
  }

  async #together(
    client: Client,
    { spec, size, now }: Batch,
    first: readonly Write[],
  ): Promise<BatchOutcome> {
    const result = new BatchResult(spec);
    let writes = first;
    for (let round = 1; writes.length > 0; round++) {
      for (const answered of await this.#send(client, round === 1, writes)) result.add(answered);
      const missing = size - result.written;
      if (missing <= 0 || round > ROUNDS) break;
      writes =
        round < ROUNDS
          ? this.builder.inserts(spec, missing, now)
          : this.builder.fillers(missing, now);
    }
    return result.outcome();
  }

  async #oneByOne(client: Client, batch: Batch, writes: readonly Write[]): Promise<BatchOutcome> {
    const result = new BatchResult(batch.spec);
    result.subtransactions = true;
    await this.reserve(client, batch.spec, batch.size);
    await client.query('BEGIN');
    for (const write of writes.flatMap(singly)) await this.#alone(client, batch, [write], result);
    return result.outcome();
  }

  /** Writes one row in a savepoint; with another parent whenever its own is gone. */
  async #alone(
    client: Client,
    batch: Batch,
    writes: readonly Write[],
    result: BatchResult,
    repicks = 0,
  ): Promise<void> {
    if (writes.some((write) => result.hasUpdated(write))) return this.#leave(batch, writes);
    await client.query('SAVEPOINT one_row');
    try {
      const answers = await this.#send(client, false, writes);
      if (answers.some((answered) => result.hasCascaded(answered))) {
        await client.query('ROLLBACK TO SAVEPOINT one_row');
        return this.#leave(batch, writes);
      }
      await client.query('RELEASE SAVEPOINT one_row');
      for (const answered of answers) result.add(answered);
    } catch (error) {
      const failure = describeFailure(error);
      if (failure.class !== 'light') throw error;
      await client.query('ROLLBACK TO SAVEPOINT one_row');
      const adopted =
        failure.sqlstate === SQLSTATE.FOREIGN_KEY_VIOLATION && repicks < REPICKS
          ? await this.#adopt(client, { ...batch, size: 1 }, writes)
          : null;
      if (adopted !== null) return this.#alone(client, batch, adopted, result, repicks + 1);
      for (const write of writes) result.reject(write, failure);
    }
  }

  /** Leaves rows for a later batch: a row is written once by a transaction, by an update or by a cascade. */
  #leave({ spec }: Batch, writes: readonly Write[]): void {
    this.candidates.get(spec.type)?.keep(writes.flatMap(({ candidates }) => [...candidates]));
  }

  /** Reserves ids for every round of a batch, in its own table and in those of its parents. To be called before BEGIN. */
  async reserve(client: Client, spec: EventSpec, size: number): Promise<void> {
    if (this.hasIds(spec, size)) return;
    for (const table of [spec.table, ...spec.parents]) {
      await this.ids.reserve(client, table, idsOf(size));
    }
  }

  /** Whether `reserve` has nothing to do: then `build` does not use its connection. */
  hasIds({ table, parents }: EventSpec, size: number): boolean {
    const count = idsOf(size);
    return this.ids.holds(table, count) && parents.every((parent) => this.ids.holds(parent, count));
  }

  /**
   * Replaces rows whose parents are gone, until every row has one or the tries are used up. Null where no
   * parent is gone.
   */
  async #adopt(
    client: Client,
    { spec, size, now }: Batch,
    orphaned: readonly Write[],
  ): Promise<Write[] | null> {
    let writes = [...orphaned];
    for (let repicks = 0; repicks < REPICKS; repicks++) {
      const missing = await findMissing(client, this.#schema.tables, writes);
      if (missing.size === 0) return repicks === 0 ? null : writes;
      for (const [table, ids] of missing) {
        for (const id of ids) this.ids.gone(table, id);
      }
      const { kept, removed } = withoutOrphans(writes, missing);
      // Within a transaction they are there already, unless hardly any try finds a parent.
      await this.reserve(client, spec, size);
      writes = [...kept, ...this.builder.inserts(spec, removed, now)];
    }
    return writes;
  }

  #send(client: Client, begin: boolean, writes: readonly Write[]): Promise<AnsweredWrite[]> {
    const returning = this.#returning;
    return sendWrites(client, this.#schema.tables, writes, { returning, begin });
  }
}
