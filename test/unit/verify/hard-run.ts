import { keyOf } from '../../../src/ledger/row-key.js';
import type { Change } from '../../../src/ledger/writer.js';
import { defineColumn, defineTable } from '../../../src/schema/define.js';
import type { EventSpec } from '../../../src/schema/event.js';
import { NO_HAZARDS } from '../../../src/schema/hazards.js';
import { Schema, type SchemaSpec } from '../../../src/schema/schema.js';
import type { Column, Row, Table, TableSpec } from '../../../src/schema/table.js';
import { HOSPITAL as BASE } from '../../../src/schemas/hospital/index.js';
import {
  type EventOperation,
  type Projection,
  type RowColumns,
  type RowValues,
  type Sink,
  TextColumns,
} from '../../../src/sources/source.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { ListSource, scriptDocument, verifySource } from '../../helpers/verify-script.js';
import { SmallRun } from './small-run.js';

const column = (name: string, type: string, more: Partial<Column> = {}): Column =>
  defineColumn(name, type, { notNull: false, ...more });

function tableOf(name: string, key: readonly string[], columns: readonly Column[]): TableSpec {
  return defineTable({ number: 0, name, columns, key });
}

/** Updates set the last column. */
const changing = (table: TableSpec): EventSpec =>
  ({
    type: table.name,
    table: table.name,
    change: { columns: [table.columns.at(-1)!.name] },
    deletable: 'true',
  }) as unknown as EventSpec;

const SIGNS = tableOf(
  'signs',
  ['patient', 'at'],
  [
    column('patient', 'bigint', { notNull: true }),
    column('at', 'timestamp with time zone', { notNull: true }),
    column('weight', 'numeric', { lossy: true }),
    column('note', 'text', { notNull: true }),
    column('temperature', 'numeric(4,1)', { lossy: true }),
  ],
);
const AUDITS: TableSpec = {
  ...tableOf(
    'audits',
    [],
    [column('who', 'text', { notNull: true }), column('what', 'text'), column('seen', 'boolean')],
  ),
  addedColumns: [{ name: 'origin', type: 'text' }],
};
const ITEMS = tableOf(
  'items',
  ['code'],
  [
    column('code', 'character varying(24)', { notNull: true }),
    column('main', 'text'),
    column('price', 'text'),
  ],
);
const NOTES: TableSpec = {
  ...tableOf(
    'notes',
    ['id'],
    [
      column('id', 'bigint', { notNull: true }),
      column('patient', 'bigint', { notNull: true }),
      column('weight', 'numeric', { lossy: true }),
      column('body', 'text', { notNull: true, toast: true }),
      column('file', 'bytea', { toast: true }),
      column('state', 'text', { notNull: true }),
    ],
  ),
  addedColumns: [
    { name: 'revision', type: 'bigint' },
    { name: 'version', type: 'bigint' },
  ],
};
const TABLES = [SIGNS, AUDITS, ITEMS, NOTES];

const HARD: SchemaSpec = {
  name: 'hard',
  tables: TABLES,
  events: TABLES.map(changing),
  rules: [],
  scripts: [],
  schemas: [],
  drop: [],
  characters: '',
  hazards: NO_HAZARDS,
};

/** The hospital, and a table of each other kind of key. */
export const HARD_SCHEMA = new Schema(BASE, [HARD]);

/** A change of one row as a source delivers it: all values, or those of the old row for the key. */
export interface HardEvent {
  readonly event: ReceivedRow;
  /** By place, the loss of a value. */
  readonly losses?: Readonly<Record<number, Projection>>;
  /** The event lacks its key. */
  readonly keyless?: true;
}

/** A row of which a pipeline's settings cut some values. */
class CutColumns implements RowColumns {
  readonly precision = 'microseconds';
  readonly #values: TextColumns;
  readonly #losses: Readonly<Record<number, Projection>>;

  constructor({ values, unchanged }: ReceivedRow, losses: Readonly<Record<number, Projection>>) {
    this.#values = new TextColumns(values ?? [], unchanged);
    this.#losses = losses;
  }

  text(column: number): string | null | undefined {
    return this.#values.text(column);
  }

  hash(column: number, before: number): number | null {
    return this.#values.hash(column, before);
  }

  isUnchanged(column: number): boolean {
    return this.#values.isUnchanged(column);
  }

  projected(column: number): Projection | null {
    return this.#losses[column] ?? null;
  }
}

/** A run with tables of every kind of key, and its stream. */
export class HardRun {
  readonly #run: SmallRun;
  #xid = 100;
  #place = 0;
  readonly events: HardEvent[] = [];

  constructor(folder: string) {
    this.#run = new SmallRun(folder, HARD_SCHEMA);
  }

  /**
   * Records a committed transaction of these changes, and adds its events.
   *
   * @param delivered the rows after the changes, one for each row of the changes; left out: those of the changes
   */
  commit(changes: readonly Change[], delivered: readonly (readonly RowValues[])[] = []): void {
    const xid = this.#xid++;
    this.#run.record({ xid, changes });
    let order = 0;
    for (const [i, { table, operation, rows }] of changes.entries()) {
      for (const [k, row] of rows.entries()) {
        const of = HARD_SCHEMA.tables.get(table);
        const values = operation === 'delete' ? null : (delivered[i]?.[k] ?? row.map(textOf));
        this.add(of, operation, keyOf(of, row), values, xid, ++order);
      }
    }
  }

  /** Adds an event. */
  add(
    { name }: Table,
    operation: EventOperation,
    key: ReceivedRow['key'],
    values: RowValues | null,
    xid: number,
    order: number,
  ): void {
    this.events.push({
      event: {
        operation,
        table: name,
        key,
        xid,
        lsn: xid * 100 + order,
        order,
        watermark: xid * 100,
        values,
        committedAt: null,
        connectorAt: null,
        receivedAt: 0,
        partition: 0,
        position: ++this.#place,
        origin: null,
        snapshot: null,
      },
    });
  }

  end(): void {
    this.#run.end();
  }
}

function textOf(value: Row[number]): string | null {
  return value === null ? null : String(value);
}

/** The verdict about a stream: `alter` is what a pipeline makes of the run's events. */
export async function judge(
  compose: (run: HardRun) => void,
  alter: (events: readonly HardEvent[]) => readonly HardEvent[] = (events) => events,
): Promise<VerificationDocument> {
  let document: VerificationDocument | null = null;
  await withTempFolder(async (folder) => {
    const run = new HardRun(folder);
    compose(run);
    run.end();
    const source = new ListSource(alter(run.events), giveTo, {});
    const { tables } = HARD_SCHEMA;
    document = scriptDocument(await verifySource(folder, source, { tables }));
  });
  return document!;
}

function giveTo(sink: Sink) {
  return ({ event, losses = {}, keyless }: HardEvent) => {
    if (keyless) sink.changeWithoutKey(event);
    else sink.row(event, event.values === null ? null : new CutColumns(event, losses));
  };
}
