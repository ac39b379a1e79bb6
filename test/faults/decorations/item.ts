import { baseType } from '../../../src/schema/table.js';
import type { Ignored } from '../../../src/sources/source.js';
import type { LineRow } from '../../helpers/debezium-lines.js';
import { hospital } from '../../helpers/hospital.js';
import type { ReceivedRow } from '../../helpers/received-row.js';

/** An item of a decorated stream. */
export type Item = LineRow | Ignored | 'idle' | 'blank';

/** Whether an item is an event of the run's own tables, as the run's connector writes it. */
export function isHome(item: Item): item is LineRow {
  return typeof item === 'object' && item.from === undefined;
}

/** Whether this place is between two transactions. */
export function isSeam(items: readonly Item[], at: number): boolean {
  const before = items[at - 1];
  const after = items[at];
  if (typeof before !== 'object' || typeof after !== 'object') return before === undefined;
  return before.xid !== after.xid;
}

const writable = new WeakMap<ReceivedRow, LineRow>();
/** Half of a surrogate pair. */
const HALF_PAIR = /\p{Surrogate}/u;

/** An event with nulls instead of values that no connector could write: harms change text. */
export function asWritable(event: LineRow): LineRow {
  const kept = writable.get(event);
  if (kept !== undefined) return kept;
  const { columns, serverColumns } = hospital.tables.get(event.table);
  const types = [...columns, ...serverColumns].map(({ type }) => baseType(type));
  const values = event.values?.map((value, place) => {
    if (typeof value !== 'string') return value;
    return isOfType(value, types[place]!) ? value : null;
  });
  const same = values === undefined || values.every((value, at) => value === event.values?.[at]);
  const written = same ? event : { ...event, values: values ?? null };
  writable.set(event, written);
  return written;
}

function isOfType(text: string, type: string): boolean {
  switch (type) {
    case 'bigint':
      return /^-?(?:0|[1-9]\d{0,18})$/.test(text);
    case 'character varying':
      return !HALF_PAIR.test(text);
    case 'date':
      return isDay(text);
    default:
      return /^\S{10} (?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\.\d{1,6})?$/.test(text)
        ? isDay(text.slice(0, 10))
        : false;
  }
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}
