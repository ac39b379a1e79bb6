import type { Client } from 'pg';
import type { Candidate, EventSpec } from '../src/hospital/events/event.js';
import { EVENTS, type EventType } from '../src/hospital/events/index.js';
import {
  PARENT_TABLES,
  type ParentTable,
  type Row,
  TABLES,
  type TableName,
} from '../src/hospital/tables.js';
import type { KnownId } from '../src/ids/cache.js';
import type { IdView } from '../src/ids/view.js';
import { describeFailure, type Failure } from '../src/postgres/failures.js';
import { lockPatients, missingIds, parseIds, type Written } from '../src/postgres/statements.js';
import { noRows, type RowCounts } from '../src/threads/tally.js';
import type { Candidates } from './candidates.js';
import type { Composer } from './composer.js';
import { IdLease } from './id-lease.js';
import { idOf, singly, statementOf, type Write } from './writes.js';

/** Whole batches tried again with other parents before its rows are tried one by one. */
const REPICKS = 3;
/** Rounds that fill a batch whose updates, deletes or links found fewer rows than they asked for. */
const ROUNDS = 3;

/** A foreign key has no row to point at. */
const FOREIGN_KEY_VIOLATION = '23503';

export interface Rejection {
  readonly write: Write;
  readonly failure: Failure;
}

/** An open transaction with everything of the batch in it, ready for COMMIT. */
export interface OpenBatch {
  /** Its transaction id; null when nothing was written. */
  readonly xid: string | null;
  readonly rows: RowCounts;
  /** Written and rejected ones. */
  readonly events: number;
  readonly rejections: readonly Rejection[];
  /** Rows that others may reference once it is committed, and those that they may not any more. */
  readonly born: readonly { table: ParentTable; known: KnownId }[];
  readonly gone: readonly { table: ParentTable; id: number }[];
  /** Rows that may be changed later, once it is committed. */
  readonly candidates: readonly Candidate[];
}

export interface BatchParts {
  readonly composer: Composer;
  readonly view: IdView;
  readonly candidates: ReadonlyMap<EventType, Candidates>;
  readonly leases: ReadonlyMap<TableName, IdLease>;
  /** Told of every row that was found to be gone. */
  readonly onGone: (table: ParentTable, id: number) => void;
}

/** The leases that a worker's event types may need: their own tables and what these reference. */
export function leasesFor(types: readonly EventType[], batchSize: number): Map<TableName, IdLease> {
  const tables = types.flatMap((type) => [EVENTS[type].table, ...EVENTS[type].parents]);
  return new Map([...new Set(tables)].map((table) => [table, new IdLease(table, batchSize)]));
}

/**
 * Writes the batches of one worker: everything up to COMMIT, which is the caller's. All rows of one
 * kind go in one statement. When that fails for the sake of a row, the batch is rolled back and, if
 * a referenced row is gone, composed again with others; else its rows are tried one by one, each in
 * a savepoint, and the ones that do not hold are left out.
 */
export class BatchWriter {
  readonly #parts: BatchParts;
  /** Candidates that the batch under way took out. */
  #taken: Candidate[] = [];

  constructor(parts: BatchParts) {
    this.#parts = parts;
  }

