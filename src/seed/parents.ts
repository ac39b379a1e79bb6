import type { Client } from 'pg';
import type { ParentTable } from '../hospital/tables.js';

/**
 * The rows that seeded rows reference, as every worker sees them. A table that the seed filled from
 * empty is a run of ids whose patients' `data_cadastro` is known without reading it back; of any
 * other table the ids are read.
 */
export type Parents =
  | { readonly kind: 'run'; readonly first: number; readonly count: number }
  | {
      readonly kind: 'list';
      readonly count: number;
      readonly ids: SharedArrayBuffer;
      /** `data_cadastro` of patients, ms since 1970, UTC; 0 in other tables. */
      readonly since: SharedArrayBuffer;
    };

/** Ids read of a table that held rows before, at most: 16 MB of memory. */
const MOST_LISTED = 1_000_000;

/** Ids fetched in one round trip. */
const PAGE = 50_000;

/** Reads the ids of a table, in order. `only`: SQL over its columns. */
export async function listParents(
  client: Client,
  table: ParentTable,
  only = 'true',
): Promise<Parents> {
  const since =
    table === 'pacientes' ? 'ceil(extract(epoch FROM data_cadastro) * 1000)::float8' : '0::float8';
  const ids: number[] = [];
  const times: number[] = [];
  while (ids.length < MOST_LISTED) {
    const { rows } = await client.query<[string, number]>({
      text: `SELECT id, ${since} FROM ${table} WHERE id > $1 AND ${only} ORDER BY id LIMIT ${PAGE}`,
      values: [ids.at(-1) ?? 0],
      rowMode: 'array',
    });
    for (const [id, at] of rows) {
      ids.push(Number(id));
      times.push(at);
    }
    if (rows.length < PAGE) break;
  }
  return { kind: 'list', count: ids.length, ids: shared(ids), since: shared(times) };
}

/** Looks parents up by position. */
export class ParentList {
  readonly count: number;
  readonly #first: number;
  readonly #ids: Float64Array | null;
  readonly #since: Float64Array | null;

  constructor(parents: Parents) {
    this.count = parents.count;
    this.#first = parents.kind === 'run' ? parents.first : 0;
    this.#ids = parents.kind === 'list' ? new Float64Array(parents.ids) : null;
    this.#since = parents.kind === 'list' ? new Float64Array(parents.since) : null;
  }

  id(index: number): number {
    return this.#ids === null ? this.#first + index : (this.#ids[index] ?? 0);
  }

  /** `data_cadastro` of a listed patient; null in a run, where it follows from the id. */
  since(index: number): number | null {
    return this.#since === null ? null : (this.#since[index] ?? 0);
  }
}

function shared(values: readonly number[]): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(values.length * 8);
  new Float64Array(buffer).set(values);
  return buffer;
}
