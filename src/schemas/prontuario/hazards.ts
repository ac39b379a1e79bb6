import {
  type Emptied,
  type HazardSpec,
  NO_HAZARDS,
  type Repair,
  type SchemaChange,
} from '../../schema/hazards.js';
import { columnIndex, type Row, sqlName, type TableSpec, type Value } from '../../schema/table.js';
import { AUDITORIA, ITENS_DA_CONTA, PRESCRICOES, PRONTUARIOS, SINAIS_VITAIS } from './tables.js';

/** A value of the enum that the extension is created without. */
const NEW_ROUTE = 'inalatória';
const ROUTE_EXISTS = `EXISTS (SELECT FROM pg_enum
  WHERE enumtypid = to_regtype('via_administracao') AND enumlabel = '${NEW_ROUTE}')`;

const INDEX = 'idx_prescricoes_via';

/** A month that no measurement is of, so that the DEFAULT partition has no row of it. */
const NEW_MONTH: Emptied = {
  partition: SINAIS_VITAIS.addedPartitions[0]!,
  where: "medido_em >= '2100-01-01 00:00:00+00' AND medido_em < '2100-02-01 00:00:00+00'",
};

/** The greatest `integer`: a consumer that keeps the type from before the column was widened shows it no sooner. */
const LAST_INTEGER = '2147483647';

/** The steps of different tables alternate: each table is as its step left it for a while. */
const CHANGES: readonly SchemaChange[] = [
  change('add-column-default', PRONTUARIOS, {
    statements: [alter(PRONTUARIOS, 'ADD COLUMN revisao integer NOT NULL DEFAULT 1')],
    columns: { revisao: '1' },
  }),
  change('add-column', SINAIS_VITAIS, {
    statements: [alter(SINAIS_VITAIS, 'ADD COLUMN aparelho varchar(40)')],
    columns: { aparelho: null },
  }),
  change('add-column-default', AUDITORIA, {
    statements: [alter(AUDITORIA, "ADD COLUMN origem text NOT NULL DEFAULT 'integração'")],
    columns: { origem: 'integração' },
  }),
  change('add-column-default', ITENS_DA_CONTA, {
    statements: [
      alter(ITENS_DA_CONTA, `ADD COLUMN "Lote Nº" integer NOT NULL DEFAULT ${LAST_INTEGER}`),
    ],
    columns: { 'Lote Nº': LAST_INTEGER },
  }),
  change('widen-column', PRONTUARIOS, {
    statements: [alter(PRONTUARIOS, 'ALTER COLUMN revisao TYPE bigint')],
    rewrites: true,
    columns: { revisao: '1' },
  }),
  change('add-enum-value', PRESCRICOES, {
    statements: [`ALTER TYPE via_administracao ADD VALUE IF NOT EXISTS '${NEW_ROUTE}'`],
    stays: ROUTE_EXISTS,
  }),
  change('create-index', PRESCRICOES, {
    statements: [`CREATE INDEX ${INDEX} ON prescricoes (via)`],
    // The transaction that adds a value of an enum cannot use it yet.
    rowOf: (row) => replaced(PRESCRICOES, row, 'via', () => NEW_ROUTE),
  }),
  change('rename-column', PRONTUARIOS, {
    statements: [alter(PRONTUARIOS, 'RENAME COLUMN revisao TO versao')],
    columns: { versao: '1' },
  }),
  change('widen-column', ITENS_DA_CONTA, {
    statements: [alter(ITENS_DA_CONTA, 'ALTER COLUMN "Lote Nº" TYPE bigint')],
    rewrites: true,
    columns: { 'Lote Nº': LAST_INTEGER },
  }),
  change('create-partition', SINAIS_VITAIS, {
    statements: [
      `CREATE TABLE ${NEW_MONTH.partition} PARTITION OF sinais_vitais
         FOR VALUES FROM ('2100-01-01 00:00:00+00') TO ('2100-02-01 00:00:00+00')`,
    ],
    // The day and its time stay, by which the moments of measurements differ.
    rowOf: (row) =>
      replaced(SINAIS_VITAIS, row, 'medido_em', (moment) => `2100-01-${String(moment).slice(8)}`),
  }),
  change('rename-column', SINAIS_VITAIS, {
    statements: [alter(SINAIS_VITAIS, 'RENAME COLUMN aparelho TO equipamento')],
    columns: { equipamento: null },
  }),
  change('rename-column', ITENS_DA_CONTA, {
    statements: [alter(ITENS_DA_CONTA, 'RENAME COLUMN "Lote Nº" TO "Lote de Envio"')],
    columns: { 'Lote de Envio': LAST_INTEGER },
  }),
  change('drop-column', AUDITORIA, {
    statements: [alter(AUDITORIA, 'DROP COLUMN origem')],
    columns: {},
  }),
  change('drop-index', PRESCRICOES, { statements: [`DROP INDEX ${INDEX}`] }),
  change('drop-column', PRONTUARIOS, {
    statements: [alter(PRONTUARIOS, 'DROP COLUMN versao')],
    columns: {},
  }),
  change('drop-partition', SINAIS_VITAIS, {
    statements: [`DROP TABLE ${NEW_MONTH.partition}`],
    emptied: NEW_MONTH,
  }),
  change('drop-column', SINAIS_VITAIS, {
    statements: [alter(SINAIS_VITAIS, 'DROP COLUMN equipamento')],
    columns: {},
  }),
  change('drop-column', ITENS_DA_CONTA, {
    statements: [alter(ITENS_DA_CONTA, 'DROP COLUMN "Lote de Envio"')],
    columns: {},
  }),
];

