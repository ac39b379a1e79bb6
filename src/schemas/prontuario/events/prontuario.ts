import {
  ceilSecond,
  floorSecond,
  formatTimestamp,
  parseTimestamp,
  SECOND_MS,
} from '../../../lib/calendar.js';
import { choice, Rng } from '../../../random/rng.js';
import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import { idOf } from '../../../schema/table.js';
import { past, visitTime } from '../../hospital/times.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { chartText } from '../chart-text.js';
import { jsonbArray, jsonbText } from '../printed.js';

/** The states of a note. Every one but an open one is signed. */
export const SITUATIONS = ['aberto', 'assinado', 'retificado'] as const;
type Situation = (typeof SITUATIONS)[number];

/** New notes, in percent. */
const NEW_SITUATION = choice<Situation>([
  ['aberto', 60],
  ['assinado', 35],
  ['retificado', 5],
]);

/** Notes signed now, in percent. */
const SIGNED_SITUATION = choice<Situation>([
  ['assinado', 80],
  ['retificado', 20],
]);

/** A note is signed within so many minutes. */
const SIGNED_WITHIN_MINUTES = 120;

/** Shares of the notes with a file, and of the files that are empty. */
const WITH_FILE = 0.3;
const EMPTY_FILES = 0.05;
/** The largest file, in bytes. */
export const LARGEST_FILE = 8192;

/** Share of the notes with a curve: with its numbers, the structure leaves the row, too, as the text does. */
const WITH_CURVE = 0.08;
const LONGEST_CURVE = 1500;

/** Share of the structures with a signature by card. */
const SIGNED_BY_CARD = 0.2;

/** The numbers of curves and the bytes of files, the same in every run, of which rows take a part; made at the first row. */
let numbers: readonly string[] | null = null;
let noise: Buffer | null = null;

const CODES = ['J18.9', 'E11.9', 'I10', 'N39.0', 'K35.8', 'S72.0', 'O80', 'R07.4', 'Z00.0'];
const ALLERGIES = [
  'dipirona',
  'penicilina',
  'látex',
  'iodo',
  'AAS',
  'camarão',
  'esparadrapo "micropore"',
];
const SHIFTS = ['manhã', 'tarde', 'noite'];
const REMARKS = [
  'Paciente colaborativo',
  'Acompanhante: mãe',
  'Prefere ser chamado de "Zé"',
  'Alergia relatada\nconferir na próxima visita',
  'Caminho do laudo: C:\\laudos\\2026',
  '👍 liberado pela equipe',
  '',
];

/** A note in a patient's chart, and later its signature: the text, the structure and the file stay as they are. */
export const prontuario: EventSpec<'pacientes' | 'medicos'> = {
  type: 'prontuario',
  table: 'prontuarios',
  weight: 10,
  parents: ['pacientes', 'medicos'],
  insert(maker, id, { pacientes: paciente, medicos: medico }, now) {
    const rng = maker.at(ROW_PURPOSE.prontuario, id);
    const { from, to } = past(paciente.since, now);
    const opened = visitTime(rng, from, to);
    const situacao = rng.weighted(NEW_SITUATION);
    const planned = opened + rng.between(1, SIGNED_WITHIN_MINUTES) * 60 * SECOND_MS;
    const signed = Math.max(opened, Math.min(planned, floorSecond(now)));
    return [
      ...[id, paciente.id, medico.id, formatTimestamp(opened), situacao],
      situacao === 'aberto' ? null : formatTimestamp(signed),
      ...[chartText(rng), structure(rng), file(rng)],
    ];
  },
  change: {
    columns: ['situacao', 'assinado_em'],
    open: ALWAYS,
    at: 'aberto_em',
    momentOf: ([, , , opened]) => parseTimestamp(opened as string),
    values(maker, { key, at }, now) {
      const rng = maker.at(ROW_PURPOSE.prontuarioSignature, idOf(key), now);
      return [rng.weighted(SIGNED_SITUATION), formatTimestamp(ceilSecond(Math.max(at, now)))];
    },
  },
  deletable: ALWAYS,
};

/** `jsonb` with numbers of any scale, null, empty and nested values, and a name beyond ASCII. */
function structure(rng: Rng): string {
  const members: [name: string, text: string][] = [
    ['cid', jsonbArray(strings(rng, CODES, 3))],
    ['dor', String(rng.below(11))],
    ['peso', decimal(rng, 3)],
  ];
  if (rng.chance(WITH_CURVE)) members.push(['curva', curve(rng)]);
  members.push(
    ['turno', JSON.stringify(rng.pick(SHIFTS))],
    ['retorno', rng.chance(0.5) ? 'null' : jsonbText([['dias', String(rng.between(7, 90))]])],
    ['alergias', jsonbArray(strings(rng, ALLERGIES, 3))],
  );
  if (rng.chance(SIGNED_BY_CARD)) {
    const signature = [
      ['hash', bigNumber(rng)],
      ['válida', 'true'],
    ] as const;
    members.push(['assinatura', jsonbText(signature)]);
  }
  members.push(['observação', JSON.stringify(rng.pick(REMARKS))]);
  return jsonbText(members);
}

/** A part of a fixed curve: to draw each number would cost more than all else of the row. */
function curve(rng: Rng): string {
  const length = rng.between(1, LONGEST_CURVE);
  numbers ??= makeNumbers();
  const first = rng.below(numbers.length - length + 1);
  return jsonbArray(numbers.slice(first, first + length));
}

/** Up to `most` of a list, each at most once, as JSON. */
function strings(rng: Rng, list: readonly string[], most: number): string[] {
  const first = rng.below(list.length);
  return Array.from({ length: rng.below(most + 1) }, (_, i) =>
    JSON.stringify(list[(first + i) % list.length]!),
  );
}

/** `72`, `72.5`, `72.50`: `jsonb` keeps the zeros at the end. */
function decimal(rng: Rng, mostPlaces: number): string {
  return (rng.between(40, 120) + rng.unit()).toFixed(rng.below(mostPlaces + 1));
}

/** A whole number of 20 digits: beyond 2^53 and beyond `bigint`. */
function bigNumber(rng: Rng): string {
  return `9${rng.u32()}${rng.u32()}`.padEnd(20, '0');
}

/** A file as `bytea`, or null; each order of magnitude of its size is as likely. It is a part of fixed noise. */
function file(rng: Rng): string | null {
  if (!rng.chance(WITH_FILE)) return null;
  if (rng.chance(EMPTY_FILES)) return '\\x';
  const size = Math.floor(LARGEST_FILE ** rng.unit());
  noise ??= makeNoise();
  const first = rng.below(noise.length - size + 1);
  return `\\x${noise.toString('hex', first, first + size)}`;
}

function makeNumbers(): readonly string[] {
  const rng = new Rng(0).at(ROW_PURPOSE.prontuarioCurve, 0);
  return Array.from({ length: 4 * LONGEST_CURVE }, () => decimal(rng, 2));
}

function makeNoise(): Buffer {
  const rng = new Rng(0).at(ROW_PURPOSE.prontuarioNoise, 0);
  return Buffer.from(Array.from({ length: 4 * LARGEST_FILE }, () => rng.below(256)));
}
