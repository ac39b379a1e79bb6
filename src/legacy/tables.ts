/**
 * The seven tables of the hospital: columns, foreign keys and the order in which they may be
 * filled. The single list: every statement that names a column of a table takes it from here.
 */

/** How PostgreSQL types a column; the cast of a parameter array is `<type>[]`. */
export type ColumnType = 'bigint' | 'varchar' | 'date' | 'timestamp';

interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
}

interface ForeignKey {
  readonly column: string;
  readonly references: TableName;
}

export interface TableSpec {
  /** Columns the generator writes, `id` first. `created_at` and `updated_at` are the server's own. */
  readonly columns: readonly ColumnSpec[];
  readonly foreignKeys: readonly ForeignKey[];
}

const id: ColumnSpec = { name: 'id', type: 'bigint' };
const bigint = (name: string): ColumnSpec => ({ name, type: 'bigint' });
const varchar = (name: string): ColumnSpec => ({ name, type: 'varchar' });
const date = (name: string): ColumnSpec => ({ name, type: 'date' });
const timestamp = (name: string): ColumnSpec => ({ name, type: 'timestamp' });

const ofPatient: ForeignKey = { column: 'paciente_id', references: 'pacientes' };

/** Table names in foreign-key order: a table comes after every table that it references. */
export const TABLE_NAMES = [
  'pacientes',
  'medicos',
  'convenios',
  'pacientes_convenios',
  'consultas',
  'exames',
  'internacoes',
] as const;

export type TableName = (typeof TABLE_NAMES)[number];

/** Each table as a small whole number: its position in `TABLE_NAMES`. */
export const TABLE_CODES = Object.fromEntries(
  TABLE_NAMES.map((table, i) => [table, i]),
) as Readonly<Record<TableName, number>>;

/** The tables that others reference: the ones whose ids the id cache holds. */
export const PARENT_TABLES = ['pacientes', 'medicos', 'convenios'] as const;
export type ParentTable = (typeof PARENT_TABLES)[number];

export function isParent(table: TableName): table is ParentTable {
  return table === 'pacientes' || table === 'medicos' || table === 'convenios';
}

export const TABLES: Readonly<Record<TableName, TableSpec>> = {
  pacientes: {
    columns: [
      id,
      varchar('nome'),
      date('nascimento'),
      varchar('cpf'),
      varchar('telefone'),
      varchar('endereco'),
      timestamp('data_cadastro'),
    ],
    foreignKeys: [],
  },
  medicos: {
    columns: [id, varchar('nome'), varchar('crm'), varchar('especialidade'), varchar('telefone')],
    foreignKeys: [],
  },
  convenios: {
    columns: [id, varchar('nome'), varchar('cnpj'), varchar('tipo'), varchar('cobertura')],
    foreignKeys: [],
  },
  pacientes_convenios: {
    columns: [
      id,
      bigint('paciente_id'),
      bigint('convenio_id'),
      varchar('numero_carteira'),
      date('validade'),
    ],
    foreignKeys: [ofPatient, { column: 'convenio_id', references: 'convenios' }],
  },
  consultas: {
    columns: [
      id,
      bigint('paciente_id'),
      bigint('medico_id'),
      timestamp('data'),
      varchar('motivo'),
      varchar('status'),
    ],
    foreignKeys: [ofPatient, { column: 'medico_id', references: 'medicos' }],
  },
  exames: {
    columns: [
      id,
      bigint('paciente_id'),
      varchar('tipo_exame'),
      timestamp('data'),
      varchar('resultado'),
    ],
    foreignKeys: [ofPatient],
  },
  internacoes: {
    columns: [
      id,
      bigint('paciente_id'),
      timestamp('data_entrada'),
      timestamp('data_saida'),
      varchar('motivo'),
      varchar('quarto'),
    ],
    foreignKeys: [ofPatient],
  },
};

/**
 * One row as the generator writes it: values in the order of the table's `columns`. Dates and
 * timestamps are text as PostgreSQL reads it (`2026-01-31`, `2026-01-31 08:15:00`), in UTC.
 */
export type Row = readonly Value[];
export type Value = string | number | null;

/** The key of a row: its first column. */
export function idOf(row: Row): number {
  return Number(row[0]);
}

/** The position of a column in the rows of its table. */
export function columnIndex(table: TableName, column: string): number {
  const index = TABLES[table].columns.findIndex(({ name }) => name === column);
  if (index < 0) throw new Error(`${table} has no column ${column}`);
  return index;
}

/**
 * The characters beyond ASCII that rows may hold: a database whose encoding lacks one of them cannot
 * take the rows.
 */
export const CHARACTERS = 'ÁÂÃÇÉÊÍÓÔÕÚáâãçéêíóôõúü³—';
