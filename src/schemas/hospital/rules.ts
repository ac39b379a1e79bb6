import { DAY_MS } from '../../lib/calendar.js';
import { domain, foreignKeyRules, type Rule, rowRule } from '../../schema/rules.js';
import { columnIndex, type Row, type TableSpec, type Value } from '../../schema/table.js';
import { momentMs } from '../../schema/value.js';
import { CONSULTA_STATUSES, EXAM_TYPES } from './clinical.js';
import { cnpjProblem, cpfProblem, crmProblem, isCnpj, isCpf, isCrm } from './identifiers.js';
import { CONVENIO_TYPES } from './insurers.js';
import {
  CONSULTAS,
  CONVENIOS,
  EXAMES,
  INTERNACOES,
  MAX_LINKS_PER_PATIENT,
  MEDICOS,
  PACIENTES,
  TABLES,
} from './tables.js';
import { LONGEST_STAY_MS, SHORTEST_STAY_MS } from './times.js';

const PACIENTE = {
  nascimento: columnIndex(PACIENTES, 'nascimento'),
  cpf: columnIndex(PACIENTES, 'cpf'),
  data_cadastro: columnIndex(PACIENTES, 'data_cadastro'),
};
const CRM = columnIndex(MEDICOS, 'crm');
const CNPJ = columnIndex(CONVENIOS, 'cnpj');
const ENTRADA = columnIndex(INTERNACOES, 'data_entrada');
const SAIDA = columnIndex(INTERNACOES, 'data_saida');

/** Every rule: of columns' values, then of foreign keys, then of the server's own columns. */
export const RULES: readonly Rule[] = [
  rowRule(PACIENTES, 'nascimento <= data_cadastro', 'nascimento > data_cadastro', (row) => {
    return isBefore(row[PACIENTE.data_cadastro], momentMs(row[PACIENTE.nascimento]));
  }),
  rowRule(PACIENTES, 'cpf ~ 000.000.000-00, mod 11', cpfProblem('cpf'), (row) => {
    return !isCpf(String(row[PACIENTE.cpf]));
  }),
  rowRule(MEDICOS, 'crm ~ CRM/UF 000000', crmProblem('crm'), (row) => !isCrm(String(row[CRM]))),
  rowRule(CONVENIOS, 'cnpj ~ 00.000.000/0000-00, mod 11', cnpjProblem('cnpj'), (row) => {
    return !isCnpj(String(row[CNPJ]));
  }),
  domain(CONVENIOS, 'tipo', CONVENIO_TYPES),
  {
    rule: `count(pacientes_convenios) per paciente_id <= ${MAX_LINKS_PER_PATIENT}`,
    table: 'pacientes_convenios',
    violations: `SELECT count(*) FROM (SELECT 1 FROM pacientes_convenios GROUP BY paciente_id
      HAVING count(*) > ${MAX_LINKS_PER_PATIENT}) AS patients`,
  },
  sinceRegistered(CONSULTAS, 'data'),
  domain(CONSULTAS, 'status', CONSULTA_STATUSES),
  sinceRegistered(EXAMES, 'data'),
  domain(EXAMES, 'tipo_exame', EXAM_TYPES),
  sinceRegistered(INTERNACOES, 'data_entrada'),
  rowRule(INTERNACOES, 'data_saida >= data_entrada', 'data_saida < data_entrada', (row) => {
    return row[SAIDA] !== null && stay(row) < 0;
  }),
  rowRule(
    INTERNACOES,
    'data_saida - data_entrada BETWEEN 3 AND 10 days',
    `data_saida - data_entrada NOT BETWEEN ${interval(SHORTEST_STAY_MS)} AND ${interval(LONGEST_STAY_MS)}`,
    (row) =>
      row[SAIDA] !== null && !(stay(row) >= SHORTEST_STAY_MS && stay(row) <= LONGEST_STAY_MS),
  ),
  ...TABLES.flatMap((table) => foreignKeyRules(table, TABLES)),
  ...TABLES.map((table) => rowRule(table, 'updated_at >= created_at', 'updated_at < created_at')),
];

/** Nothing happens to a patient before the patient was registered. */
export function sinceRegistered(table: TableSpec, column: string): Rule {
  const position = columnIndex(table, column);
  return {
    rule: `${table.name}.${column} >= pacientes.data_cadastro`,
    table: table.name,
    violations: `SELECT count(*) FROM ${table.name} e JOIN pacientes p ON p.id = e.paciente_id
      WHERE e.${column} < p.data_cadastro`,
    breaks: (row, since) => since !== null && isBefore(row[position], since),
  };
}

/** Also when the value is no timestamp at all. */
const isBefore = (value: Value | undefined, limit: number): boolean => !(momentMs(value) >= limit);

const stay = (row: Row): number => momentMs(row[SAIDA]) - momentMs(row[ENTRADA]);

function interval(ms: number): string {
  return `INTERVAL '${ms / DAY_MS} days'`;
}
