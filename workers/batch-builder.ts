import { knownIdOf } from '../src/ids/known-id.js';
import type { WorkerIds } from '../src/ids/worker-ids.js';
import { identifyingLength } from '../src/postgres/statements.js';
import type { ProducerTask } from '../src/run/protocol.js';
import type { Candidate, EventSpec, EventType, KnownId, References } from '../src/schema/event.js';
import { changesKey } from '../src/schema/key.js';
import { RowMaker } from '../src/schema/row-maker.js';
import type { Schema } from '../src/schema/schema.js';
import type { Row, Table, TableName } from '../src/schema/table.js';
import type { Candidates } from './candidates.js';
import type { Write } from './writes.js';

/** Picks after which a batch of links stops looking for a parent that it does not have yet. */
const DISTINCT_TRIES = 8;

const NONE: readonly Candidate[] = [];

type BuilderTask = Pick<ProducerTask, 'rng' | 'pools' | 'updateRatio' | 'deleteRatio'>;

/**
 * Builds the rows of a batch: mostly inserts, some updates and deletes of candidates, and first a row of each table
 * to reference that is empty. Sends nothing; its ids must have been reserved.
 */
export class BatchBuilder {
  readonly #schema: Schema;
  readonly #maker: RowMaker;
  readonly #updateRatio: number;
  readonly #deleteRatio: number;
  readonly #ids: Pick<WorkerIds, 'next' | 'pick'>;
  readonly #candidates: ReadonlyMap<EventType, Candidates>;
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(
    schema: Schema,
    { rng, pools, updateRatio, deleteRatio }: BuilderTask,
    ids: Pick<WorkerIds, 'next' | 'pick'>,
    candidates: ReadonlyMap<EventType, Candidates>,
    random: () => number,
  ) {
    this.#schema = schema;
    this.#maker = new RowMaker(rng, pools);
    this.#updateRatio = updateRatio;
    this.#deleteRatio = deleteRatio;
    this.#ids = ids;
    this.#candidates = candidates;
    this.#random = random;
  }

