import { EVENT_TYPES, EVENTS } from '../hospital/events/index.js';
import { mix } from '../hospital/mix.js';
import { TABLE_NAMES, TABLES, type TableName } from '../hospital/tables.js';
import { type RowColumns, type RowEvent, SERVER_COLUMNS } from '../intake/event.js';
import { type RowValues, TextColumns } from '../intake/text-columns.js';
import { BASIS, beginRow, hashRow } from '../ledger/digest.js';

/** What an event says of a row, as hashes of 32 bits. */
export interface Contents {
  /** What the generator wrote of it, as the ledger's digest has it; null where the event leaves some out. */
  readonly written: number | null;
  /** All columns, those of the server included, whatever the operation. */
  readonly row: number;
  /** The columns that no update of the generator sets, and when the row was made. */
  readonly stable: number;
  /** Whether all columns are told. */
  readonly whole: boolean;
}

/** What the generator writes of a row, as it is hashed. */
interface Written {
  /** What the hash begins with. */
  readonly begin: number;
  /** Of the columns, in the order in which they go into it. */
  readonly places: readonly number[];
}

/** How the columns of a table are looked at. */
interface Plan {
  /** Columns of the table, and behind them those of the server. */
  readonly columns: number;
  /** Whether updates leave a column alone. */
  readonly stable: readonly boolean[];
  readonly insert: Written;
  readonly update: Written;
}

const PLANS = Object.fromEntries(
  TABLE_NAMES.map((table) => [table, planOf(table)]),
) as unknown as Readonly<Record<TableName, Plan>>;

function planOf(table: TableName): Plan {
  const names = TABLES[table].columns.map(({ name }) => name);
  const spec = EVENT_TYPES.map((type) => EVENTS[type]).find((event) => event.table === table);
  const changed = spec?.change.columns ?? [];
  const [createdAt] = SERVER_COLUMNS;
  const all = [...names, ...SERVER_COLUMNS];
  return {
    columns: all.length,
    stable: all.map(
      (name, i) => !changed.includes(name) && (i < names.length || name === createdAt),
    ),
    insert: { begin: beginRow(table, 'insert'), places: names.map((_, place) => place) },
    update: {
      begin: beginRow(table, 'update'),
      // The key comes first.
      places: [0, ...changed.map((column) => names.indexOf(column))],
    },
  };
}

const NOTHING: Contents = { written: null, row: 0, stable: 0, whole: false };

/** The hashes of what an event says. */
export function contentsOf(event: RowEvent, columns: RowColumns | null): Contents {
  const { operation, table } = event;
  if (operation === 'delete') return { ...NOTHING, written: hashRow(table, 'delete', [event.key]) };
  if (columns === null) return NOTHING;
  const plan = PLANS[table];
  let row = 0;
  let stable = 0;
  let whole = true;
  for (let place = 0; place < plan.columns; place++) {
    const hash = columns.hash(place, (BASIS + place) | 0);
    if (hash === null) {
      whole = false;
      continue;
    }
    const own = mix(hash);
    row = (row + own) | 0;
    if (plan.stable[place] === true) stable = (stable + own) | 0;
  }
  const written = operation === 'snapshot' ? null : writtenOf(plan[operation], columns);
  return { written, row, stable, whole };
}

/** The hash of what a snapshot of the tables has of a row: `Contents.row`. */
export function rowHash(table: TableName, values: RowValues): number {
  const columns = new TextColumns(values);
  let row = 0;
  for (let place = 0; place < PLANS[table].columns; place++) {
    row = (row + mix(columns.hash(place, (BASIS + place) | 0) ?? 0)) | 0;
  }
  return row;
}

/** The hash that the ledger's digest has of a row. */
function writtenOf({ begin, places }: Written, columns: RowColumns): number | null {
  let chain: number | null = begin;
  for (let i = 0; i < places.length && chain !== null; i++) {
    chain = columns.hash(places[i]!, chain);
  }
  return chain === null ? null : mix(chain);
}
