import { RNG_PURPOSE, Rng } from '../random/rng.js';
import { type EventSpec, emptySlot, type KnownId } from '../schema/event.js';
import { LinkPlan } from '../schema/link-plan.js';
import { type Pools, RowMaker } from '../schema/row-maker.js';
import type { Schema } from '../schema/schema.js';
import type { LinkLimit, ParentSpec, Row, Table, TableName } from '../schema/table.js';
import { ParentList, type Parents } from './parents.js';

/** All that seeded rows follow from, besides their ids. */
export interface RowBasis {
  /** `--rng`. */
  readonly rng: number;
  /** The last day of the history, in milliseconds since 1970, UTC. */
  readonly reference: number;
  /** The rows that may be referenced, by table. */
  readonly parents: Readonly<Record<TableName, Parents>>;
  /** By table with a `LinkLimit`: the parents that get links, which have none yet. */
  readonly linkable: Readonly<Record<TableName, Parents>>;
  readonly pools: Pools;
}

/**
 * Makes a row. `rank`: its position among the rows of its table in this seed. `previous`: the row before it in the same
 * COPY; null: it is the first.
 */
export type RowAt = (id: number, rank: number, previous: Row | null) => Row;

/** The seeded rows: each a function of the seed number, the table, the id and the rows that it references. */
export class SeedRows {
  readonly #schema: Schema;
  readonly #basis: RowBasis;
  readonly #maker: RowMaker;
  readonly #made = new Map<TableName, RowAt>();

  constructor(schema: Schema, basis: RowBasis) {
    this.#schema = schema;
    this.#basis = basis;
    this.#maker = new RowMaker(basis.rng, basis.pools);
  }

  /** The function that makes the rows of a table. */
  of(table: TableName): RowAt {
    const made = this.#made.get(table) ?? this.#rowsOf(this.#schema.tables.get(table));
    this.#made.set(table, made);
    return made;
  }

  #rowsOf(table: Table): RowAt {
    const { name, parent, links } = table;
    if (parent !== null) return this.#parentRows(parent);
    const event = this.#schema.seederOf(name);
    if (event === null) throw new Error(`no event type writes ${name}`);
    return links === null ? this.#pickedRows(table, event) : this.#linkRows(table, links, event);
  }

  #parentRows(parent: ParentSpec): RowAt {
    const { reference } = this.#basis;
    return (id) => parent.make(this.#maker, id, parent.seededAt(this.#maker, id, reference));
  }

  /** Rows that reference rows picked at random. */
  #pickedRows({ number }: Table, event: EventSpec): RowAt {
    const { rng: seed, reference, parents } = this.#basis;
    const rng = new Rng(seed);
    const picks = event.parents.map((name) => ({
      name,
      list: new ParentList(parents[name]!),
      parent: this.#schema.tables.get(name).parent!,
      known: emptySlot(),
    }));
    const references = referencesOf(picks);
    return (id, _, previous) => {
      rng.at(RNG_PURPOSE.seedPicks, id, 1 + number);
      for (const { list, parent, known } of picks) {
        const index = rng.below(list.count);
        known.id = list.id(index);
        known.since = list.since(index) ?? parent.seededAt(this.#maker, known.id, reference);
      }
      return event.insert(this.#maker, id, references, reference, previous);
    };
  }

  /** Rows that link two others, each pair once. */
  #linkRows({ name }: Table, { parent, other, limit }: LinkLimit, event: EventSpec): RowAt {
    const { rng, reference, parents, linkable } = this.#basis;
    const first = { name: parent.references, known: emptySlot(0) };
    const second = { name: other.references, known: emptySlot(0) };
    const references = referencesOf([first, second]);
    const firsts = new ParentList(linkable[name]!);
    const seconds = new ParentList(parents[other.references]!);
    const plan = new LinkPlan(rng, limit, firsts.count, seconds.count);
    return (id, rank, previous) => {
      const link = plan.slot(rank);
      first.known.id = firsts.id(link.parent);
      second.known.id = seconds.id(link.other);
      return event.insert(this.#maker, id, references, reference, previous);
    };
  }
}

function referencesOf(
  list: readonly { readonly name: TableName; readonly known: KnownId }[],
): Record<TableName, KnownId> {
  return Object.fromEntries(list.map(({ name, known }) => [name, known]));
}
