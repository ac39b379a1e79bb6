import { knownIdOf } from '../src/ids/known-id.js';
import type { Picker, WorkerIds } from '../src/ids/worker-ids.js';
import { identifyingLength } from '../src/postgres/statements.js';
import type { ProducerTask } from '../src/run/protocol.js';
import {
  type Candidate,
  type EventSpec,
  type EventType,
  emptySlot,
  type KnownId,
  type KnownIdSlot,
  type References,
} from '../src/schema/event.js';
import { changesKey } from '../src/schema/key.js';
import { RowMaker } from '../src/schema/row-maker.js';
import { firstBroken, type Rule } from '../src/schema/rules.js';
import type { Schema } from '../src/schema/schema.js';
import type { Row, Table, TableName } from '../src/schema/table.js';
import type { Candidates } from './candidates.js';
import type { Write } from './writes.js';

/** Picks after which a batch of links stops looking for a parent that it does not have yet. */
const DISTINCT_TRIES = 8;

const NONE: readonly Candidate[] = [];

/** A table that rows of an event type reference. */
interface ParentPicks {
  readonly name: TableName;
  readonly known: Picker;
  /** Filled for each row. */
  readonly picked: KnownIdSlot;
  /** A batch of links needs a different row of it for each, so that each link can be judged alone. */
  readonly distinct: boolean;
}

/** All that the rows of an event type follow from, looked up once. */
interface InsertPlan {
  readonly table: Table;
  readonly ids: { next(): number };
  readonly rules: readonly Rule[];
  readonly parents: readonly ParentPicks[];
  /** The slots of `parents`, by table. */
  readonly references: References;
}

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
  readonly #ids: WorkerIds;
  readonly #candidates: ReadonlyMap<EventType, Candidates>;
  readonly #random: () => number;
  readonly #plans = new Map<EventSpec, InsertPlan>();

  /** @param random uniform in [0, 1) */
  constructor(
    schema: Schema,
    { rng, pools, updateRatio, deleteRatio }: BuilderTask,
    ids: WorkerIds,
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
    const plan = this.#planOf(spec);
    const { table, ids, parents, references } = plan;
    let made: Map<TableName, KnownId> | null = null;
    const writes: Write[] = [];
    for (const { name, known, picked } of parents) {
      if (writes.length === count || known.pick(picked)) continue;
      const parent = this.#schema.tables.get(name);
      const row = this.#parent(parent, now);
      writes.push(insert(parent, [row]));
      made ??= new Map();
      made.set(name, knownIdOf(parent, row));
    }
    const rows: Row[] = [];
    const linked = table.links === null ? null : new Set<number>();
    let previous: Row | null = null;
    for (let i = writes.length; i < count; i++) {
      if (!fill(parents, made, linked)) break;
      const row = spec.insert(this.#maker, ids.next(), references, now, previous);
      requireRules(plan, row);
      rows.push(row);
      previous = row;
    }
    if (rows.length > 0) writes.push(insert(table, rows));
    return writes;
  }

  #planOf(spec: EventSpec): InsertPlan {
    const known = this.#plans.get(spec);
    if (known !== undefined) return known;
    const table = this.#schema.tables.get(spec.table);
    const parents = spec.parents.map((name): ParentPicks => {
      const distinct = name === table.links?.parent.references;
      return { name, known: this.#ids.known(name), picked: emptySlot(), distinct };
    });
    const plan = {
      table,
      ids: this.#ids.leased(spec.table),
      rules: this.#schema.rules.ofRows(spec.table),
      parents,
      references: Object.fromEntries(parents.map(({ name, picked }) => [name, picked])),
    };
    this.#plans.set(spec, plan);
    return plan;
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

/** Picks existing rows to reference; false where a batch of links finds no parent that it does not have yet. */
function fill(
  parents: readonly ParentPicks[],
  made: ReadonlyMap<TableName, KnownId> | null,
  linked: Set<number> | null,
): boolean {
  for (let k = 0; k < parents.length; k++) {
    const { name, known, picked, distinct } = parents[k]!;
    for (let attempt = 0; ; attempt++) {
      if (!known.pick(picked) && !take(picked, made?.get(name))) return false;
      if (attempt === DISTINCT_TRIES) return false;
      if (linked === null || !distinct) break;
      if (linked.has(picked.id)) continue;
      linked.add(picked.id);
      break;
    }
  }
  return true;
}

function take(picked: KnownIdSlot, made: KnownId | undefined): boolean {
  if (made === undefined) return false;
  picked.id = made.id;
  picked.since = made.since;
  return true;
}

/** Throws where a row breaks a rule of its schema: a defect of the program, which must not be sent. */
function requireRules({ table, rules, parents }: InsertPlan, row: Row): void {
  let since: number | null = null;
  for (let k = 0; k < parents.length; k++) since = Math.max(since ?? 0, parents[k]!.picked.since);
  const broken = firstBroken(rules, row, since);
  if (broken !== null) {
    throw new Error(`a generated row of ${table.name} breaks the rule ${broken}`);
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
