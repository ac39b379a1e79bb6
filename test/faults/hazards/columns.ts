import type { Rng } from '../../../src/random/rng.js';
import type { Change, Column } from '../hard-rows/consumer.js';
import {
  changed,
  type Fault,
  type Planted,
  pickOf,
  replacing,
  rowOf,
  shown,
  tableOf,
} from './fault.js';
import type { RowDelivered } from './reader.js';
import { SCHEMA } from './run.js';
import type { Sample } from './sample.js';

/** A schema change adds it to an enum. */
const NEW_VALUE = 'inalatória';

/** Rows of a table between two changes of its columns. */
interface Span {
  readonly table: string;
  readonly events: readonly RowDelivered[];
  /** The added columns, of these rows and of those before. */
  readonly added: readonly Column[];
  readonly before: readonly Column[];
}

function addedOf(event: RowDelivered): Column[] {
  const { addedColumns } = SCHEMA.tables.get(tableOf(event));
  return event.change.columns.filter(({ name }) => addedColumns.some((each) => each.name === name));
}

function namesOf(columns: readonly Column[]): string {
  return columns.map(({ name }) => name).join();
}

function spansOf(sample: Sample): Span[] {
  const spans: (Span & { readonly events: RowDelivered[] })[] = [];
  const last = new Map<string, (typeof spans)[number]>();
  // A delete has only its key.
  for (const event of sample.rows.filter(({ change }) => change.operation !== 'delete')) {
    const table = tableOf(event);
    const added = addedOf(event);
    const before = last.get(table);
    if (before !== undefined && namesOf(before.added) === namesOf(added)) {
      before.events.push(event);
      continue;
    }
    const span = { table, events: [event], added, before: before?.added ?? [] };
    last.set(table, span);
    spans.push(span);
  }
  return spans;
}

function valueIn({ columns, row }: Change, column: string) {
  return row![columns.findIndex(({ name }) => name === column)];
}

type Amount = 'every row' | 'one row';

/** Writes the rows of a span with other columns. `spoil`: of a change, which columns and values it has. */
function spoiling(
  sample: Sample,
  rng: Rng,
  {
    span,
    column,
    amount,
  }: { readonly span: Span; readonly column: string; readonly amount: Amount },
  spoil: (change: Change) => Partial<Change>,
): Planted {
  const events = amount === 'every row' ? span.events : [rng.pick(span.events)];
  const lines = events.map((event) => {
    return [event, sample.linesOf(changed(event, spoil(event.change)))] as const;
  });
  return {
    lines: replacing(sample, new Map(lines)),
    ...{ table: span.table, keys: events.flatMap((event) => rowOf(event).keys), column },
  };
}

function forgets(amount: Amount): Fault {
  return {
    ...{ fault: 'forgets a column added mid-stream', form: amount },
    shown: [shown('altered', 'column_lost')],
    plant(sample, rng) {
      const span = pickOf(
        spansOf(sample).filter(({ added }) => added.length > 0),
        rng,
      );
      if (span === null) return null;
      const { name: column } = rng.pick(span.added);
      return spoiling(sample, rng, { span, column, amount }, ({ columns }) => ({
        columns: columns.map((each) =>
          each.name === column ? { ...each, name: `${column}?` } : each,
        ),
      }));
    },
  };
}

function keeps(amount: Amount): Fault {
  return {
    ...{ fault: 'keeps a dropped column', form: amount },
    shown: [shown('altered', 'column_stays')],
    plant(sample, rng) {
      const span = pickOf(
        spansOf(sample).filter(({ added, before }) => before.length > 0 && added.length === 0),
        rng,
      );
      if (span === null) return null;
      const kept = rng.pick(span.before);
      return spoiling(
        sample,
        rng,
        { span, column: kept.name, amount },
        ({ columns, row, old }) => ({
          columns: [...columns, kept],
          row: [...row!, null],
          old: old === null ? null : { ...old, tuple: [...old.tuple, null] },
        }),
      );
    },
  };
}

function keepsName(amount: Amount): Fault {
  return {
    ...{ fault: 'keeps the old name of a column', form: amount },
    shown: [shown('altered', 'column_lost')],
    plant(sample, rng) {
      const span = pickOf(
        spansOf(sample).filter(({ added, before }) => before.length > 0 && added.length > 0),
        rng,
      );
      if (span === null) return null;
      const [[from], [to]] = [span.added, span.before];
      const column = from!.name;
      return spoiling(sample, rng, { span, column, amount }, ({ columns }) => ({
        columns: columns.map((each) => (each.name === column ? { ...each, name: to!.name } : each)),
      }));
    },
  };
}

/** Faults in the columns that a schema change adds, renames or drops. */
export const COLUMN_FAULTS: readonly Fault[] = [
  ...[forgets('every row'), forgets('one row')],
  ...[keeps('every row'), keeps('one row')],
  ...[keepsName('every row'), keepsName('one row')],
  {
    ...{ fault: 'spoils the value of an added column', form: 'null' },
    shown: [shown('altered', 'contents')],
    plant(sample, rng) {
      // NULL in every row of a column without a default.
      const spans = spansOf(sample).filter(({ added, events: [first] }) =>
        added.some((column) => valueIn(first!.change, column.name) !== null),
      );
      const span = pickOf(spans, rng);
      if (span === null) return null;
      const { name: column } = span.added[0]!;
      return spoiling(sample, rng, { span, column, amount: 'one row' }, ({ columns, row }) => ({
        row: row!.map((value, i) => (columns[i]!.name === column ? null : value)),
      }));
    },
  },
  {
    ...{ fault: 'does not know a new value of an enum', form: 'null' },
    shown: [shown('altered', 'contents', 'null_in_not_null')],
    plant(sample, rng) {
      const event = pickOf(
        sample.rows.filter(({ change }) => change.row?.includes(NEW_VALUE) === true),
        rng,
      );
      if (event === null) return null;
      const row = event.change.row!.map((value) => (value === NEW_VALUE ? null : value));
      const lines = sample.linesOf(changed(event, { row }));
      return { lines: replacing(sample, new Map([[event, lines]])), ...rowOf(event) };
    },
  },
];
