import { RowMaker } from '../../../../src/schema/row-maker.js';
import { columnIndex, type Row, type Value } from '../../../../src/schema/table.js';
import { patientSince } from '../../../../src/schemas/hospital/rows.js';
import { schemaWith } from '../../../../src/schemas/index.js';
import { NOW, POOLS } from '../hospital/samples.js';

export const SCHEMA = schemaWith(['prontuario']);

/** The event types of the extension. */
export const TYPES = SCHEMA.eventTypes.filter((type) => !schemaWith([]).events.has(type));

/** How many patients the rows of `rowsOf` are about: few, so that composite keys share their first column. */
const PATIENTS = 5;

export const maker = (rng: number): RowMaker => new RowMaker(rng, POOLS);

/** The row of an id, after `previous` in its statement. */
export function rowOf(
  of: RowMaker,
  type: string,
  id: number,
  previous: Row | null = null,
  now = NOW,
): Row {
  const patient = 1 + (id % PATIENTS);
  const references = {
    pacientes: { id: patient, since: patientSince(of, patient, NOW) },
    medicos: { id: 1 + (id % 7), since: 0 },
  };
  return SCHEMA.event(type).insert(of, id, references, now, previous);
}

/** The rows of the ids from 1 on, all of one statement. */
export function rowsOf(of: RowMaker, type: string, count: number): Row[] {
  const rows: Row[] = [];
  for (let id = 1; id <= count; id++) rows.push(rowOf(of, type, id, rows.at(-1) ?? null));
  return rows;
}

/** The values of one column. */
export function valuesOf(type: string, column: string, rows: readonly Row[]): Value[] {
  const position = columnIndex(SCHEMA.tables.get(SCHEMA.event(type).table), column);
  return rows.map((row) => row[position]!);
}
