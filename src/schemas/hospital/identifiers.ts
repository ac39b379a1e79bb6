import { digitCode, digits, unrepeated } from '../../lib/numbers.js';
import { permute } from '../../random/permutation.js';

/**
 * Fixed keys, never the run's rng: an id has the same identifiers in every run, so that runs with
 * different rngs cannot collide in one database.
 */
const CPF_KEY = 0x5ca1ab1e;
const CNPJ_KEY = 0x0ddba11;
const CRM_KEY = 0x0defaced;

/** CPFs are numbered by 9 digits; the 10 of equal digits count as invalid. */
const CPF_SPACE = 1_000_000_000 - 10;
/** CNPJs are numbered by 8 digits, the root; the 10 of equal digits are left out likewise. */
const CNPJ_SPACE = 100_000_000 - 10;
/** CRM numbers of one state: 000001 to 999999. */
const CRM_PER_UF = 999_999;

/** The head office: every CNPJ here is one. */
const CNPJ_BRANCH = '0001';

/** The federative units, whose councils register doctors. */
export const UFS = [
  ...['AC', 'AL', 'AM', 'AP', 'BA', 'CE', 'DF', 'ES', 'GO', 'MA', 'MG', 'MS', 'MT', 'PA'],
  ...['PB', 'PE', 'PI', 'PR', 'RJ', 'RN', 'RO', 'RR', 'RS', 'SC', 'SE', 'SP', 'TO'],
] as const;

export type Uf = (typeof UFS)[number];

/**
 * The CPF of a patient id, `123.456.789-09`, with valid check digits. No two ids share one until
 * the ids wrap around after 999,999,990.
 */
export function cpf(id: number): string {
  const base = unrepeated(permute(id % CPF_SPACE, CPF_SPACE, CPF_KEY), 9);
  let first = 0;
  let second = 0;
  for (let i = 0, power = 1e8; i < 9; i++, power /= 10) {
    const digit = digitCode(base, power) - ZERO;
    first += digit * CPF_WEIGHTS[i + 1]!;
    second += digit * CPF_WEIGHTS[i]!;
  }
  const check = modulo11(first);
  // biome-ignore format: digits in the groups of the text
  return String.fromCharCode(
    digitCode(base, 1e8), digitCode(base, 1e7), digitCode(base, 1e6), DOT,
    digitCode(base, 1e5), digitCode(base, 1e4), digitCode(base, 1e3), DOT,
    digitCode(base, 100), digitCode(base, 10), digitCode(base, 1), HYPHEN,
    ZERO + check, ZERO + modulo11(second + check * CPF_WEIGHTS[9]!),
  );
}

/**
 * The CNPJ of a convênio id, `12.345.678/0001-95`, with valid check digits. No two ids share one
 * until the ids wrap around after 99,999,990.
 */
export function cnpj(id: number): string {
  const root = digits(unrepeated(permute(id % CNPJ_SPACE, CNPJ_SPACE, CNPJ_KEY), 8), 8);
  const base = root + CNPJ_BRANCH;
  const first = checkDigit(base, CNPJ_WEIGHTS, 1);
  const second = checkDigit(base + first, CNPJ_WEIGHTS, 0);
  const masked = `${root.slice(0, 2)}.${root.slice(2, 5)}.${root.slice(5)}`;
  return `${masked}/${CNPJ_BRANCH}-${first}${second}`;
}

/**
 * The CRM of a doctor id, `CRM/SP 123456`. A CRM has no check digits: a state and up to six
 * digits are all there is. No two ids share one until they wrap around after 26,999,973.
 */
export function crm(id: number): string {
  const space = UFS.length * CRM_PER_UF;
  const image = permute(id % space, space, CRM_KEY);
  return `CRM/${UFS[image % UFS.length]!} ${digits(Math.floor(image / UFS.length) + 1, 6)}`;
}

/** The state that a CRM was registered in. */
export const ufOfCrm = (value: string): Uf => value.slice(4, 6) as Uf;

/** Mask and check digits are right, and the digits are not all equal. */
export function isCpf(value: string): boolean {
  return hasCheckDigits(value, CPF_FORM, CPF_WEIGHTS);
}

/** Mask and check digits are right, and the digits are not all equal. */
export function isCnpj(value: string): boolean {
  return hasCheckDigits(value, CNPJ_FORM, CNPJ_WEIGHTS);
}

/** The mask is right, the state exists, the number is not zero. */
export const isCrm = (value: string): boolean => CRM_MASK.test(value);

/** Weights of the digits for the second check digit; the first leaves the first weight out. */
const CPF_WEIGHTS: readonly number[] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
const CNPJ_WEIGHTS: readonly number[] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];

