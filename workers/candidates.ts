import type { Client } from 'pg';
import { estimateRows } from '../src/postgres/estimate-rows.js';
import {
  identifyingColumns,
  parseNumbers,
  parseRows,
  printed,
} from '../src/postgres/statements.js';
import type { Candidate, EventSpec, EventType } from '../src/schema/event.js';
import { sqlName, type Table } from '../src/schema/table.js';

/** Rows kept for later change: enough that a batch finds its share, little enough to load at once. */
const KEPT = 5_000;
/** How many rows the start looks at for open ones, so that a huge table without any is not read whole. */
const LOOK_BACK = 200_000;

/** A worker's position among the workers of an event type, and their number. */
export interface Place {
  readonly index: number;
  readonly of: number;
}

/** Empty candidates for each event type of a worker. */
export function candidatesOf(
  types: readonly EventType[],
  random: () => number,
): ReadonlyMap<EventType, Candidates> {
  return new Map(types.map((type) => [type, new Candidates(random)]));
}

/**
 * The rows of one event type that this worker may change or delete later: those that it wrote itself, and
 * its share of the rows that were there. Another worker or program may change one first; then
 * the UPDATE or DELETE does not find it, and another one is taken.
 */
export class Candidates {
  #kept: Candidate[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Reads the newest open rows of the type, of this worker's share and from before the run (`last`: the highest id
   * then). A later row may be the witness of another worker's COMMIT in doubt.
   */
  async load(
    client: Client,
    { name, key }: Table,
    { change }: EventSpec,
    { index, of }: Place,
    last: number,
  ): Promise<void> {
    const id = sqlName(key[0]!);
    // As two arrays: thousands of rows would take the driver longer than the rest of the start.
    const { rows } = await client.query<[string | null, string | null]>({
      text: `SELECT array_agg(id)::text, array_agg(at)::text
               FROM (SELECT ${id} AS id, extract(epoch FROM ${change.at})::float8 * 1000 AS at
                       FROM ${name}
                      WHERE ${id} > $1::bigint - ${LOOK_BACK} AND ${id} <= $1::bigint
                        AND ${id} % ${of} = ${index} AND ${change.open}
                      ORDER BY ${id} DESC LIMIT ${KEPT}) AS open`,
      values: [last],
      rowMode: 'array',
    });
    const [ids = null, moments = null] = rows[0] ?? [];
    const at = parseNumbers(moments);
    this.#kept = parseNumbers(ids)
      .map((number, i) => ({ key: [number], at: at[i]! }))
      .filter(hasMoment);
  }

  /**
   * Reads open rows of a table without numbers, of this worker's share by a hash: rows that are equal have one owner.
   * Only before the run's first rows: they cannot be distinguished from later ones.
   */
  async loadByHash(
    client: Client,
    table: Table,
    { change }: EventSpec,
    { index, of }: Place,
  ): Promise<void> {
    const percent = (100 * LOOK_BACK) / (await estimateRows(client, table));
    const sample = percent < 100 ? `TABLESAMPLE SYSTEM (${percent})` : '';
    const identifying = identifyingColumns(table);
    const names = identifying.map(({ name }) => sqlName(name)).join(', ');
    const texts = identifying.map(({ name, type }) => printed(type, sqlName(name))).join(', ');
    const { rows } = await client.query<[string | null, string | null]>({
      text: `SELECT json_agg(row)::text, array_agg(at)::text
               FROM (SELECT json_build_array(${texts}) AS row,
                            extract(epoch FROM ${change.at})::float8 * 1000 AS at
                       FROM ${table.name} ${sample}
                      WHERE ${change.open}
                        AND abs(hashtext(concat_ws(',', ${names}))::bigint) % ${of} = ${index}
                      LIMIT ${KEPT}) AS open`,
      rowMode: 'array',
    });
    const [keys = null, moments = null] = rows[0] ?? [];
    const at = parseNumbers(moments);
    this.#kept = parseRows(table, keys)
      .map((key, i) => ({ key, at: at[i]! }))
      .filter(hasMoment);
  }

  /** Takes up to `count` candidates out, at random. */
  take(count: number): Candidate[] {
    const taken: Candidate[] = [];
    while (taken.length < count) {
      const index = Math.floor(this.#random() * this.#kept.length);
      const candidate = this.#kept[index];
      if (candidate === undefined) break;
      const last = this.#kept.pop();
      if (last !== undefined && last !== candidate) this.#kept[index] = last;
      taken.push(candidate);
    }
    return taken;
  }

  /** Keeps candidates; when full, a random older one makes room. */
  keep(candidates: readonly Candidate[]): void {
    for (const candidate of candidates) {
      if (this.#kept.length < KEPT) this.#kept.push(candidate);
      else this.#kept[Math.floor(this.#random() * KEPT)] = candidate;
    }
  }
}

/** Not `infinity`, which nothing can be calculated with. */
function hasMoment({ at }: Candidate): boolean {
  return Number.isFinite(at);
}
