import type { Client } from 'pg';
import { sinceSql } from '../ids/known-id.js';
import { sqlName, type Table } from '../schema/table.js';

/**
 * The rows that seeded rows may reference, as every worker sees them: ids that existed, read from the table, then the
 * consecutive ids that this seed fills. The `since` of the latter follows from the id.
 */
export interface Parents {
  readonly listed: number;
  readonly ids: SharedArrayBuffer;
  /** `KnownId.since` of the listed rows. */
  readonly since: SharedArrayBuffer;
  readonly first: number;
  readonly added: number;
}

/** Existing ids that are read of a table, at most: 16 MB of memory. */
const MOST_LISTED = 1_000_000;

/** Ids fetched in one round trip. */
const PAGE = 50_000;

/** Reads the ids of a table, in order, with no consecutive ids after them. `only`: an SQL condition on its columns. */
export async function listParents(client: Client, table: Table, only = 'true'): Promise<Parents> {
  const since = sinceSql(table);
  const id = sqlName(table.key[0]!);
  const ids: number[] = [];
  const times: number[] = [];
  while (ids.length < MOST_LISTED) {
    const { rows } = await client.query<[string, number]>({
      text: `SELECT ${id}, ${since} FROM ${table.name} WHERE ${id} > $1 AND ${only} ORDER BY ${id} LIMIT ${PAGE}`,
      values: [ids.at(-1) ?? 0],
      rowMode: 'array',
    });
    for (const [known, at] of rows) {
      ids.push(Number(known));
      times.push(at);
    }
    if (rows.length < PAGE) break;
  }
  return { listed: ids.length, ids: shared(ids), since: shared(times), first: 0, added: 0 };
}

/** Rows that may be referenced. */
export function sizeOf({ listed, added }: Parents): number {
  return listed + added;
}

/** Parents by their position. */
export class ParentList {
  readonly count: number;
  readonly #listed: number;
  readonly #first: number;
  readonly #ids: Float64Array;
  readonly #since: Float64Array;

  constructor(parents: Parents) {
    const { listed, ids, since, first } = parents;
    this.count = sizeOf(parents);
    this.#listed = listed;
    this.#first = first;
    this.#ids = new Float64Array(ids);
    this.#since = new Float64Array(since);
  }

  id(index: number): number {
    // Compared first: reading past the end of a typed array costs far more.
    if (index >= this.#listed) return this.#first + index - this.#listed;
    return this.#ids[index] ?? 0;
  }

  /** `since` of a listed row; null of the others, where it follows from the id. */
  since(index: number): number | null {
    return index < this.#listed ? (this.#since[index] ?? 0) : null;
  }
}

function shared(values: readonly number[]): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(values.length * 8);
  new Float64Array(buffer).set(values);
  return buffer;
}
