import { DAY_MS, parseTimestamp } from '../lib/calendar.js';
import { CONSULTA_STATUSES, EXAM_TYPES } from './clinical.js';
import { cnpjProblem, cpfProblem, crmProblem, isCnpj, isCpf, isCrm } from './identifiers.js';
import { CONVENIO_TYPES } from './insurers.js';
import { MAX_LINKS_PER_PATIENT } from './links.js';
import {
  columnIndex,
  type Row,
  TABLE_NAMES,
  TABLES,
  type TableName,
  type Value,
} from './tables.js';
import { LONGEST_STAY_MS, SHORTEST_STAY_MS } from './times.js';

/** A rule of the domain, checked in the whole database and, if one row is enough to judge, before a write. */
export interface Rule {
  /** The condition, in terms of columns: the same in every language. */
  readonly rule: string;
  readonly table: TableName;
  /** SQL: one row, one column, the number of violations. */
  readonly violations: string;
  /**
   * Whether a row breaks the rule. `since`: when its patient was registered, in milliseconds since
   * 1970, UTC, or null when that is unknown or does not matter.
   */
  readonly breaks?: (row: Row, since: number | null) => boolean;
}

const PACIENTE = {
  nascimento: columnIndex('pacientes', 'nascimento'),
  cpf: columnIndex('pacientes', 'cpf'),
  data_cadastro: columnIndex('pacientes', 'data_cadastro'),
};
const CRM = columnIndex('medicos', 'crm');
const CNPJ = columnIndex('convenios', 'cnpj');
const ENTRADA = columnIndex('internacoes', 'data_entrada');
const SAIDA = columnIndex('internacoes', 'data_saida');

/** Every rule: of columns' values, then of foreign keys, then of the server's own columns. */
export const RULES: readonly Rule[] = [
  rowRule('pacientes', 'nascimento <= data_cadastro', 'nascimento > data_cadastro', (row) => {
    return isBefore(row[PACIENTE.data_cadastro], moment(row[PACIENTE.nascimento]));
  }),
  rowRule('pacientes', 'cpf ~ 000.000.000-00, mod 11', cpfProblem('cpf'), (row) => {
    return !isCpf(String(row[PACIENTE.cpf]));
  }),
  rowRule('medicos', 'crm ~ CRM/UF 000000', crmProblem('crm'), (row) => !isCrm(String(row[CRM]))),
  rowRule('convenios', 'cnpj ~ 00.000.000/0000-00, mod 11', cnpjProblem('cnpj'), (row) => {
    return !isCnpj(String(row[CNPJ]));
  }),
  domain('convenios', 'tipo', CONVENIO_TYPES),
  {
    rule: `count(pacientes_convenios) per paciente_id <= ${MAX_LINKS_PER_PATIENT}`,
    table: 'pacientes_convenios',
    violations: `SELECT count(*) FROM (SELECT 1 FROM pacientes_convenios GROUP BY paciente_id
      HAVING count(*) > ${MAX_LINKS_PER_PATIENT}) AS patients`,
  },
  sinceRegistered('consultas', 'data'),
  domain('consultas', 'status', CONSULTA_STATUSES),
  sinceRegistered('exames', 'data'),
  domain('exames', 'tipo_exame', EXAM_TYPES),
  sinceRegistered('internacoes', 'data_entrada'),
  rowRule('internacoes', 'data_saida >= data_entrada', 'data_saida < data_entrada', (row) => {
    return row[SAIDA] !== null && stay(row) < 0;
  }),
  rowRule(
    'internacoes',
    'data_saida - data_entrada BETWEEN 3 AND 10 days',
    `data_saida - data_entrada NOT BETWEEN ${interval(SHORTEST_STAY_MS)} AND ${interval(LONGEST_STAY_MS)}`,
    (row) =>
      row[SAIDA] !== null && !(stay(row) >= SHORTEST_STAY_MS && stay(row) <= LONGEST_STAY_MS),
  ),
  ...TABLE_NAMES.flatMap(foreignKeys),
  ...TABLE_NAMES.map((table) =>
    rowRule(table, 'updated_at >= created_at', 'updated_at < created_at'),
  ),
];

const RULES_BY_TABLE = new Map(
  TABLE_NAMES.map((table) => [
    table,
    RULES.filter((rule) => rule.table === table && rule.breaks !== undefined),
  ]),
);

/**
 * The first rule that a row breaks, as its text, or null.
 *
 * @param row values in the order of the table's columns
 * @param since when the row's patient was registered, in milliseconds since 1970, UTC; null when
 *   it is unknown, or the table has no patient
 */
export function rowProblem(table: TableName, row: Row, since: number | null): string | null {
  for (const { rule, breaks } of RULES_BY_TABLE.get(table)!) {
    if (breaks!(row, since)) return rule;
  }
  return null;
}

/** A rule over the columns of one row; `problem`: SQL, true where it is broken. */
function rowRule(table: TableName, holds: string, problem: string, breaks?: Rule['breaks']): Rule {
  const rule = {
    rule: `${table}.${holds}`,
    table,
    violations: `SELECT count(*) FROM ${table} WHERE ${problem}`,
  };
  return breaks === undefined ? rule : { ...rule, breaks };
}

/** A column that holds one of a list of words. */
function domain(table: TableName, column: string, words: readonly string[]): Rule {
  const position = columnIndex(table, column);
  const allowed = new Set<Value>(words);
  const list = words.map((word) => `'${word}'`).join(', ');
  return rowRule(
    table,
    `${column} IN (${words.join(', ')})`,
    `${column} NOT IN (${list})`,
    (row) => !allowed.has(row[position]!),
  );
}

/** Nothing happens to a patient before the patient was registered. */
function sinceRegistered(table: TableName, column: string): Rule {
  const position = columnIndex(table, column);
  return {
    rule: `${table}.${column} >= pacientes.data_cadastro`,
    table,
    violations: `SELECT count(*) FROM ${table} e JOIN pacientes p ON p.id = e.paciente_id
      WHERE e.${column} < p.data_cadastro`,
    breaks: (row, since) => since !== null && isBefore(row[position], since),
  };
}

function foreignKeys(table: TableName): Rule[] {
  return TABLES[table].foreignKeys.map(({ column, references }) => ({
    rule: `${table}.${column} REFERENCES ${references}`,
    table,
    violations: `SELECT count(*) FROM ${table} c
      WHERE NOT EXISTS (SELECT 1 FROM ${references} p WHERE p.id = c.${column})`,
  }));
}

const moment = (value: Value | undefined): number => parseTimestamp(String(value));

/** Also when the value is no timestamp at all. */
const isBefore = (value: Value | undefined, limit: number): boolean => !(moment(value) >= limit);

const stay = (row: Row): number => moment(row[SAIDA]) - moment(row[ENTRADA]);

function interval(ms: number): string {
  return `INTERVAL '${ms / DAY_MS} days'`;
}
