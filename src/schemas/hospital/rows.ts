import { RNG_PURPOSE, Rng } from '../../random/rng.js';
import {
  anyTime,
  ceilSecond,
  DAY_MS,
  floorSecond,
  formatDate,
  formatTimestamp,
  SECOND_MS,
  visitTime,
} from './calendar.js';
import { CITIES, citiesOf } from './cities.js';
import {
  AWAITED_RESULTS,
  examResult,
  examType,
  NEW_STATUS,
  OPEN_STAYS,
  OUTCOME,
  room,
  specialityName,
  stayReason,
  visitReason,
} from './clinical.js';
import type { Candidate, Patient } from './events/event.js';
import { cnpj, cpf, crm, ufOfCrm } from './identifiers.js';
import { CONVENIO_TYPE, convenioName, coverage } from './insurers.js';
import { address, birthDate, cardNumber, fullName, phone } from './people.js';
import type { Pools } from './pools.js';
import type { Row, Value } from './tables.js';

/** Events lie at most so far back and ahead: two years in all (seed.md: "janela de 2 anos"). */
export const PAST_MS = 640 * DAY_MS;
export const AHEAD_MS = 90 * DAY_MS;

/** How long a stay lasts (seed.md: 3–10 days). */
export const SHORTEST_STAY_MS = 3 * DAY_MS;
export const LONGEST_STAY_MS = 10 * DAY_MS;

/** A card is valid for this long, counted from when it was handed out. */
const CARD_DAYS = [30, 365] as const;
/** And for this long, counted from its renewal: longer than any card just handed out. */
const RENEWED_DAYS = [366, 730] as const;

/** Whole seconds between which an event happens. */
interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * Makes rows, and the values that later changes write. Each is a pure function of the seed number, the
 * table, the id and the arguments. Moments are milliseconds since 1970, UTC; in rows they are
 * whole seconds. Rows have the column order of `TABLES`. Nothing lies before a patient's `since`,
 * not even when a clock that runs behind makes `now` earlier than it.
 */
export class RowMaker {
  readonly #rng: Rng;
  readonly #pools: Pools;

  /** @param seed whole number from 0 to 2^53 - 1 */
  constructor(seed: number, pools: Pools) {
    this.#rng = new Rng(seed);
    this.#pools = pools;
  }

