import type { Client } from 'pg';
import { TABLE_NAMES, TABLES, type TableName } from '../../legacy/tables.js';
import { SERVER_COLUMNS } from '../../sources/source.js';
import type { Results } from '../verdict/accounting.js';
import { exampleOf } from '../verdict/findings.js';
import type { DerivedRows } from './derived-rows.js';
import { rowHash } from './fingerprint.js';
import type { KeyState, RowTracker } from './tracker.js';

/** Rows of a query. */
const CHUNK = 5_000;

/** The followed rows, compared with the tables. */
export interface FinalState {
  /** Rows that were compared. */
  readonly checked: number;
  /** Rows that were written again since their last event. */
  readonly superseded: number;
}

/**
 * Compares the last event of each row with the table, in one database snapshot, and proves there which rows the server
 * added. Leaves out rows that were written since, and rows that row-level security may hide.
 *
 * @param isVisible whether the role sees every row of a table
 */
export async function compareFinalState(
  client: Client,
  {
    results: { findings },
    tracker,
    derived,
  }: {
    readonly results: Results;
    readonly tracker: RowTracker;
    readonly derived: DerivedRows;
  },
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
      else {
        const operation = present ? null : 'delete';
        const known = { table, operation, key: state.key, xid } as const;
        findings.add(exampleOf('inconsistent', 'final_state', known));
      }
    }
    for (const { present } of chunk.values()) {
      if (present || !isVisible(table)) superseded++;
      else checked++;
    }
    chunk.clear();
  };
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query("SET LOCAL DateStyle = 'ISO'");
  for (const state of tracker) {
    const chunk = waiting.get(state.table);
    if (chunk === undefined) continue;
    chunk.set(String(state.key), state);
    if (chunk.size >= CHUNK) await flush(state.table, chunk);
  }
  for (const [table, chunk] of waiting) if (chunk.size > 0) await flush(table, chunk);
  await derived.prove(client);
  await client.query('COMMIT');
  return { checked, superseded };
}

/** As text, in the order of `RowColumns`. */
function columnsOf(table: TableName): string {
  const names = [...TABLES[table].columns.map(({ name }) => name), ...SERVER_COLUMNS];
  return names.map((name) => `${name}::text`).join(', ');
}
