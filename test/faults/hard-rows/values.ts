/**
 * The JSON that Debezium writes for a value, from PostgreSQL's text of it: with `decimal.handling.mode=string`,
 * `interval.handling.mode=string`, and otherwise default settings. For the reference consumer, apart from the program's
 * own decoder.
 */

const UNAVAILABLE = '__debezium_unavailable_value';

const DAY_MS = 86_400_000;

/** Debezium's numbers for the infinities of a `date` and a `timestamp`. */
const INFINITE_DATES: Readonly<Record<string, string>> = {
  infinity: '-2147472692',
  '-infinity': '-2147472691',
};
const INFINITE_TIMESTAMPS: Readonly<Record<string, string>> = {
  infinity: '9223372036825200000',
  '-infinity': '-9223372036832400000',
};

const JAVA_NUMERICS: Readonly<Record<string, string>> = {
  NaN: 'NAN',
  Infinity: 'POSITIVE_INFINITY',
  '-Infinity': 'NEGATIVE_INFINITY',
};

/** @param type as `format_type` prints it */
export function jsonOf(type: string, text: string | null): string {
  if (text === null) return 'null';
  switch (bare(type)) {
    case 'bigint':
    case 'integer':
      return text;
    case 'boolean':
      return text === 't' ? 'true' : 'false';
    case 'bytea':
      return string(Buffer.from(text.slice(2), 'hex').toString('base64'));
    case 'numeric':
      return string(JAVA_NUMERICS[text] ?? text);
    case 'real':
    case 'double precision':
      return floatOf(text);
    case 'interval':
      return string(intervalOf(text));
    case 'date':
      return INFINITE_DATES[text] ?? String(daysOf(text));
    case 'timestamp without time zone':
      return INFINITE_TIMESTAMPS[text] ?? String(microsOf(text));
    case 'timestamp with time zone':
      return string(text.endsWith('infinity') ? text : zonedOf(text));
    case 'text[]':
      return `[${elementsOf(text)
        .map((element) => (element === null ? 'null' : string(element)))
        .join(',')}]`;
    default:
      return string(text);
  }
}

/** Stands for a value that the WAL lacks. */
export function unavailableOf(type: string): string {
  switch (bare(type)) {
    case 'bytea':
      return string(Buffer.from(UNAVAILABLE).toString('base64'));
    case 'text[]':
      return `[${string(UNAVAILABLE)}]`;
    default:
      return string(UNAVAILABLE);
  }
}

/** Stands in the old row for a NOT NULL column that is not of its key. */
export function fillerOf(type: string): string {
  switch (bare(type)) {
    case 'bigint':
    case 'integer':
    case 'date':
    case 'timestamp without time zone':
      return '0';
    case 'boolean':
      return 'false';
    case 'numeric':
      return string(`0.${'0'.repeat(Number(/,(\d+)\)/.exec(type)?.[1] ?? 0))}`);
    default:
      return '""';
  }
}

function bare(type: string): string {
  return type.replace(/\(.*?\)/, '');
}

/** JSON as Java's writer has it: characters beyond 16 bits are escaped. */
export function string(text: string): string {
  return JSON.stringify(text).replace(
    /[\ud800-\udfff]/g,
    (half) => `\\u${half.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A number as Java prints it: with a point, and with an exponent below 10^-3 and from 10^7 on. */
function floatOf(text: string): string {
  if (/[a-z]/i.test(text.replace(/e/, ''))) return string(text);
  if (text === '5e-324') return '4.9E-324';
  const [, sign = '', first = '', rest = '', exponent = ''] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(exponential(text)) ?? [];
  const power = Number(exponent);
  const digits = first + rest;
  if (/^0*$/.test(digits)) return `${sign}0.0`;
  if (power >= 7 || power < -3) return `${sign}${first}.${rest === '' ? '0' : rest}E${power}`;
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0');
  return `${sign}${whole}.${digits.slice(power + 1) || '0'}`;
}

/** PostgreSQL's digits with one of them before the point: `36.5` → `3.65e+1`. */
function exponential(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  const digits = all.replace(/^0+(?=\d)/, '');
  const power = whole.length - 1 - (all.length - digits.length) + Number(exponent);
  const rest = digits.slice(1).replace(/0+$/, '');
  return `${sign}${digits[0]}${rest === '' ? '' : `.${rest}`}e${power < 0 ? '' : '+'}${power}`;
}

/** `1 year 2 mons -3 days +04:05:06.7` → `P1Y2M-3DT4H5M6.7S`. */
function intervalOf(text: string): string {
  const part = (unit: string) => new RegExp(`([+-]?\\d+) ${unit}`).exec(text)?.[1] ?? '0';
  const [, sign = '', hours = '0', minutes = '0', seconds = '0', fraction = ''] =
    /([+-]?)(\d+):(\d\d):(\d\d)(\.\d+)?/.exec(text) ?? [];
  const own = (digits: string) => {
    const number = String(Number(digits));
    return sign === '-' && number !== '0' ? `-${number}` : number;
  };
  const negative = sign === '-' && Number(seconds + fraction) !== 0 ? '-' : '';
  const [years, months, days] = ['year', 'mon', 'day'].map((unit) => String(Number(part(unit))));
  return `P${years}Y${months}M${days}DT${own(hours)}H${own(minutes)}M${negative}${Number(seconds)}${fraction}S`;
}

/** Days since 1970 of `2026-01-31`, `0044-03-15 BC`. */
function daysOf(text: string): number {
  const [, digits = '', month = '', day = ''] = /^(\d+)-(\d\d)-(\d\d)/.exec(text) ?? [];
  const year = text.endsWith(' BC') ? 1 - Number(digits) : Number(digits);
  // Of 400 years each has as many days: so years beyond those of Date come within.
  const eras = Math.floor(year / 400) - 5;
  const date = new Date(0);
  date.setUTCFullYear(year - eras * 400, Number(month) - 1, Number(day));
  return date.getTime() / DAY_MS + eras * 146_097;
}

/** Microseconds since 1970 of `2026-01-31 08:15:00.5`. */
function microsOf(text: string): bigint {
  const [, hours = 0, minutes = 0, seconds = 0, fraction = ''] =
    / (\d\d):(\d\d):(\d\d)(?:\.(\d+))?/.exec(text) ?? [];
  const ofDay = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  const whole = BigInt(daysOf(text)) * 86_400n + BigInt(ofDay);
  return whole * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** `2026-01-31 08:15:00.5+00` → `2026-01-31T08:15:00.500000Z`. */
function zonedOf(text: string): string {
  const [, digits = '', date = '', time = '', fraction = ''] =
    /^(\d+)(-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?\+00/.exec(text) ?? [];
  const isBefore = text.endsWith(' BC');
  const year = isBefore ? Number(digits) - 1 : Number(digits);
  const sign = isBefore && year > 0 ? '-' : year > 9999 ? '+' : '';
  return `${sign}${String(year).padStart(4, '0')}${date}T${time}.${fraction.padEnd(6, '0')}Z`;
}

/** The elements of an array of one dimension. */
export function elementsOf(text: string): (string | null)[] {
  const inner = text.slice(text.indexOf('{') + 1, -1);
  return [...inner.matchAll(/"((?:[^"\\]|\\.)*)"|([^",]+)/gs)].map(([, quoted, plain = '']) => {
    if (quoted !== undefined) return quoted.replace(/\\(.)/gs, '$1');
    return plain === 'NULL' ? null : plain;
  });
}
