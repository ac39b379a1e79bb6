import type { Rng } from '../../../src/random/rng.js';
import { baseType, type TableName } from '../../../src/schema/table.js';
import { hospital } from '../../helpers/hospital.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { changeValue, withValue } from './changes.js';
import { type Expectation, eventText, type Kind, type Mutant, violation } from './mutant.js';
import type { Sample } from './sample.js';

const CREATED = 0;
const UPDATED = 1;

/** Columns that updates of the run set. */
function changedColumns(table: TableName): readonly string[] {
  return [...hospital.events.values()]
    .filter((spec) => spec.table === table)
    .flatMap(({ change }) => change.columns);
}

function columnAt(table: TableName, place: number) {
  return hospital.tables.get(table).columns[place];
}

/** Whether the ledger's fingerprint has this value of an event. */
function isWritten(sample: Sample, { operation, table }: ReceivedRow, place: number): boolean {
  const column = columnAt(table, place);
  if (column === undefined || operation === 'delete') return false;
  if (sample.readsBack(table)) return true;
  return operation === 'insert' || place === 0 || changedColumns(table).includes(column.name);
}

/**
 * The evidence besides the ledger that a value is wrong: other events of the row, or the table; null: there is none.
 * The server overwrites some values later, and `updated_at` always: only the table contradicts these, and only in the
 * last version of a row. Its xmin must be the transaction's xid; that of a row written after a savepoint is another xid.
 */
function contradicted(sample: Sample, at: number, place: number): 'stream' | 'table' | null {
  const event = sample.events[at]!;
  const { table } = event;
  const isRow = (other: ReceivedRow) => other.table === table && other.key === event.key;
  const before = sample.events.slice(0, at).findLast(isRow);
  const next = sample.events.findIndex((other, i) => i > at && isRow(other));
  const { columns } = hospital.tables.get(table);
  const column = columnAt(table, place);
  const isLast = next === -1 && sample.groupOf[at]!.recorded?.savepoints === false;
  // If triggers may have changed the row in between, only the table shows it.
  if (sample.adds && isLast) return 'table';
  const stays =
    column === undefined
      ? // A BEFORE trigger may have set the time again.
        place === columns.length + CREATED && !sample.readsBack(table)
      : !changedColumns(table).includes(column.name);
  if (stays && event.operation === 'update' && before !== undefined) {
    if (before.operation !== 'delete') return 'stream';
  }
  if (next !== -1) {
    const isOwnUpdate = sample.isOwn(next) && sample.events[next]!.operation === 'update';
    return stays && isOwnUpdate ? 'stream' : null;
  }
  return isLast ? 'table' : null;
}

/** A fitting value of an event of the run; likelier in a small transaction. */
function pick(
  sample: Sample,
  rng: Rng,
  fits: (event: ReceivedRow, place: number) => boolean,
): { at: number; place: number } | null {
  for (let tries = 0; tries < 10; tries++) {
    const group = rng.pick(sample.own);
    const found = fitting(sample, rng.between(group.begin, group.end - 1), fits);
    if (found.length > 0) return rng.pick(found);
  }
  // Rare values would be drawn too seldom.
  const all = sample.events.flatMap((_, at) => (sample.isOwn(at) ? fitting(sample, at, fits) : []));
  return all.length === 0 ? null : rng.pick(all);
}

function fitting(
  { events }: Sample,
  at: number,
  fits: (event: ReceivedRow, place: number) => boolean,
): { at: number; place: number }[] {
  const event = events[at]!;
  // Not the id: it would make the event another row's.
  const places = [...(event.values?.keys() ?? [])].filter(
    (place) => place > 0 && fits(event, place),
  );
  return places.map((place) => ({ at, place }));
}

