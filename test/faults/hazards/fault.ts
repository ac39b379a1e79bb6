import type { Rng } from '../../../src/random/rng.js';
import type { Key } from '../../../src/schema/table.js';
import type { Detail, Violation } from '../../../src/verify/verdict/findings.js';
import { type NamedRow, namedRow, namedTable } from '../hard-rows/named-row.js';
import type { Event, RowDelivered, Transaction } from './reader.js';
import { SCHEMA } from './run.js';
import type { Line, Sample } from './sample.js';

/** A violation that names a fault. */
export interface Shown {
  readonly violation: Violation;
  readonly details: readonly Detail[];
}

/** The lines of a consumer whose fault shows in one place. */
export interface Planted {
  readonly lines: readonly Line[];
  /** The table, key and column that the verdict names. A null among the keys: it names none. */
  readonly table: string | null;
  readonly keys: readonly (Key | null)[];
  readonly column?: string;
}

/** A fault of a consumer, in one of its forms. */
export interface Fault {
  /** The name of the fault; its forms share it. */
  readonly fault: string;
  readonly form: string;
  /** The violations that name it: one of them is reported. */
  readonly shown: readonly Shown[];
  /** The publication that the consumer reads; left out: that of the sample. */
  readonly publication?: string;
  /** Null: this sample has no place for it. */
  plant(sample: Sample, rng: Rng): Planted | null;
}

export const MISSING: Shown = {
  violation: 'missing',
  details: ['row_missing', 'transaction_missing'],
};

export function shown(violation: Violation, ...details: Detail[]): Shown {
  return { violation, details };
}

/** One of a list; null: it is empty. */
export function pickOf<T>(list: readonly T[], rng: Rng): T | null {
  return list.length === 0 ? null : rng.pick(list);
}

const rows = new WeakMap<RowDelivered, NamedRow>();

/** The row of an event, as the verdict names it. */
export function rowOf(event: RowDelivered): NamedRow {
  const row = rows.get(event) ?? namedRow(SCHEMA.tables, event.change);
  rows.set(event, row);
  return row;
}

/** The run's name of the table of an event. */
export function tableOf(event: Event): string {
  if (event.kind === 'message') throw new Error('a message is of no table');
  return event.kind === 'row' ? rowOf(event).table : namedTable(SCHEMA.tables, event).name;
}

/** The rows of lines. */
export function rowsOf(lines: readonly Line[]): RowDelivered[] {
  const events = new Set(lines.map(({ event }) => event));
  return [...events].filter((event): event is RowDelivered => event?.kind === 'row');
}

/** All lines but these. */
export function without(sample: Sample, lost: readonly Line[]): Line[] {
  const gone = new Set(lost);
  return sample.lines.filter((line) => !gone.has(line));
}

/** All lines, with others in place of those of some events. */
export function replacing(sample: Sample, others: ReadonlyMap<Event, readonly Line[]>): Line[] {
  const done = new Set<Event>();
  return sample.lines.flatMap((line) => {
    const { event } = line;
    const other = event === null ? undefined : others.get(event);
    if (event === null || other === undefined) return [line];
    if (done.has(event)) return [];
    done.add(event);
    return other;
  });
}

/** All lines, with further ones before one of them. */
export function inserted(sample: Sample, more: readonly Line[], before: Line): Line[] {
  return sample.lines.flatMap((line) => (line === before ? [...more, line] : [line]));
}

/** Lines, of which some stand before another one, or after it. */
export function moved(
  lines: readonly Line[],
  some: readonly Line[],
  to: { readonly before: Line } | { readonly after: Line },
): Line[] {
  const moving = new Set(some);
  const rest = lines.filter((line) => !moving.has(line));
  return rest.flatMap((line) => {
    if ('before' in to) return line === to.before ? [...some, line] : [line];
    return line === to.after ? [line, ...some] : [line];
  });
}

/** The transactions that the lines have and that are followed, with their lines. */
export function followed(sample: Sample): [of: Transaction, lines: readonly Line[]][] {
  return [...sample.committed].filter(([of]) => sample.isFollowed(of));
}

/** A change as a wrong consumer takes it. */
export function changed(event: RowDelivered, parts: Partial<RowDelivered['change']>): RowDelivered {
  return { ...event, change: { ...event.change, ...parts } };
}