  /**
   * Opens a transaction and writes `size` events of one type into it. Throws what the server or the
   * connection threw when it is not the fault of a row; then nothing is in the database, and
   * `abandon` must be called before another batch.
   */
  async write(client: Client, spec: EventSpec, size: number, now: number): Promise<OpenBatch> {
    for (const table of [spec.table, ...spec.parents]) {
      // Twice: rows that take the place of others have ids of their own.
      await this.#parts.leases.get(table)?.reserve(client, 2 * size + 1);
    }
    for (let attempt = 0; ; attempt++) {
      const writes = this.#compose(spec, size, now);
      try {
        return await this.#together(client, spec, writes, size, now);
      } catch (error) {
        const failure = describeFailure(error);
        if (failure.class !== 'light') throw error;
        await client.query('ROLLBACK');
        const repick =
          failure.sqlstate === FOREIGN_KEY_VIOLATION &&
          attempt < REPICKS &&
          (await this.#dropMissing(client, writes));
        if (!repick) return await this.#oneByOne(client, spec, writes, now);
        this.abandon(spec);
        for (const table of [spec.table, ...spec.parents]) {
          await this.#parts.leases.get(table)?.reserve(client, 2 * size + 1);
        }
      }
    }
  }

  /** Puts back what the batch had taken: it was not committed. */
  abandon(spec: EventSpec): void {
    this.#parts.candidates.get(spec.type)?.keep(this.#taken);
    this.#taken = [];
  }

  /** Makes the committed batch's rows available to later ones. */
  confirm(spec: EventSpec, batch: OpenBatch): void {
    this.#taken = [];
    this.#parts.candidates.get(spec.type)?.keep(batch.candidates);
    for (const { table, known } of batch.born) this.#parts.view.keep(table, known);
    for (const { table, id } of batch.gone) this.#parts.view.drop(table, id);
  }

  #compose(spec: EventSpec, size: number, now: number): Write[] {
    const writes = this.#parts.composer.compose(spec, size, now);
    this.#taken = writes.flatMap((write) => [...write.candidates]);
    return writes;
  }

  async #together(
    client: Client,
    spec: EventSpec,
    first: Write[],
    size: number,
    now: number,
  ): Promise<OpenBatch> {
    const result = new BatchResult(spec, now);
    let writes = first;
    for (let round = 1; writes.length > 0; round++) {
      const answers = await sendAll(client, round === 1, writes);
      for (const [i, write] of writes.entries()) result.add(write, answers[i]);
      const missing = size - result.written;
      if (missing <= 0 || round > ROUNDS) break;
      writes =
        round < ROUNDS
          ? this.#parts.composer.inserts(spec, missing, now)
          : this.#parts.composer.patients(missing, now);
    }
    return result.batch();
  }

  async #oneByOne(
    client: Client,
    spec: EventSpec,
    writes: readonly Write[],
    now: number,
  ): Promise<OpenBatch> {
    const result = new BatchResult(spec, now);
    await client.query('BEGIN');
    for (const write of writes.flatMap(singly)) {
      await client.query('SAVEPOINT one_row');
      try {
        const [answer] = await sendAll(client, false, [write]);
        await client.query('RELEASE SAVEPOINT one_row');
        result.add(write, answer);
      } catch (error) {
        const failure = describeFailure(error);
        if (failure.class !== 'light') throw error;
        await client.query('ROLLBACK TO SAVEPOINT one_row');
        result.reject(write, failure);
      }
    }
    return result.batch();
  }

  /** Stops referencing the parents of these writes that have no row; false when all have one. */
  async #dropMissing(client: Client, writes: readonly Write[]): Promise<boolean> {
    let dropped = false;
    const own = new Set(
      writes.flatMap(({ table, rows }) => rows.map((row) => `${table} ${idOf(row)}`)),
    );
    for (const table of PARENT_TABLES) {
      const ids = [...referencedIds(writes, table)].filter((id) => !own.has(`${table} ${id}`));
      if (ids.length === 0) continue;
      const { rows } = await client.query<{ id: string }>(query(missingIds(table, ids)));
      for (const { id } of rows) {
        this.#parts.view.drop(table, Number(id));
        this.#parts.onGone(table, Number(id));
        dropped = true;
      }
    }
    return dropped;
  }
}

/** Gathers what the statements of a batch answered. */
class BatchResult {
  readonly #spec: EventSpec;
  readonly #now: number;
  readonly #rows = noRows();
  readonly #rejections: Rejection[] = [];
  readonly #born: { table: ParentTable; known: KnownId }[] = [];
  readonly #gone: { table: ParentTable; id: number }[] = [];
  readonly #candidates: Candidate[] = [];
  #xid: string | null = null;
  written = 0;

