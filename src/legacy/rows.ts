import { floorSecond, formatTimestamp } from '../lib/calendar.js';
import { Rng } from '../random/rng.js';
import { CITIES, citiesOf } from './cities.js';
import { specialityName } from './clinical.js';
import { cnpj, cpf, crm, ufOfCrm } from './identifiers.js';
import { CONVENIO_TYPE, convenioName, coverage } from './insurers.js';
import { address, birthDate, fullName, phone } from './people.js';
import type { Pools } from './pools.js';
import { RNG_PURPOSE } from './purposes.js';
import type { ParentTable, Row } from './tables.js';
import { anyTime, PAST_MS } from './times.js';

/**
 * Makes the rows that others reference, and lends event types the random numbers for theirs. Each row is a
 * pure function of the seed number, the table, the id and the arguments. Moments are milliseconds since
 * 1970, UTC; in rows they are whole seconds. Rows have the column order of `TABLES`. Nothing lies before a
 * patient's `since`, not even when a slow clock makes `now` earlier than it.
 */
export class RowMaker {
  readonly pools: Pools;
  readonly #rng: Rng;

  /** @param seed whole number from 0 to 2^53 - 1 */
  constructor(seed: number, pools: Pools) {
    this.#rng = new Rng(seed);
    this.pools = pools;
  }

  /** The random numbers of one row, from the first one; see `Rng.at`. */
  at(purpose: number, id: number, moment = 0): Rng {
    return this.#rng.at(purpose, id, moment);
  }

  /** When a seeded patient was registered: evenly over `PAST_MS` before the reference. */
  patientSince(id: number, reference: number): number {
    const to = floorSecond(reference);
    return anyTime(this.at(RNG_PURPOSE.patientSince, id), to - PAST_MS, to);
  }

  /** A row of a table that others reference. `now`: when a patient is registered. */
  parent(table: ParentTable, id: number, now: number): Row {
    if (table === 'pacientes') return this.paciente(id, now);
    return table === 'medicos' ? this.medico(id) : this.convenio(id);
  }

  paciente(id: number, since: number): Row {
    const rng = this.at(RNG_PURPOSE.paciente, id);
    const nome = fullName(rng, this.pools);
    const nascimento = birthDate(rng, since);
    const city = rng.weighted(CITIES);
    const telefone = phone(rng, city);
    const endereco = address(rng, this.pools, city);
    return [id, nome, nascimento, cpf(id), telefone, endereco, formatTimestamp(since)];
  }

  medico(id: number): Row {
    const rng = this.at(RNG_PURPOSE.medico, id);
    const licence = crm(id);
    const city = rng.weighted(citiesOf(ufOfCrm(licence)));
    return [id, fullName(rng, this.pools), licence, specialityName(id), phone(rng, city)];
  }

  convenio(id: number): Row {
    const rng = this.at(RNG_PURPOSE.convenio, id);
    const tipo = rng.weighted(CONVENIO_TYPE);
    return [id, convenioName(rng, id, tipo), cnpj(id), tipo, coverage(rng, tipo)];
  }
}
