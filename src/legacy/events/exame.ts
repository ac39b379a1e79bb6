import { formatTimestamp, parseTimestamp } from '../../lib/calendar.js';
import { AWAITED_RESULTS, examResult, examType } from '../clinical.js';
import { RNG_PURPOSE } from '../purposes.js';
import { past, visitTime } from '../times.js';
import type { EventSpec } from './event.js';

/** An exam, and later its result. */
export const exame: EventSpec = {
  type: 'exame',
  table: 'exames',
  weight: 25,
  parents: ['pacientes'],
  insert(maker, id, { paciente }, now) {
    const rng = maker.at(RNG_PURPOSE.exame, id);
    const { from, to } = past(paciente.since, now);
    const data = formatTimestamp(visitTime(rng, from, to));
    const resultado = rng.chance(AWAITED_RESULTS) ? null : examResult(rng, id);
    return [id, paciente.id, examType(id), data, resultado];
  },
  change: {
    columns: ['resultado'],
    open: 'resultado IS NULL',
    at: 'data',
    candidate([id, , , data, resultado]) {
      return resultado === null ? { id: id as number, at: parseTimestamp(data as string) } : null;
    },
    values: (maker, { id }) => [examResult(maker.at(RNG_PURPOSE.exameResult, id), id)],
  },
  deletable: 'true',
};
