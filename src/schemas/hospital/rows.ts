import { floorSecond } from '../../lib/calendar.js';
import type { RowMaker } from '../../schema/row-maker.js';
import type { Row } from '../../schema/table.js';
import { timestampValue } from '../../schema/value.js';
import { ROW_PURPOSE } from '../purposes.js';
import { CITIES, citiesOf } from './cities.js';
import { specialityName } from './clinical.js';
import { cnpj, cpf, crm, ufOfCrm } from './identifiers.js';
import { CONVENIO_TYPE, convenioName, coverage } from './insurers.js';
import { address, birthDate, fullName, phone } from './people.js';
import { poolsOf } from './pools.js';
import { anyTime, PAST_MS } from './times.js';

/*
 * The rows that others reference. Moments are milliseconds since 1970, UTC; in rows they are whole seconds. Rows have
 * the column order of their table. Nothing lies before a patient's `since`, not even when a slow clock makes `now`
 * earlier than it.
 */

/** When a seeded patient was registered: evenly over `PAST_MS` before the reference. */
export function patientSince(maker: RowMaker, id: number, reference: number): number {
  const to = floorSecond(reference);
  return anyTime(maker.at(ROW_PURPOSE.patientSince, id), to - PAST_MS, to);
}

/** @param since when the patient is registered */
export function paciente(maker: RowMaker, id: number, since: number): Row {
  const rng = maker.at(ROW_PURPOSE.paciente, id);
  const pools = poolsOf(maker);
  const nome = fullName(rng, pools);
  const nascimento = birthDate(rng, since);
  const city = rng.weighted(CITIES);
  const telefone = phone(rng, city);
  const endereco = address(rng, pools, city);
  return [id, nome, nascimento, cpf(id), telefone, endereco, timestampValue(since)];
}

export function medico(maker: RowMaker, id: number): Row {
  const rng = maker.at(ROW_PURPOSE.medico, id);
  const licence = crm(id);
  const city = rng.weighted(citiesOf(ufOfCrm(licence)));
  return [id, fullName(rng, poolsOf(maker)), licence, specialityName(id), phone(rng, city)];
}

export function convenio(maker: RowMaker, id: number): Row {
  const rng = maker.at(ROW_PURPOSE.convenio, id);
  const tipo = rng.weighted(CONVENIO_TYPE);
  return [id, convenioName(rng, id, tipo), cnpj(id), tipo, coverage(rng, tipo)];
}
