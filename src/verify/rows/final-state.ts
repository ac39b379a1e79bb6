import type { Client } from 'pg';
import { TABLE_NAMES, TABLES, type TableName } from '../../schemas/hospital/tables.js';
import { SERVER_COLUMNS } from '../../sources/source.js';
import type { Matcher } from '../match/matcher.js';
import { rowHash } from './fingerprint.js';
import type { KeyState, RowTracker } from './tracker.js';

/** Rows that are asked for at a time. */
const CHUNK = 5_000;

/** What the tables hold, against what the events came to. */
export interface FinalState {
  /** Rows that were held against each other. */
  readonly checked: number;
  /** Rows that somebody wrote since. */
  readonly superseded: number;
}

/**
 * Holds what the events of a stream came to against the rows of the tables, in one snapshot, and proves there
 * which rows the server wrote by itself. A row that was written since its last event, by whomever, is not
 * judged, nor is one that may be hidden from the role.
 *
 * @param isVisible whether the role sees every row of a table
 */
export async function compareFinalState(
  client: Client,
  matcher: Pick<Matcher, 'noteFinalState' | 'derived'>,
  states: RowTracker,
  isVisible: (table: TableName) => boolean = () => true,
): Promise<FinalState> {
  let checked = 0;
  let superseded = 0;
  const waiting = new Map<TableName, Map<string, KeyState>>(
    TABLE_NAMES.map((table) => [table, new Map()]),
  );
  const flush = async (table: TableName, chunk: Map<string, KeyState>) => {
    const { rows } = await client.query<string[]>({
      text: `SELECT id::text, xmin::text, ${columnsOf(table)} FROM ${table} WHERE id = ANY ($1)`,
      values: [[...chunk.keys()]],
      rowMode: 'array',
    });
    for (const [id = '', xmin, ...values] of rows) {
      const state = chunk.get(id);
      chunk.delete(id);
      if (state === undefined) continue;
      const { present, row, xid } = state;
      if (present && row !== null && rowHash(table, values, state) === row) checked++;
      else if (present && (Number(xmin) !== xid || row === null)) superseded++;
      else matcher.noteFinalState(state);
    }
    for (const { present } of chunk.values()) {
      if (present || !isVisible(table)) superseded++;
      else checked++;
    }
    chunk.clear();
  };
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query("SET LOCAL DateStyle = 'ISO'");
  for (const state of states) {
    const chunk = waiting.get(state.table);
    if (chunk === undefined) continue;
    chunk.set(String(state.key), state);
    if (chunk.size >= CHUNK) await flush(state.table, chunk);
  }
  for (const [table, chunk] of waiting) if (chunk.size > 0) await flush(table, chunk);
  await matcher.derived.prove(client);
  await client.query('COMMIT');
  return { checked, superseded };
}

/** As text, in the order of `RowColumns`. */
function columnsOf(table: TableName): string {
  const names = [...TABLES[table].columns.map(({ name }) => name), ...SERVER_COLUMNS];
  return names.map((name) => `${name}::text`).join(', ');
}