const REPAIRS: readonly Repair[] = [
  repair(PRONTUARIOS),
  repair(SINAIS_VITAIS, {
    left: exists(NEW_MONTH.partition),
    statements: [`DROP TABLE IF EXISTS ${NEW_MONTH.partition}`],
    emptied: NEW_MONTH,
  }),
  repair(PRESCRICOES, { left: exists(INDEX), statements: [`DROP INDEX IF EXISTS ${INDEX}`] }),
  repair(AUDITORIA),
  repair(ITENS_DA_CONTA),
];

/** The hazards that need tables of the extension. */
export const HAZARDS: HazardSpec = {
  ...NO_HAZARDS,
  unchangedToast: 'prontuario',
  // No table references them, and every connection writes to them.
  truncate: ['auditoria', 'prescricoes'],
  changes: CHANGES,
  unpublish: 'auditoria',
  repair: REPAIRS,
};

function change(
  name: string,
  { name: table }: TableSpec,
  parts: Pick<SchemaChange, 'statements'> & Partial<SchemaChange>,
): SchemaChange {
  return { name, table, stays: null, ...parts };
}

function alter({ name }: TableSpec, action: string): string {
  return `ALTER TABLE ${name} ${action}`;
}

/** Drops the added columns of a table, and `more`. */
function repair(
  { name: table, addedColumns }: TableSpec,
  more: Omit<Repair, 'table'> = { left: 'false', statements: [] },
): Repair {
  const names = addedColumns.map(({ name }) => name);
  const list = names.map((name) => `'${name}'`).join(', ');
  const hasColumn = `EXISTS (SELECT FROM pg_attribute
    WHERE attrelid = to_regclass('${table}') AND attname IN (${list}) AND NOT attisdropped)`;
  const drops = names.map((name) => `DROP COLUMN IF EXISTS ${sqlName(name)}`);
  return {
    ...{ table, ...more },
    left: names.length === 0 ? more.left : `${more.left} OR ${hasColumn}`,
    statements: [
      ...more.statements,
      ...(drops.length === 0 ? [] : [`ALTER TABLE ${table} ${drops.join(', ')}`]),
    ],
  };
}

/** SQL: the search_path finds such a relation. */
function exists(relation: string): string {
  return `to_regclass('${relation}') IS NOT NULL`;
}

/** A row with another value of one column. */
function replaced(
  table: TableSpec,
  row: Row,
  column: string,
  change: (before: Value) => Value,
): Row {
  return row.with(columnIndex(table, column), change(row[columnIndex(table, column)]!));
}
