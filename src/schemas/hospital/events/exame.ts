import { parseTimestamp } from '../calendar.js';
import type { EventSpec } from './event.js';

/** An exam, and later its result. */
export const exame: EventSpec = {
  type: 'exame',
  table: 'exames',
  parents: ['pacientes'],
  insert: (maker, id, { paciente }, now) => maker.exame(id, paciente, now),
  change: {
    columns: ['resultado'],
    open: 'resultado IS NULL',
    at: 'data',
    candidate([id, , , data, resultado]) {
      return resultado === null ? { id: id as number, at: parseTimestamp(data as string) } : null;
    },
    values: (maker, candidate) => maker.exameResult(candidate),
  },
  deletable: 'true',
};
