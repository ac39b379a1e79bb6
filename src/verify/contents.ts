import { EVENT_TYPES, EVENTS } from '../hospital/events/index.js';
import { mix } from '../hospital/mix.js';
import { TABLE_NAMES, TABLES, type TableName } from '../hospital/tables.js';
import type { EventOperation, RowEvent } from '../intake/event.js';
import { SERVER_COLUMNS } from '../intake/event.js';
import { BASIS, beginRow, hashText, NULL, PRIME, SEPARATOR } from '../ledger/digest.js';

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

/** How the columns of a table are looked at. */
interface Plan {
  /** Columns of the table, and behind them those of the server. */
  readonly columns: number;
  /** Those that an insert of the generator writes: the first ones. */
  readonly written: number;
  /** Those that an update sets, in its order, behind the key. */
  readonly changed: readonly number[];
  /** Whether updates leave a column alone. */
  readonly stable: readonly boolean[];
  /** What the hash of a row begins with. */
  readonly begin: Readonly<Record<'insert' | 'update' | 'delete', number>>;
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
    written: names.length,
    changed: [0, ...changed.map((column) => names.indexOf(column))],
    stable: all.map(
      (name, i) => !changed.includes(name) && (i < names.length || name === createdAt),
    ),
    begin: {
      insert: beginRow(table, 'insert'),
      update: beginRow(table, 'update'),
      delete: beginRow(table, 'delete'),
    },
  };
}

const NOTHING: Contents = { written: null, row: 0, stable: 0, whole: false };

/** The hashes of what an event says. */
export function contentsOf({ operation, table, key, values }: RowEvent): Contents {
  const { begin, changed } = PLANS[table];
  if (operation === 'delete') {
    return { ...NOTHING, written: mix(hashText(begin.delete, String(key))) };
  }
  if (values === null) return NOTHING;
  const told = contentsOfRow(table, values);
  if (operation === 'insert') return told;
  if (operation === 'snapshot') return { ...told, written: null };
  let hash = begin.update;
  for (const place of changed) {
    const value = values[place];
    if (value === undefined) return { ...told, written: null };
    hash = hashText(hash, value ?? NULL);
  }
  return { ...told, written: mix(hash) };
}

/**
 * The hashes of a row, `written` as of an insert. Each character is looked at once: the chain of hashes that
 * the ledger has of a row, and each column's own, go side by side.
 */
export function contentsOfRow(
  table: TableName,
  values: readonly (string | null | undefined)[],
): Contents {
  const plan = PLANS[table];
  let chain = plan.begin.insert | 0;
  let told = true;
  let whole = true;
  let row = 0;
  let stable = 0;
  for (let i = 0; i < plan.columns; i++) {
    const value = values[i];
    let own = (BASIS + i) | 0;
    if (value === undefined) {
      whole = false;
      if (i < plan.written) told = false;
    } else {
      const text = value ?? NULL;
      const { length } = text;
      if (i < plan.written) {
        for (let at = 0; at < length; at++) {
          const code = text.charCodeAt(at);
          chain = Math.imul(chain ^ code, PRIME);
          own = Math.imul(own ^ code, PRIME);
        }
        chain = Math.imul(chain ^ SEPARATOR, PRIME);
        own = Math.imul(own ^ SEPARATOR, PRIME);
      } else {
        own = ownOf(text, own, i - plan.written);
      }
    }
    own = mix(own);
    row = (row + own) | 0;
    if (plan.stable[i] === true) stable = (stable + own) | 0;
  }
  return { written: told ? mix(chain) : null, row, stable, whole };
}

/** The server fills in the same times for all rows of a transaction: the last ones, and their hashes. */
const lastTexts: string[] = SERVER_COLUMNS.map(() => '');
const lastBegins: number[] = SERVER_COLUMNS.map(() => 0);
const lastHashes: number[] = SERVER_COLUMNS.map(() => 0);

function ownOf(text: string, begin: number, column: number): number {
  if (text === lastTexts[column] && begin === lastBegins[column]) return lastHashes[column]!;
  const hash = hashText(begin, text);
  lastTexts[column] = text;
  lastBegins[column] = begin;
  lastHashes[column] = hash;
  return hash;
}

const TABLE_CODES = Object.fromEntries(TABLE_NAMES.map((table, i) => [table, i])) as Record<
  TableName,
  number
>;
const OPERATION_CODES: Readonly<Record<EventOperation, number>> = {
  insert: 0,
  update: 1,
  delete: 2,
  snapshot: 3,
};
/** Operations times tables, rounded up. */
const CODES = 32;

/** A row and what was done to it, as one number: exact for the ids of a ledger. */
export function rowCode(table: TableName, operation: EventOperation, key: number): number {
  return key * CODES + TABLE_CODES[table] * 4 + OPERATION_CODES[operation];
}
