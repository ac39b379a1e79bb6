/** Texts of values as PostgreSQL prints them, from the forms in which Debezium delivers them. */

/** Bytes that fit a number exactly. */
const SMALL_BYTES = 6;

/** A `numeric` from its unscaled value, a big-endian integer in two's complement, and its digits after the point. */
export function unscaledText(bytes: Buffer, scale: number): string {
  const { length } = bytes;
  if (length === 0) return pointed('0', false, scale);
  if (length <= SMALL_BYTES) {
    const value = bytes.readIntBE(0, length);
    return pointed(String(Math.abs(value)), value < 0, scale);
  }
  const value = BigInt.asIntN(8 * length, BigInt(`0x${bytes.toString('hex')}`));
  return pointed(String(value < 0n ? -value : value), value < 0n, scale);
}

const DECIMAL = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** PostgreSQL's limit of digits on either side of the point. */
const MOST_EXPONENT = 131_072;

/** `1E-7` → `0.0000001`: a decimal number without its exponent; null: not a decimal number. */
export function plainDecimal(text: string): string | null {
  const parts = DECIMAL.exec(text);
  if (parts === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = parts;
  const shift = Number(exponent);
  if (Math.abs(shift) > MOST_EXPONENT) return null;
  return pointed(whole + fraction, sign === '-', fraction.length - shift);
}

/** Sets the point into digits. A scale below zero appends zeros. */
function pointed(digits: string, isNegative: boolean, scale: number): string {
  const padded = digits.padStart(scale + 1, '0') + '0'.repeat(Math.max(0, -scale));
  const at = padded.length - Math.max(0, scale);
  const whole = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const fraction = padded.slice(at);
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  // A numeric has no -0.
  return isNegative && /[1-9]/.test(text) ? `-${text}` : text;
}

/** The exponents from which PostgreSQL prints `real` and `double precision` with one. */
const REAL_DIGITS = 6;
const DOUBLE_DIGITS = 15;
const LEAST_EXPONENT = -4;
/** Bits of their significands, and digits after the first one that tell every number from its neighbours. */
const REAL = { bits: 24, digits: 8, round: Math.fround } as const;
const DOUBLE = { bits: 53, digits: 16, round: Number } as const;

const EXPONENTIAL = /^(-?)(\d)(?:\.(\d+))?e([+-])(\d+)$/;

/** A `real` or a `double precision`, in the fewest digits that tell it from its neighbours. */
export function floatText(value: number, isReal: boolean): string {
  // A double may be beyond the reals.
  if (!Number.isFinite(isReal ? Math.fround(value) : value)) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const shortest = isReal ? shortestOf(Math.fround(value), REAL) : shortestOf(value, DOUBLE);
  const [, sign = '', first = '', rest = '', exponentSign, digits = ''] =
    EXPONENTIAL.exec(shortest) ?? [];
  const exponent = exponentSign === '-' ? -Number(digits) : Number(digits);
  const isFixed = exponent >= LEAST_EXPONENT && exponent < (isReal ? REAL_DIGITS : DOUBLE_DIGITS);
  if (!isFixed) {
    const mantissa = rest === '' ? first : `${first}.${rest}`;
    return `${sign}${mantissa}e${exponentSign}${digits.padStart(2, '0')}`;
  }
  const all = first + rest;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${all}`;
  const whole = all.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const fraction = all.slice(exponent + 1);
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}

function shortestOf(value: number, type: typeof REAL | typeof DOUBLE): string {
  // JavaScript's own text of a double differs only where it lies halfway.
  const own = type === DOUBLE ? value.toExponential() : '';
  if (own !== '' && !isHalfway(own, value, type.bits)) return own;
  for (let digits = 0; digits < type.digits; digits++) {
    const text = roundedToEven(value, digits);
    if (type.round(Number(text)) !== value || isHalfway(text, value, type.bits)) continue;
    return text;
  }
  return value.toExponential(type.digits);
}

/** Digits of a double's whole decimal expansion, as far as a tie can need them. */
const MOST_DIGITS = 100;

/** As `toExponential`, which rounds a tie up. */
function roundedToEven(value: number, digits: number): string {
  const text = value.toExponential(digits);
  if (!/[13579]e/.test(text) || !value.toExponential(digits + 1).includes('5e')) return text;
  const whole = value.toExponential(MOST_DIGITS);
  const end = whole.indexOf('.') + digits + 1;
  const isTie = /^50*e/.test(whole.slice(end));
  return isTie ? whole.slice(0, end).replace(/\.$/, '') + whole.slice(whole.indexOf('e')) : text;
}

/**
 * Whether a text lies in the middle of a number and its neighbour: PostgreSQL prints no such text, since not every
 * reader rounds it to the even one. Only of integers can it have so few digits.
 */
function isHalfway(text: string, value: number, bits: number): boolean {
  if (Math.abs(value) < 2 ** bits) return false;
  const [, , first = '', rest = '', , exponent] = EXPONENTIAL.exec(text) ?? [];
  const zeros = Number(exponent) - rest.length;
  if (zeros < 0) return false;
  const exact = BigInt(Math.abs(value));
  const printed = BigInt(first + rest + '0'.repeat(zeros));
  const step = 1n << BigInt(exact.toString(2).length - bits);
  const distance = printed > exact ? printed - exact : exact - printed;
  // Below a power of two, numbers are twice as close.
  const isPower = (exact & (exact - 1n)) === 0n;
  return distance * (isPower && printed < exact ? 4n : 2n) === step;
}

/** ISO 8601 with a sign for each part, as `interval.handling.mode=string` writes it. */
const ISO_INTERVAL =
  /^P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?)(\d+)(?:\.(\d{1,9}))?S)?)?$/;

const MONTHS = 12;
const HOUR_MICROS = 3_600_000_000n;
const MINUTE_MICROS = 60_000_000n;
const SECOND_MICROS = 1_000_000n;
const MICRO_NANOS = 1000n;

/** `P1Y2M3DT4H5M6.7S` → `1 year 2 mons 3 days 04:05:06.7`; null: not an interval of ISO 8601. */
export function isoIntervalText(text: string): string | null {
  const parts = ISO_INTERVAL.exec(text);
  if (parts === null) return null;
  const [, years, months, days, hours, minutes, sign, seconds, fraction] = parts;
  // Debezium reads the seconds as a double and cuts it: 30.579561 s are `30.579560999S`.
  const nanos = BigInt((fraction ?? '').padEnd(9, '0'));
  const micros = BigInt(seconds ?? 0) * SECOND_MICROS + (nanos + MICRO_NANOS / 2n) / MICRO_NANOS;
  return intervalText(
    Number(years ?? 0) * MONTHS + Number(months ?? 0),
    Number(days ?? 0),
    BigInt(hours ?? 0) * HOUR_MICROS +
      BigInt(minutes ?? 0) * MINUTE_MICROS +
      (sign === '-' ? -micros : micros),
  );
}

/** As `interval_out` prints it with IntervalStyle postgres. */
function intervalText(months: number, days: number, micros: bigint): string {
  const parts: string[] = [];
  let isAfterNegative = false;
  for (const [value, unit] of [
    [Math.trunc(months / MONTHS), 'year'],
    [months % MONTHS, 'mon'],
    [days, 'day'],
  ] as const) {
    if (value === 0) continue;
    const sign = isAfterNegative && value > 0 ? '+' : '';
    parts.push(`${sign}${value} ${unit}${value === 1 ? '' : 's'}`);
    isAfterNegative = value < 0;
  }
  if (micros !== 0n || parts.length === 0) {
    const sign = micros < 0n ? '-' : isAfterNegative ? '+' : '';
    parts.push(sign + timeText(micros < 0n ? -micros : micros));
  }
  return parts.join(' ');
}

function timeText(micros: bigint): string {
  const two = (value: bigint) => String(value).padStart(2, '0');
  const seconds = (micros % MINUTE_MICROS) / SECOND_MICROS;
  const fraction = String(micros % SECOND_MICROS)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const minutes = (micros % HOUR_MICROS) / MINUTE_MICROS;
  const time = `${two(micros / HOUR_MICROS)}:${two(minutes)}:${two(seconds)}`;
  return fraction === '' ? time : `${time}.${fraction}`;
}

/** An element that PostgreSQL prints with quotation marks. */
const QUOTED_ELEMENT = /^$|^null$|[{}",\\\s]/i;

/** The text of an array from its elements' texts; null: an element is of no type that an array of JSON can hold. */
export function arrayText(elements: readonly unknown[]): string | null {
  const texts: string[] = [];
  for (const element of elements) {
    const text = elementText(element);
    if (text === null) return null;
    texts.push(text);
  }
  return `{${texts.join(',')}}`;
}

function elementText(element: unknown): string | null {
  if (element === null) return 'NULL';
  if (Array.isArray(element)) return arrayText(element);
  switch (typeof element) {
    case 'string':
      return QUOTED_ELEMENT.test(element) ? `"${element.replace(/["\\]/g, '\\$&')}"` : element;
    case 'number':
      return String(element);
    case 'boolean':
      return element ? 't' : 'f';
    default:
      return null;
  }
}
