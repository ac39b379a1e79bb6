import { baseType } from '../schema/table.js';

/**
 * The part of a value that the coarsest setting of a pipeline leaves, from its text as PostgreSQL prints it. Null: the
 * setting makes it NULL.
 */
export type Projection = (text: string) => string | null;

/** The projection of a type, as `format_type` prints it. */
export function projectionOf(type: string): Projection {
  return PROJECTIONS.get(baseType(type)) ?? unchanged;
}

const unchanged: Projection = (text) => text;

const SPECIAL: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity']);

/** Special numbers become NULL, as in `precise` and in JSON. */
const finite: Projection = (text) => (SPECIAL.has(text) ? null : text);

/** Debezium's `decimal.handling.mode=double`. */
const asDouble: Projection = (text) => (SPECIAL.has(text) ? null : String(Number(text)));

/** Debezium's `time.precision.mode=connect`: cut, not rounded. */
const toMilliseconds: Projection = (text) =>
  text.replace(/\.(\d+)/, (_, digits: string) => {
    const milliseconds = digits.slice(0, 3).replace(/0+$/, '');
    return milliseconds === '' ? '' : `.${milliseconds}`;
  });

const INTERVAL =
  /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-]?)(\d+):(\d+):(\d+)(?:\.(\d+))?)?$/;
const DAYS_PER_MONTH = 365.25 / 12;

/**
 * Debezium's `interval.handling.mode=numeric`: microseconds, with 30.4375 days to a month. The same steps in the same
 * order as `io.debezium.time.MicroDuration.durationMicros`, whose floating-point numbers may lose a microsecond.
 */
const toMicroseconds: Projection = (text) => {
  const parts = INTERVAL.exec(text);
  if (parts === null) return text;
  const [, years, months, days, sign, hours, minutes, seconds, fraction = ''] = parts;
  const time = sign === '-' ? -1 : 1;
  const micros = Number(fraction.padEnd(6, '0'));
  const inDays = (numberOf(years) * 12 + numberOf(months)) * DAYS_PER_MONTH + numberOf(days);
  const inMinutes = (inDays * 24 + time * numberOf(hours)) * 60 + time * numberOf(minutes);
  const inSeconds = inMinutes * 60 + time * (numberOf(seconds) + micros / 1e6);
  return String(BigInt(Math.trunc(inSeconds * 1e6)));
};

function numberOf(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits);
}

const PROJECTIONS: ReadonlyMap<string, Projection> = new Map([
  ['numeric', asDouble],
  ['real', finite],
  ['double precision', finite],
  ['interval', toMicroseconds],
  ['timestamp without time zone', toMilliseconds],
  ['timestamp with time zone', toMilliseconds],
]);