  constructor(spec: EventSpec, now: number) {
    this.#spec = spec;
    this.#now = now;
  }

  add(write: Write, answer: Written | undefined): void {
    const ids = parseIds(answer?.ids ?? null);
    if (answer === undefined || ids.length === 0) return;
    this.#xid = answer.xid;
    this.written += ids.length;
    this.#rows[write.table][write.operation] += ids.length;
    // Nearly always all of them: then no need to look up which.
    const all = ids.length === write.rows.length;
    const answered = all ? null : new Set(ids);
    for (const [i, row] of write.rows.entries()) {
      if (answered === null || answered.has(idOf(row))) this.#note(write, row, i);
    }
  }

  reject(write: Write, failure: Failure): void {
    this.#rejections.push({ write, failure });
  }

  batch(): OpenBatch {
    return {
      xid: this.#xid,
      rows: this.#rows,
      events: this.written + this.#rejections.length,
      rejections: this.#rejections,
      born: this.#born,
      gone: this.#gone,
      candidates: this.#candidates,
    };
  }

  #note({ table, operation, candidates }: Write, row: Row, index: number): void {
    const parent = PARENT_TABLES.find((name) => name === table);
    if (operation === 'insert') {
      const since = table === 'pacientes' ? Math.floor(this.#now / 1000) * 1000 : 0;
      if (parent !== undefined) this.#born.push({ table: parent, known: { id: idOf(row), since } });
      const candidate = table === this.#spec.table ? this.#spec.change.candidate(row) : null;
      if (candidate !== null) this.#candidates.push(candidate);
    } else if (operation === 'delete') {
      if (parent !== undefined) this.#gone.push({ table: parent, id: idOf(row) });
    } else if (this.#spec.change.open === ALWAYS_OPEN) {
      const candidate = candidates[index];
      if (candidate !== undefined) this.#candidates.push(candidate);
    }
  }
}

/** The `open` of changes that a row can go through again and again. */
const ALWAYS_OPEN = 'true';

/**
 * Sends the statements of some writes in one go, after BEGIN where `begin` says so, and waits for
 * every answer: one round trip. Throws the first failure.
 */
async function sendAll(
  client: Client,
  begin: boolean,
  writes: readonly Write[],
): Promise<(Written | undefined)[]> {
  const sent: Promise<unknown>[] = [];
  if (begin) sent.push(client.query('BEGIN'));
  const answers = writes.map((write) => {
    if (write.operation === 'insert' && write.table === 'pacientes_convenios') {
      const patients = write.rows.map((row) => Number(row[PATIENT_OF_LINK]));
      sent.push(client.query(query(lockPatients(patients.sort((a, b) => a - b)))));
    }
    const answer = client.query<Written>(query(statementOf(write)));
    sent.push(answer);
    return answer;
  });
  // All of them first: a failure is followed by those of the statements behind it.
  for (const outcome of await Promise.allSettled(sent)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
  return (await Promise.all(answers)).map(({ rows }) => rows[0]);
}

const PATIENT_OF_LINK = TABLES.pacientes_convenios.columns.findIndex(
  ({ name }) => name === 'paciente_id',
);

function referencedIds(writes: readonly Write[], parent: ParentTable): Set<number> {
  const ids = new Set<number>();
  for (const { table, operation, rows } of writes) {
    if (operation !== 'insert') continue;
    for (const { column, references } of TABLES[table].foreignKeys) {
      if (references !== parent) continue;
      const index = TABLES[table].columns.findIndex(({ name }) => name === column);
      for (const row of rows) ids.add(Number(row[index]));
    }
  }
  return ids;
}

/** `pg` wants a mutable array. */
function query({ name, text, values }: { name: string; text: string; values: readonly string[] }) {
  return { name, text, values: [...values] };
}
