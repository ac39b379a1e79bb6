import type { Client } from 'pg';
import { OneAhead } from '../../lib/one-ahead.js';
import type { Key, Table, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { Results } from '../verdict/accounting.js';
import { exampleOf } from '../verdict/findings.js';
import type { DerivedRows } from './derived-rows.js';
import { printersOf } from './fingerprint.js';
import { ROWS_PER_QUERY, readRowsByKey } from './rows-by-key.js';
import type { KeyState, RowTracker } from './tracker.js';

/** The followed rows, compared with the tables. */
export interface FinalState {
  /** Rows that were compared. */
  readonly checked: number;
  /** Rows that were written again since their last event. */
  readonly superseded: number;
}

/** Has the server print values as events have them. */
const PRINTED_AS_IN_EVENTS = [
  "SET LOCAL DateStyle = 'ISO'",
  "SET LOCAL TimeZone = 'UTC'",
  "SET LOCAL IntervalStyle = 'postgres'",
  'SET LOCAL extra_float_digits = 1',
  "SET LOCAL bytea_output = 'hex'",
].join('; ');

/**
 * Compares the last event of each row with the table, in one database snapshot, and proves there which rows the server
 * added. Leaves out rows that were written since, and rows that row-level security may hide.
 *
 * Reads the contents of every row: that `xmin` is the transaction of its last event proves too little. The ledger has no
 * `created_at` and `updated_at`, and of an update the changed columns alone, so an event that agrees with it may differ
 * from the row in the others; and of two changes by one transaction, the stream may bring the earlier one last.
 *
 * @param isVisible whether the role sees every row of a table
 */
export async function compareFinalState(
  client: Client,
  {
    tables,
    results: { findings },
    tracker,
    derived,
  }: {
    readonly tables: Tables;
    readonly results: Results;
    readonly tracker: RowTracker;
    readonly derived: DerivedRows;
  },
  isVisible: (table: TableName) => boolean = () => true,
): Promise<FinalState> {
  let checked = 0;
  let superseded = 0;
  const printers = printersOf(tables, 0);
  const waiting = new Map<Table, Map<Key, KeyState>>(tables.map((table) => [table, new Map()]));
  /** Has the server look up the rows of a chunk, and compares them. */
  const compare = async (table: Table, chunk: Map<Key, KeyState>) => {
    const printer = printers.get(table.name)!;
    await readRowsByKey(client, table, [...chunk.keys()], columnsOf(table), (stored) => {
      const { key } = stored;
      const state = chunk.get(key);
      chunk.delete(key);
      if (state === undefined) return;
      const { present, row, xid } = state;
      if (present && row !== null && printer.hashOf(stored, state) === row) checked++;
      else if (present && (stored.xmin !== xid || row === null)) superseded++;
      else {
        const operation = present ? null : 'delete';
        const known = { table: table.name, operation, key, xid } as const;
        findings.add(exampleOf('inconsistent', 'final_state', known));
      }
    });
    for (const { present } of chunk.values()) {
      if (present || !isVisible(table.name)) superseded++;
      else checked++;
    }
  };
  // A chunk is compared while the next one is filled.
  const comparing = new OneAhead();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query(PRINTED_AS_IN_EVENTS);
  for (const state of tracker) {
    const chunk = waiting.get(state.table);
    if (chunk === undefined) continue;
    chunk.set(state.key, state);
    if (chunk.size < ROWS_PER_QUERY) continue;
    waiting.set(state.table, new Map());
    await comparing.begin(() => compare(state.table, chunk));
  }
  for (const [table, chunk] of waiting) {
    if (chunk.size > 0) await comparing.begin(() => compare(table, chunk));
  }
  await comparing.end();
  await derived.prove(client);
  await client.query('COMMIT');
  return { checked, superseded };
}

/** In the order of `RowColumns`. */
function columnsOf({ columns, serverColumns }: Table): string[] {
  return [...columns, ...serverColumns].map(({ name }) => name);
}