  /** The writes of a batch of `size` events of one type. `now`: ms since 1970, by the server's clock. */
  build(spec: EventSpec, size: number, now: number): Write[] {
    let updates = 0;
    let deletes = 0;
    for (let i = 0; i < size; i++) {
      const draw = this.#random();
      if (draw < this.#deleteRatio) deletes++;
      else if (draw < this.#deleteRatio + this.#updateRatio) updates++;
    }
    const table = this.#schema.tables.get(spec.table);
    const updated = this.#take(spec, table, updates);
    const deleted = this.#take(spec, table, deletes);
    const writes: Write[] = [];
    if (updated.length > 0) writes.push(this.#update(spec, table, updated, now));
    if (deleted.length > 0) writes.push(remove(spec, table, deleted));
    // A row that a new key of another one changes is not deleted after that.
    if (writes.length > 1 && changesKey(table, spec.change.columns)) writes.reverse();
    const inserted = size - updated.length - deleted.length;
    if (inserted > 0) writes.push(...this.inserts(spec, inserted, now));
    return writes;
  }

  /** `count` inserts of the type; the first ones make a parent of each table that has none. */
  inserts(spec: EventSpec, count: number, now: number): Write[] {
    let made: Map<TableName, KnownId> | null = null;
    const { tables } = this.#schema;
    const writes: Write[] = [];
    for (const name of spec.parents) {
      if (writes.length === count || this.#ids.pick(name) !== null) continue;
      const table = tables.get(name);
      const row = this.#parent(table, now);
      writes.push(insert(table, [row]));
      made ??= new Map();
      made.set(name, knownIdOf(table, row));
    }
    const table = tables.get(spec.table);
    const rows: Row[] = [];
    const linked = table.links === null ? null : new Set<number>();
    for (let i = writes.length; i < count; i++) {
      const references = this.#references(spec, table, made, linked);
      if (references === null) break;
      const id = this.#ids.next(spec.table);
      const row = spec.insert(this.#maker, id, references, now, rows.at(-1) ?? null);
      this.#requireRules(spec, row, references);
      rows.push(row);
    }
    if (rows.length > 0) writes.push(insert(table, rows));
    return writes;
  }

  /** `count` rows of the schema's filler: the fallback of a batch when no parent has room for a link. */
  fillers(count: number, now: number): Write[] {
    const { filler } = this.#schema;
    return [
      insert(
        filler,
        Array.from({ length: count }, () => this.#parent(filler, now)),
      ),
    ];
  }

  /** A row of a table that others reference. */
  #parent(table: Table, now: number): Row {
    if (table.parent === null) throw new Error(`no row references ${table.name}`);
    return table.parent.make(this.#maker, this.#ids.next(table.name), now);
  }

  /** Existing rows to reference; null where a batch of links finds no parent that it does not have yet. */
  #references(
    { parents }: EventSpec,
    { links }: Table,
    made: ReadonlyMap<TableName, KnownId> | null,
    linked: Set<number> | null,
  ): References | null {
    const references: Record<TableName, KnownId> = {};
    for (const table of parents) {
      for (let attempt = 0; ; attempt++) {
        const picked = this.#ids.pick(table) ?? made?.get(table);
        if (picked === undefined || attempt === DISTINCT_TRIES) return null;
        // A batch of links needs a different parent for each, so that each link can be judged alone.
        if (linked !== null && table === links?.parent.references) {
          if (linked.has(picked.id)) continue;
          linked.add(picked.id);
        }
        references[table] = picked;
        break;
      }
    }
    return references;
  }

  /** Throws where a row breaks a rule of its schema: a defect of the program, which must not be sent. */
  #requireRules({ table, parents }: EventSpec, row: Row, references: References): void {
    let since: number | null = null;
    for (const parent of parents) since = Math.max(since ?? 0, references[parent]!.since);
    const broken = this.#schema.rules.broken(table, row, since);
    if (broken !== null) throw new Error(`a generated row of ${table} breaks the rule ${broken}`);
  }

  #update(spec: EventSpec, table: Table, candidates: readonly Candidate[], now: number): Write {
    const length = identifyingLength(table);
    const rows = candidates.map((candidate) => [
      ...firstOf(candidate.key, length),
      ...spec.change.values(this.#maker, candidate, now),
    ]);
    return { table, operation: 'update', rows, candidates, spec };
  }

  /**
   * Takes candidates out, in an order that all writers have, so that two of the same rows cannot deadlock. A row that
   * is a candidate twice, as after a lost connection, is taken once; equal rows without a key remain for later.
   */
  #take({ type }: EventSpec, table: Table, count: number): readonly Candidate[] {
    if (count === 0) return NONE;
    const kept = this.#candidates.get(type);
    const taken = kept?.take(count) ?? [];
    if (table.keyKind === 'id') return byId(taken);
    const distinct = new Map<string, Candidate>();
    for (const candidate of taken) {
      const text = JSON.stringify(candidate.key);
      if (!distinct.has(text)) distinct.set(text, candidate);
      else if (table.keyKind === 'none') kept?.keep([candidate]);
    }
    return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, candidate]) => candidate);
  }
}

function insert(table: Table, rows: readonly Row[]): Write {
  return { table, operation: 'insert', rows, candidates: [], spec: null };
}

function remove(spec: EventSpec, table: Table, candidates: readonly Candidate[]): Write {
  const length = identifyingLength(table);
  const rows = candidates.map(({ key }) => firstOf(key, length));
  return { table, operation: 'delete', rows, candidates, spec };
}

function firstOf(row: Row, length: number): Row {
  return row.length === length ? row : row.slice(0, length);
}

/** In the order of ids, each once. */
function byId(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.length < 2) return candidates;
  const idOf = ({ key }: Candidate) => Number(key[0]);
  const sorted = [...candidates].sort((a, b) => idOf(a) - idOf(b));
  return sorted.filter((candidate, i) => i === 0 || idOf(candidate) !== idOf(sorted[i - 1]!));
}
