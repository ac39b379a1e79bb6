import { domain, foreignKeyRules, type Rule, rowRule } from '../../schema/rules.js';
import { columnIndex, type TableSpec } from '../../schema/table.js';
import { sinceRegistered } from '../hospital/rules.js';
import { TABLES as HOSPITAL_TABLES } from '../hospital/tables.js';
import { ACTIONS } from './events/auditoria.js';
import { SITUATIONS } from './events/prontuario.js';
import { COLDEST, HOTTEST, measuredMs } from './events/sinal-vital.js';
import {
  AUDITORIA,
  ITENS_DA_CONTA,
  PRESCRICOES,
  PRONTUARIOS,
  SINAIS_VITAIS,
  TABLES,
} from './tables.js';

const SITUACAO = columnIndex(PRONTUARIOS, 'situacao');
const ASSINADO = columnIndex(PRONTUARIOS, 'assinado_em');
const TEMPERATURA = columnIndex(SINAIS_VITAIS, 'temperatura');
const CLASSE = columnIndex(PRESCRICOES, 'classe');
const CODIGO = columnIndex(ITENS_DA_CONTA, 'Código');
const PRINCIPAL = columnIndex(ITENS_DA_CONTA, 'Item Principal');
const QUANTIDADE = columnIndex(ITENS_DA_CONTA, 'Quantidade');

const [LEAST, MOST] = [COLDEST / 10, HOTTEST / 10];
/** A class by ATC, or its beginning: a letter, two digits, a letter. Reads alike in SQL and here. */
const ATC = /^[A-Z]([0-9]{2}[A-Z]?)? *$/;
const CODE = /^Nº [0-9]{9,15}\/[0-9]+$/;

/** Every rule: of columns' values, then of foreign keys, then of the server's own columns. */
export const RULES: readonly Rule[] = [
  sinceRegistered(PRONTUARIOS, 'aberto_em'),
  domain(PRONTUARIOS, 'situacao', SITUATIONS),
  rowRule(PRONTUARIOS, 'assinado_em >= aberto_em', 'assinado_em < aberto_em'),
  rowRule(
    PRONTUARIOS,
    "assinado_em IS NULL = (situacao = 'aberto')",
    "(assinado_em IS NULL) <> (situacao = 'aberto')",
    (row) => (row[ASSINADO] === null) !== (row[SITUACAO] === 'aberto'),
  ),
  {
    rule: 'sinais_vitais.medido_em >= pacientes.data_cadastro',
    table: SINAIS_VITAIS.name,
    violations: `SELECT count(*) FROM sinais_vitais e JOIN pacientes p ON p.id = e.paciente_id
      WHERE e.medido_em < p.data_cadastro AT TIME ZONE 'UTC'`,
    breaks: (row, since) => since !== null && !(measuredMs(row) >= since),
  },
  rowRule(
    SINAIS_VITAIS,
    `temperatura BETWEEN ${LEAST} AND ${MOST} OR NaN`,
    `temperatura <> 'NaN' AND temperatura NOT BETWEEN ${LEAST} AND ${MOST}`,
    (row) => {
      const temperature = row[TEMPERATURA];
      if (temperature === null || temperature === 'NaN') return false;
      return !(Number(temperature) >= LEAST && Number(temperature) <= MOST);
    },
  ),
  rowRule(PRESCRICOES, 'classe ~ A00A', `classe !~ '${ATC.source}'`, (row) => {
    return !ATC.test(String(row[CLASSE]));
  }),
  rowRule(PRESCRICOES, 'vigencia <> empty', 'isempty(vigencia)'),
  domain(AUDITORIA, 'acao', ACTIONS),
  rowRule(ITENS_DA_CONTA, '"Código" ~ Nº 000000000/0', `"Código" !~ '${CODE.source}'`, (row) => {
    return !CODE.test(String(row[CODIGO]));
  }),
  rowRule(ITENS_DA_CONTA, '"Quantidade" > 0', '"Quantidade" <= 0', (row) => {
    return !(Number(row[QUANTIDADE]) > 0);
  }),
  rowRule(
    ITENS_DA_CONTA,
    '"Item Principal" <> "Código"',
    '"Item Principal" = "Código"',
    (row) => row[PRINCIPAL] === row[CODIGO],
  ),
  {
    rule: `${ITENS_DA_CONTA.name}."Item Principal" is in no kit itself`,
    table: ITENS_DA_CONTA.name,
    violations: `SELECT count(*) FROM ${ITENS_DA_CONTA.name} c JOIN ${ITENS_DA_CONTA.name} p
        ON p."Código" = c."Item Principal"
      WHERE p."Item Principal" IS NOT NULL`,
  },
  {
    rule: `count(${ITENS_DA_CONTA.name}) per number of "Código" = 1`,
    table: ITENS_DA_CONTA.name,
    violations: `SELECT count(*) FROM (SELECT 1 FROM ${ITENS_DA_CONTA.name}
      GROUP BY split_part("Código", '/', 1) HAVING count(*) > 1) AS numbers`,
  },
  ...TABLES.flatMap((table) => foreignKeyRules(table, [...HOSPITAL_TABLES, ...TABLES])),
  ...TABLES.filter(hasStamps).map((table) =>
    rowRule(table, 'updated_at >= created_at', 'updated_at < created_at'),
  ),
];

function hasStamps({ serverColumns }: TableSpec): boolean {
  return serverColumns.some(({ name }) => name === 'updated_at');
}
