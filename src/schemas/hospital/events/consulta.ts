import { parseTimestamp } from '../calendar.js';
import type { EventSpec } from './event.js';

/** A visit to a doctor, and later how it ended. */
export const consulta: EventSpec = {
  type: 'consulta',
  table: 'consultas',
  parents: ['pacientes', 'medicos'],
  insert: (maker, id, { paciente, medicoId }, now) => maker.consulta(id, paciente, medicoId, now),
  change: {
    columns: ['status', 'data'],
    open: "status = 'agendada'",
    at: 'data',
    candidate([id, , , data, , status]) {
      return status === 'agendada'
        ? { id: id as number, at: parseTimestamp(data as string) }
        : null;
    },
    values: (maker, candidate, now) => maker.consultaOutcome(candidate, now),
  },
  deletable: 'true',
};
