import { ceilSecond, parseTimestamp } from '../../../lib/calendar.js';
import { permute } from '../../../random/permutation.js';
import { choice, type Rng } from '../../../random/rng.js';
import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import type { Row, Value } from '../../../schema/table.js';
import { PAST_MS } from '../../hospital/times.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { intervalText, realText, timestampText } from '../printed.js';

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;

/** A fixed key, never the run's seed number: see `measuredAt`. */
const WITHIN_HOUR_KEY = 0x5e7d1ed;

/** Temperatures in tenths of a degree; a body's are no others (the rule of `sinais_vitais`). */
export const COLDEST = 300;
export const HOTTEST = 450;

/** Share of the values that a sensor did not take. */
const NOT_TAKEN = 0.08;
/** Share of each value that is no finite number. */
const SPECIAL = 0.004;

/** How long ago the last measurement was, in per mille. */
type Gap = 'usual' | 'days' | 'months' | 'none' | 'unknown' | 'negative';
const GAP = choice<Gap>([
  ['usual', 700],
  ['days', 150],
  ['unknown', 60],
  ['months', 60],
  ['none', 20],
  ['negative', 10],
]);

const REMARKS = [
  'Sensor reposicionado',
  'Paciente em jejum',
  'Após medicação: 500 mg',
  'Aferido no braço "esquerdo"',
  'Febril 🤒',
  'Leito\tUTI 3',
  'Refeito;\nprimeira leitura descartada',
  '\\o/ alta prevista',
];

/** A measurement at the bedside, and later its correction. */
export const sinalVital: EventSpec<'pacientes'> = {
  type: 'sinal_vital',
  table: 'sinais_vitais',
  weight: 25,
  parents: ['pacientes'],
  insert(maker, id, { pacientes: paciente }, now) {
    const rng = maker.at(ROW_PURPOSE.sinalVital, id);
    const at = measuredAt(rng, id, paciente.since, now);
    const [temperatura, glicemia, lactato, observacao] = readings(rng);
    return [
      ...[paciente.id, `${timestampText(at)}+00`],
      ...[temperatura!, weight(rng), glicemia!, lactato!, gap(rng), observacao!],
    ];
  },
  change: {
    columns: ['temperatura', 'glicemia', 'lactato', 'observacao'],
    open: ALWAYS,
    at: "medido_em AT TIME ZONE 'UTC'",
    momentOf: measuredMs,
    values(maker, { key }, now) {
      // Two measurements of a patient differ in their microseconds.
      const rng = maker.at(ROW_PURPOSE.sinalVitalCorrection, microsecondsOf(key), now);
      return readings(rng);
    },
  },
  deletable: ALWAYS,
};

/** `medido_em` of a row, in milliseconds since 1970, UTC. NaN where it is no timestamp. */
export function measuredMs([, measured]: Row): number {
  return parseTimestamp(String(measured).replace(/\+00$/, ''));
}

function microsecondsOf([, measured]: Row): number {
  const [whole, decimals = ''] = String(measured).replace(/\+00$/, '').split('.');
  return parseTimestamp(whole!) * 1000 + Number(decimals.padEnd(6, '0'));
}

/**
 * Microseconds since 1970. The place within its hour follows from the id: so no two of 3.6 billion measurements have
 * the same moment, in any run, and the keys differ. The hour is drawn: from the patient's registration, at most two
 * years ago, until now. Without an hour whose place lies before now, the moment is less than an hour ahead.
 */
function measuredAt(rng: Rng, id: number, since: number, now: number): number {
  const place = permute(id % HOUR_US, HOUR_US, WITHIN_HOUR_KEY);
  const first = atOrAfter(ceilSecond(Math.max(since, now - PAST_MS)) * 1000, place);
  const hours = Math.floor((now * 1000 - first) / HOUR_US);
  return hours <= 0 ? first : first + rng.below(hours + 1) * HOUR_US;
}

/** The first moment from `us` on with a place within its hour, all in microseconds. */
function atOrAfter(us: number, place: number): number {
  return us + ((((place - us) % HOUR_US) + HOUR_US) % HOUR_US);
}

/** The values of `change.columns`. */
function readings(rng: Rng): readonly Value[] {
  return [temperature(rng), glucose(rng), lactate(rng), remark(rng)];
}

/** `numeric(4,1)`: a decimal, or NaN. */
function temperature(rng: Rng): string | null {
  if (rng.chance(NOT_TAKEN)) return null;
  if (rng.chance(SPECIAL)) return 'NaN';
  // The mean of two: most are near the middle.
  const tenths = Math.floor((rng.between(345, 405) + rng.between(345, 405)) / 2);
  return (tenths / 10).toFixed(1);
}

/** `numeric` with the decimal places of the scales, all kept. */
function weight(rng: Rng): string | null {
  if (rng.chance(NOT_TAKEN)) return null;
  for (const special of ['NaN', 'Infinity', '-Infinity']) if (rng.chance(SPECIAL)) return special;
  const kilograms = rng.between(2, 140);
  // More digits than a double has.
  if (rng.chance(SPECIAL)) return `${kilograms}.${String(rng.u32()).padStart(20, '0')}`;
  return (kilograms + rng.unit()).toFixed(rng.below(5));
}

/** `real`: whole or with a decimal place, or as precise as its 24 bits are. */
function glucose(rng: Rng): string | null {
  if (rng.chance(NOT_TAKEN)) return null;
  const special = specialFloat(rng, '1e-07', '1e+30');
  if (special !== null) return special;
  if (rng.chance(0.1)) return realText(rng.between(40, 400) + rng.unit());
  return realText(rng.between(400, 4000) / 10);
}

/** `double precision`, like `glucose`. */
function lactate(rng: Rng): string | null {
  if (rng.chance(NOT_TAKEN)) return null;
  const special = specialFloat(rng, '5e-324', '1.7976931348623157e+308');
  if (special !== null) return special;
  return String(rng.chance(0.3) ? 0.3 + 20 * rng.unit() : rng.between(3, 200) / 10);
}

/** `Infinity`: above the meter's range; `-Infinity`: below it; `NaN`: it failed. Null: a usual value. */
function specialFloat(rng: Rng, tiny: string, huge: string): string | null {
  for (const special of ['Infinity', '-Infinity', 'NaN']) if (rng.chance(SPECIAL)) return special;
  return rng.chance(SPECIAL) ? rng.pick(['-0', tiny, huge]) : null;
}

function gap(rng: Rng): string | null {
  switch (rng.weighted(GAP)) {
    case 'usual':
      return intervalText(0, 0, rng.between(1, 12) * HOUR_US + rng.below(1000) * 1_000_000);
    case 'days':
      return intervalText(0, rng.between(1, 40), rng.below(2) * (rng.u32() % DAY_US));
    case 'months':
      return intervalText(rng.between(1, 11), rng.below(3), rng.below(86_400) * 1_000_000);
    case 'none':
      return intervalText(0, 0, 0);
    case 'negative':
      // The meter's clock was set back, the last of them across the end of a month.
      return intervalText(-rng.below(2), rng.between(-1, 2), (rng.u32() % HOUR_US) - HOUR_US);
    case 'unknown':
      return null;
  }
}

/** Mostly none; the empty text is no null. */
function remark(rng: Rng): string | null {
  if (rng.chance(0.7)) return null;
  return rng.chance(0.3) ? '' : rng.pick(REMARKS);
}
