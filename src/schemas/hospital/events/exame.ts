import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import { idOf } from '../../../schema/table.js';
import { momentMs, timestampValue } from '../../../schema/value.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { AWAITED_RESULTS, examResult, examType } from '../clinical.js';
import { past, visitTime } from '../times.js';

/** An exam, and later its result. */
export const exame: EventSpec<'pacientes'> = {
  type: 'exame',
  table: 'exames',
  weight: 25,
  parents: ['pacientes'],
  insert(maker, id, { pacientes: paciente }, now) {
    const rng = maker.at(ROW_PURPOSE.exame, id);
    const { from, to } = past(paciente.since, now);
    const data = timestampValue(visitTime(rng, from, to));
    const resultado = rng.chance(AWAITED_RESULTS) ? null : examResult(rng, id);
    return [id, paciente.id, examType(id), data, resultado];
  },
  change: {
    columns: ['resultado'],
    open: 'resultado IS NULL',
    at: 'data',
    momentOf: ([, , , data, resultado]) => (resultado === null ? momentMs(data) : null),
    values(maker, { key }) {
      const id = idOf(key);
      return [examResult(maker.at(ROW_PURPOSE.exameResult, id), id)];
    },
  },
  deletable: ALWAYS,
};
