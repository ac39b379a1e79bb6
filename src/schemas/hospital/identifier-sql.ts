import { CNPJ_MASK, CNPJ_WEIGHTS, CPF_MASK, CPF_WEIGHTS, CRM_MASK } from './identifiers.js';

/** The SQL side of `identifiers.ts`: conditions that are true where a column holds no valid one. */

/** CNPJs of the two base convênios of sql/03_seed-lookups.sql: given so, without check digits. */
const LOOKUP_CNPJS = ['00.000.000/0001-00', '11.111.111/0001-11'] as const;

/** Where the digits stand in `000.000.000-00` and `00.000.000/0000-00`, counted from 1. */
const CPF_POSITIONS = digitPositions('000.000.000-00');
const CNPJ_POSITIONS = digitPositions('00.000.000/0000-00');

/** SQL, true where `column` is not a CPF: mask, check digits, digits all equal. */
export function cpfProblem(column: string): string {
  return problem(column, CPF_MASK, CPF_POSITIONS, CPF_WEIGHTS);
}

/** SQL, true where `column` is not a CNPJ, the two of the lookups excepted. */
export function cnpjProblem(column: string): string {
  const exceptions = LOOKUP_CNPJS.map((cnpj) => `'${cnpj}'`).join(', ');
  return `${column} NOT IN (${exceptions})
    AND (${problem(column, CNPJ_MASK, CNPJ_POSITIONS, CNPJ_WEIGHTS)})`;
}

/** SQL, true where `column` is not a CRM. */
export const crmProblem = (column: string): string => `${column} !~ '${CRM_MASK.source}'`;

function problem(
  column: string,
  mask: RegExp,
  positions: readonly number[],
  weights: readonly number[],
): string {
  const last = positions.length - 1;
  return `${column} !~ '${mask.source}'
    OR replace(${column}, left(${column}, 1), '') !~ '[0-9]'
    OR ${checkDigit(column, positions.slice(0, last - 1), weights.slice(1))} <> ${digit(column, positions[last - 1]!)}
    OR ${checkDigit(column, positions.slice(0, last), weights)} <> ${digit(column, positions[last]!)}`;
}

/** Modulo 11, as in `identifiers.ts`. */
function checkDigit(
  column: string,
  positions: readonly number[],
  weights: readonly number[],
): string {
  const terms = positions.map((position, i) => `${digit(column, position)} * ${weights[i]!}`);
  return `(${terms.join(' + ')}) * 10 % 11 % 10`;
}

/** By code point rather than by cast: text that is no digit must not end the query in an error. */
const digit = (column: string, position: number): string =>
  `(ascii(substr(${column}, ${position}, 1)) - 48)`;

function digitPositions(mask: string): number[] {
  return [...mask].flatMap((sign, i) => (sign === '0' ? [i + 1] : []));
}
