import { DAY_MS, formatDate } from '../../../lib/calendar.js';
import { permute } from '../../../random/permutation.js';
import { choice, Rng } from '../../../random/rng.js';
import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import type { Row, Value } from '../../../schema/table.js';
import { past, visitTime } from '../../hospital/times.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { arrayText } from '../printed.js';

/** The route of a medicine, in the order of the enum `via_administracao`. */
type Route = 'oral' | 'intravenosa' | 'intramuscular' | 'subcutânea' | 'tópica';

interface Medicine {
  readonly name: string;
  /** Its class by ATC, of one to four characters, as `char(4)` has it: filled up with blanks. */
  readonly atc: string;
  readonly routes: readonly Route[];
  /** Null: unknown. */
  readonly isControlled: boolean | null;
}

const MEDICINES: readonly Medicine[] = [
  medicine('Dipirona 500 mg', 'N02B', false, 'oral', 'intravenosa'),
  medicine('Paracetamol 750 mg', 'N02B', false, 'oral'),
  medicine('Morfina 10 mg/mL', 'N02A', true, 'intravenosa', 'subcutânea'),
  medicine('Amoxicilina + clavulanato 875 mg', 'J01', false, 'oral'),
  medicine('Ceftriaxona 1 g', 'J01D', false, 'intravenosa', 'intramuscular'),
  medicine('Insulina NPH 100 UI/mL', 'A10A', null, 'subcutânea'),
  medicine('Metformina 850 mg', 'A10B', false, 'oral'),
  medicine('Losartana 50 mg', 'C09', false, 'oral'),
  medicine('Enoxaparina 40 mg/0,4 mL', 'B01A', null, 'subcutânea'),
  medicine('Clonazepam 2,5 mg/mL', 'N03', true, 'oral'),
  medicine('Sulfadiazina de prata 1 %', 'D06', false, 'tópica'),
  medicine('Vitamina B12 5.000 µg', 'B', false, 'intramuscular', 'oral'),
];

/** The period of a prescription, in per mille. */
type Period = 'days' | 'lasting' | 'until' | 'always' | 'to_infinity' | 'from_infinity';
const PERIOD = choice<Period>([
  ['days', 800],
  ['lasting', 120],
  ['until', 40],
  ['always', 20],
  ['to_infinity', 10],
  ['from_infinity', 10],
]);

const LONGEST_DAYS = 60;

const WARNINGS: readonly (string | null)[] = [
  ...['alergia', 'risco de queda', 'dose dupla', 'jejum', 'gestante', 'função renal', 'ajustar'],
  ...['dizer "não" ao paciente', 'ver C:\\protocolos', 'manhã, tarde e noite', '{ver bula}'],
  ...['NULL', 'null', '', ' ', '⚠️', 'linha 1\nlinha 2', null],
];

/** A prescription, and later its renewal or its end. */
export const prescricao: EventSpec<'pacientes' | 'medicos'> = {
  type: 'prescricao',
  table: 'prescricoes',
  weight: 10,
  parents: ['pacientes', 'medicos'],
  insert(maker, id, { pacientes: paciente, medicos: medico }, now) {
    const rng = maker.at(ROW_PURPOSE.prescricao, id);
    const { from, to } = past(paciente.since, now);
    const { name, atc, routes, isControlled } = rng.pick(MEDICINES);
    return [
      ...[uuidOf(id), paciente.id, medico.id, name, rng.pick(routes), atc.padEnd(4)],
      ...[isControlled === null ? null : booleanText(isControlled), station(rng)],
      ...usage(rng, visitTime(rng, from, to)),
    ];
  },
  change: {
    columns: ['em_uso', 'vigencia', 'alertas'],
    open: ALWAYS,
    // Depends on no moment: a renewal counts from its own day.
    at: "timestamp 'epoch'",
    momentOf: () => 0,
    values: (maker, { key }, now) =>
      usage(maker.at(ROW_PURPOSE.prescricaoRenewal, lastDigitsOf(key), now), now),
  },
  deletable: ALWAYS,
};

function medicine(
  name: string,
  atc: string,
  isControlled: boolean | null,
  ...routes: readonly Route[]
): Medicine {
  return { name, atc, routes, isControlled };
}

const booleanText = (value: boolean): string => (value ? 't' : 'f');

/** Fixed, never the run's seed number: an id has the same code in every run, so that runs do not collide. */
const CODE_KEY = 0xc0d160;
const CODE_SPACE = 2 ** 52;
const lasting = new Rng(0);

/** A UUID of version 4 by its form; the last 13 digits that are free are a permutation of the id, below 2^52. */
function uuidOf(id: number): string {
  const own = permute(id, CODE_SPACE, CODE_KEY).toString(16).padStart(13, '0');
  const rng = lasting.at(ROW_PURPOSE.prescricaoCode, id);
  const high = rng.u32().toString(16).padStart(8, '0');
  const rest = rng.u32().toString(16).padStart(8, '0');
  const variant = '89ab'[rng.below(4)]!;
  return `${high}-${rest.slice(0, 4)}-4${rest.slice(4, 7)}-${variant}${rest[7]!}0${own[0]!}-${own.slice(1)}`;
}

/** The last twelve hexadecimal digits of the code: what differs between rows. */
const lastDigitsOf = ([code]: Row): number => Number.parseInt(String(code).slice(-12), 16);

/** The values of `change.columns`. `start`: the first day, in milliseconds since 1970, UTC. */
function usage(rng: Rng, start: number): readonly Value[] {
  return [booleanText(rng.chance(0.8)), period(rng, start), warnings(rng)];
}

/** `daterange` in its canonical form: from a day up to and without another. */
function period(rng: Rng, start: number): string {
  const from = formatDate(start);
  const to = formatDate(start + rng.between(1, LONGEST_DAYS) * DAY_MS);
  switch (rng.weighted(PERIOD)) {
    case 'days':
      return `[${from},${to})`;
    case 'lasting':
      return `[${from},)`;
    case 'until':
      return `(,${to})`;
    case 'always':
      return '(,)';
    case 'to_infinity':
      return `[${from},infinity)`;
    case 'from_infinity':
      return `[-infinity,${to})`;
  }
}

/** `text[]`: null, empty, or with elements that are null, empty or quoted. */
function warnings(rng: Rng): string | null {
  if (rng.chance(0.1)) return null;
  return arrayText(Array.from({ length: rng.below(5) }, () => rng.pick(WARNINGS)));
}

/** `inet`: an address of version 4 or 6, alone or with its network, or a network. */
function station(rng: Rng): string | null {
  const [floor, room, host] = [rng.between(1, 9), rng.between(1, 30), rng.between(1, 254)];
  switch (rng.below(8)) {
    case 0:
      return null;
    case 1:
      return `10.${floor}.${room}.${host}/24`;
    case 2:
      return `10.${floor}.0.0/16`;
    case 3:
      return `2001:db8:${floor}::${host.toString(16)}`;
    case 4:
      return `2001:db8:${floor}:${room.toString(16)}::/64`;
    case 5:
      return `fe80::${room.toString(16)}:${host.toString(16)}/10`;
    default:
      return `192.168.${room}.${host}`;
  }
}