/** Also valid as PostgreSQL regular expressions: the conditions below use their sources. */
const CPF_MASK = /^[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}$/;
const CNPJ_MASK = /^[0-9]{2}\.[0-9]{3}\.[0-9]{3}\/[0-9]{4}-[0-9]{2}$/;
const CRM_MASK = new RegExp(`^CRM/(${UFS.join('|')}) (?!000000)[0-9]{6}$`);

/** The masks with a 0 for each digit. */
const CPF_FORM = '000.000.000-00';
const CNPJ_FORM = '00.000.000/0000-00';

/** In one pass, since every new patient is checked. */
function hasCheckDigits(value: string, form: string, weights: readonly number[]): boolean {
  if (value.length !== form.length) return false;
  const count = weights.length + 1;
  let first = 0;
  let second = 0;
  let hasOther = false;
  let before = -1;
  for (let i = 0, place = 0; i < form.length; i++) {
    const unit = value.charCodeAt(i);
    if (form.charCodeAt(i) !== ZERO) {
      if (unit !== form.charCodeAt(i)) return false;
      continue;
    }
    const digit = unit - ZERO;
    if (digit < 0 || digit > 9) return false;
    if (place > 0 && digit !== before) hasOther = true;
    if (place === count - 2 && digit !== modulo11(first)) return false;
    if (place === count - 1 && digit !== modulo11(second)) return false;
    if (place < count - 2) first += digit * weights[place + 1]!;
    if (place < count - 1) second += digit * weights[place]!;
    before = digit;
    place++;
  }
  return hasOther;
}

/** Modulo 11 as the Receita Federal defines it; a remainder of 10 counts as 0. */
function modulo11(sum: number): number {
  return ((sum * 10) % 11) % 10;
}

/** The check digit after the digits of a text. */
function checkDigit(plain: string, weights: readonly number[], skipped: number): number {
  let sum = 0;
  for (let i = 0; i < plain.length; i++) {
    sum += (plain.charCodeAt(i) - ZERO) * weights[i + skipped]!;
  }
  return modulo11(sum);
}

const ZERO = 0x30;
const DOT = 0x2e;
const HYPHEN = 0x2d;

/** CNPJs of the two base convênios of sql/03_seed-lookups.sql: given so, without check digits. */
const LOOKUP_CNPJS = ['00.000.000/0001-00', '11.111.111/0001-11'] as const;

/** Where the digits stand in `000.000.000-00` and `00.000.000/0000-00`, counted from 1. */
const CPF_POSITIONS = digitPositions(CPF_FORM);
const CNPJ_POSITIONS = digitPositions(CNPJ_FORM);

/** SQL, true where `column` is not a CPF: mask, check digits, digits all equal. */
export function cpfProblem(column: string): string {
  return problemSql(column, CPF_MASK, CPF_POSITIONS, CPF_WEIGHTS);
}

/** SQL, true where `column` is not a CNPJ, the two of the lookups excepted. */
export function cnpjProblem(column: string): string {
  const exceptions = LOOKUP_CNPJS.map((cnpj) => `'${cnpj}'`).join(', ');
  return `${column} NOT IN (${exceptions})
    AND (${problemSql(column, CNPJ_MASK, CNPJ_POSITIONS, CNPJ_WEIGHTS)})`;
}

/** SQL, true where `column` is not a CRM. */
export const crmProblem = (column: string): string => `${column} !~ '${CRM_MASK.source}'`;

function problemSql(
  column: string,
  mask: RegExp,
  positions: readonly number[],
  weights: readonly number[],
): string {
  const last = positions.length - 1;
  return `${column} !~ '${mask.source}'
    OR replace(${column}, left(${column}, 1), '') !~ '[0-9]'
    OR ${checkDigitSql(column, positions.slice(0, last - 1), weights.slice(1))} <> ${digitSql(column, positions[last - 1]!)}
    OR ${checkDigitSql(column, positions.slice(0, last), weights)} <> ${digitSql(column, positions[last]!)}`;
}

/** Modulo 11, as `modulo11` has it. */
function checkDigitSql(
  column: string,
  positions: readonly number[],
  weights: readonly number[],
): string {
  const terms = positions.map((position, i) => `${digitSql(column, position)} * ${weights[i]!}`);
  return `(${terms.join(' + ')}) * 10 % 11 % 10`;
}

/** By code point rather than by cast: text that is no digit must not end the query in an error. */
const digitSql = (column: string, position: number): string =>
  `(ascii(substr(${column}, ${position}, 1)) - 48)`;

function digitPositions(mask: string): number[] {
  return [...mask].flatMap((sign, i) => (sign === '0' ? [i + 1] : []));
}