  /** When a seeded patient was registered: evenly over `PAST_MS` before the reference. */
  patientSince(id: number, reference: number): number {
    const to = floorSecond(reference);
    return anyTime(this.#rng.at(RNG_PURPOSE.patientSince, id), to - PAST_MS, to);
  }

  paciente(id: number, since: number): Row {
    const rng = this.#rng.at(RNG_PURPOSE.paciente, id);
    const nome = fullName(rng, this.#pools);
    const nascimento = birthDate(rng, since);
    const city = rng.weighted(CITIES);
    const telefone = phone(rng, city);
    const endereco = address(rng, this.#pools, city);
    return [id, nome, nascimento, cpf(id), telefone, endereco, formatTimestamp(since)];
  }

  medico(id: number): Row {
    const rng = this.#rng.at(RNG_PURPOSE.medico, id);
    const licence = crm(id);
    const city = rng.weighted(citiesOf(ufOfCrm(licence)));
    return [id, fullName(rng, this.#pools), licence, specialityName(id), phone(rng, city)];
  }

  convenio(id: number): Row {
    const rng = this.#rng.at(RNG_PURPOSE.convenio, id);
    const tipo = rng.weighted(CONVENIO_TYPE);
    return [id, convenioName(rng, id, tipo), cnpj(id), tipo, coverage(rng, tipo)];
  }

  vinculo(id: number, pacienteId: number, convenioId: number, now: number): Row {
    const rng = this.#rng.at(RNG_PURPOSE.vinculo, id);
    const validade = formatDate(now + rng.between(...CARD_DAYS) * DAY_MS);
    return [id, pacienteId, convenioId, cardNumber(rng), validade];
  }

  consulta(id: number, paciente: Patient, medicoId: number, now: number): Row {
    const rng = this.#rng.at(RNG_PURPOSE.consulta, id);
    const status = rng.weighted(NEW_STATUS);
    const { from, to } = status === 'agendada' ? ahead(paciente, now) : past(paciente, now);
    const data = formatTimestamp(visitTime(rng, from, to));
    return [id, paciente.id, medicoId, data, visitReason(rng, medicoId), status];
  }

  exame(id: number, paciente: Patient, now: number): Row {
    const rng = this.#rng.at(RNG_PURPOSE.exame, id);
    const { from, to } = past(paciente, now);
    const data = formatTimestamp(visitTime(rng, from, to));
    const resultado = rng.chance(AWAITED_RESULTS) ? null : examResult(rng, id);
    return [id, paciente.id, examType(id), data, resultado];
  }

  internacao(id: number, paciente: Patient, now: number): Row {
    const rng = this.#rng.at(RNG_PURPOSE.internacao, id);
    const open = rng.chance(OPEN_STAYS);
    const length = stayLength(rng);
    const { from, to } = past(paciente, now);
    // A closed stay whose end would lie ahead holds the planned discharge.
    const closedTo = to - length >= from ? to - length : to;
    const entrada = open
      ? anyTime(rng, Math.max(from, to - LONGEST_STAY_MS), to)
      : anyTime(rng, from, closedTo);
    const saida = open ? null : formatTimestamp(entrada + length);
    return [id, paciente.id, formatTimestamp(entrada), saida, stayReason(rng), room(rng)];
  }

  /** How a planned consulta ended: `status`, `data`. `candidate.at`: the planned time. */
  consultaOutcome({ id, at }: Candidate, now: number): readonly Value[] {
    const status = this.#rng.at(RNG_PURPOSE.consultaOutcome, id).weighted(OUTCOME);
    // Rounded up: the patient may have been registered within this very second.
    const data = status === 'cancelada' ? at : Math.min(at, ceilSecond(now));
    return [status, formatTimestamp(data)];
  }

  /** The result that an exam waited for: `resultado`. */
  exameResult({ id }: Candidate): readonly Value[] {
    return [examResult(this.#rng.at(RNG_PURPOSE.exameResult, id), id)];
  }

  /** The end of a stay: `data_saida`. `candidate.at`: the admission. */
  internacaoDischarge({ id, at }: Candidate): readonly Value[] {
    const length = stayLength(this.#rng.at(RNG_PURPOSE.internacaoDischarge, id));
    return [formatTimestamp(ceilSecond(at) + length)];
  }

  /** A patient who moved: `telefone`, `endereco`, others at each `now`. */
  pacienteContact({ id }: Candidate, now: number): readonly Value[] {
    const rng = this.#rng.at(RNG_PURPOSE.pacienteContact, id, now);
    const city = rng.weighted(CITIES);
    return [phone(rng, city), address(rng, this.#pools, city)];
  }

  /** A card renewed: `validade`. */
  vinculoRenewal({ id }: Candidate, now: number): readonly Value[] {
    const rng = this.#rng.at(RNG_PURPOSE.vinculoRenewal, id, now);
    return [formatDate(now + rng.between(...RENEWED_DAYS) * DAY_MS)];
  }
}

/** From the patient's registration, or the start of the two-year window, until now. */
function past({ since }: Patient, now: number): Window {
  const from = Math.max(ceilSecond(since), floorSecond(now) - PAST_MS);
  return { from, to: Math.max(from, floorSecond(now)) };
}

/** After now, and not before the patient's registration. */
function ahead({ since }: Patient, now: number): Window {
  const from = Math.max(ceilSecond(since), floorSecond(now) + SECOND_MS);
  return { from, to: Math.max(from, floorSecond(now) + AHEAD_MS) };
}

/** One second short of the longest, so that an admission rounded up keeps to it. */
function stayLength(rng: Rng): number {
  return anyTime(rng, SHORTEST_STAY_MS, LONGEST_STAY_MS - SECOND_MS);
}