function changed(
  sample: Sample,
  found: { at: number; place: number } | null,
  change: (event: ReceivedRow, place: number) => ReceivedRow,
): Mutant | null {
  if (found === null) return null;
  const { at, place } = found;
  const event = sample.events[at]!;
  const other = change(event, place);
  const expected = expectedOf(sample, at, place, other.values?.[place] ?? null);
  if (expected === null) return null;
  const description = `${eventText(event)}: value ${place} is ${other.values?.[place]}, was ${event.values?.[place]}`;
  return { script: sample.events.with(at, other), description, ...expected };
}

function expectedOf(
  sample: Sample,
  at: number,
  place: number,
  value: string | null,
): { expected: Expectation; tables: boolean } | null {
  const event = sample.events[at]!;
  const { recorded: transaction, xid } = sample.groupOf[at]!;
  const other = contradicted(sample, at, place);
  // A null where the table takes none is wrong even where the ledger does not have the column.
  const isImpossible = value === null && columnAt(event.table, place)?.notNull === true;
  const isRecorded = isImpossible || isWritten(sample, event, place);
  if (transaction?.droppedAny === false && isRecorded) {
    const detail = isImpossible ? 'null_in_not_null' : 'contents';
    const suspect = { violation: 'altered', details: [detail], xids: [xid] } as const;
    // Both the ledger and other events of the row may show it.
    return { expected: violation([suspect], ['inconsistent']), tables: other === 'table' };
  }
  if (other === null) return null;
  if (other === 'stream' && sample.adds) {
    return { expected: { verdict: 'indeterminate', doubt: 'server_changed' }, tables: false };
  }
  const details = ['column_changed', 'final_state'] as const;
  return {
    expected: violation([{ violation: 'inconsistent', details, keys: [event.key] }]),
    tables: other === 'table',
  };
}

function ofType(type: string): Kind {
  return {
    name: `a ${type} changed`,
    weight: 2,
    make: (sample, rng) =>
      changed(
        sample,
        pick(sample, rng, ({ table }, place) => {
          const column = columnAt(table, place);
          return column !== undefined && baseType(column.type) === type;
        }),
        (event, place) => changeValue(event, place, rng),
      ),
  };
}

function ofServer(name: string, offset: number): Kind {
  return {
    name: `${name} changed`,
    weight: 2,
    make: (sample, rng) =>
      changed(
        sample,
        pick(
          sample,
          rng,
          ({ table }, place) => place === hospital.tables.get(table).columns.length + offset,
        ),
        (event, place) => changeValue(event, place, rng),
      ),
  };
}

function confused(name: string, from: (value: unknown) => boolean, to: string | null): Kind {
  return {
    name,
    make: (sample, rng) =>
      changed(
        sample,
        pick(sample, rng, ({ values }, place) => from(values?.[place])),
        (event, place) => withValue(event, place, to),
      ),
  };
}

/** A value, in an update's event, of a column that the update does not set. */
const leftAlone: Kind = {
  name: 'a value changed that the update does not set',
  weight: 3,
  make: (sample, rng) =>
    changed(
      sample,
      pick(sample, rng, (event, place) => {
        const column = columnAt(event.table, place);
        return (
          event.operation === 'update' && column !== undefined && !isWritten(sample, event, place)
        );
      }),
      (event, place) => {
        const value = event.values?.[place];
        // Null and empty text differ here, too.
        if (value === null || value === '')
          return withValue(event, place, value === '' ? null : '');
        return changeValue(event, place, rng);
      },
    ),
};

export const CONTENTS: readonly Kind[] = [
  ofType('bigint'),
  ofType('character varying'),
  ofType('date'),
  ofType('timestamp without time zone'),
  ofServer('created_at', CREATED),
  ofServer('updated_at', UPDATED),
  leftAlone,
  confused('a null made empty', (value) => value === null, ''),
  confused('a null filled', (value) => value === null, '0'),
  confused('an empty value made null', (value) => value === '', null),
  confused('a value made null', (value) => typeof value === 'string' && value !== '', null),
];
