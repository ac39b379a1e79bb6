import type { Rng } from '../../../src/random/rng.js';
import { baseType } from '../../../src/schema/table.js';
import { hospital } from '../../helpers/hospital.js';
import type { ReceivedRow } from '../../helpers/received-row.js';

/** An event with one wrong value: a likely mistake for its column's type. */
export function changeValue(event: ReceivedRow, place: number, rng: Rng): ReceivedRow {
  const value = event.values?.[place];
  const { columns, serverColumns } = hospital.tables.get(event.table);
  const type = baseType([...columns, ...serverColumns][place]!.type);
  return withValue(event, place, otherValue(value ?? null, type, rng));
}

export function withValue(event: ReceivedRow, place: number, value: string | null): ReceivedRow {
  return { ...event, values: event.values?.with(place, value) ?? null };
}

/** A value that differs from `value`. */
function otherValue(value: string | null, type: string, rng: Rng): string | null {
  if (value === null) return rng.chance(0.5) ? '' : (samples[type] ?? 'x');
  const ways = [...(mistakes[type] ?? []), (text: string) => (text === '' ? 'x' : '')];
  const others = ways.map((way) => way(value)).filter((other) => other !== value);
  return others.length === 0 || rng.chance(0.1) ? null : rng.pick(others);
}

const samples: Readonly<Record<string, string>> = {
  bigint: '1',
  date: '2000-01-01',
  'timestamp without time zone': '2000-01-01 00:00:00',
};

type Way = (value: string) => string;
const lastDigit: Way = (text) =>
  text.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10));

const mistakes: Readonly<Record<string, readonly Way[]>> = {
  bigint: [lastDigit, (text) => `-${text}`, (text) => `${text}.0`, (text) => `0${text}`],
  'character varying': [
    (text) => text.slice(0, -1),
    (text) => `${text} `,
    (text) => text.toUpperCase(),
    (text) => text.replace(/[^ -~]/g, '?'),
    (text) => `${text.slice(1)}${text.slice(0, 1)}`,
  ],
  date: [lastDigit, (text) => `${text} 00:00:00`, (text) => text.replaceAll('-', '/')],
  'timestamp without time zone': [
    lastDigit,
    (text) => text.replace(' ', 'T'),
    (text) => text.slice(0, 10),
    // An hour off, as by a time zone.
    (text) =>
      text.replace(/ (\d\d)/, (_, hour) => ` ${String((Number(hour) + 1) % 24).padStart(2, '0')}`),
    (text) => (text.includes('.') ? text.replace(/\.\d+$/, '') : `${text}.000001`),
  ],
};
