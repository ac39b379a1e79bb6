import { ceilSecond, formatTimestamp, parseTimestamp } from '../../lib/calendar.js';
import { NEW_STATUS, OUTCOME, visitReason } from '../clinical.js';
import { RNG_PURPOSE } from '../purposes.js';
import { ahead, past, visitTime } from '../times.js';
import type { EventSpec } from './event.js';

/** A visit to a doctor, and later how it ended. */
export const consulta: EventSpec = {
  type: 'consulta',
  table: 'consultas',
  weight: 40,
  parents: ['pacientes', 'medicos'],
  insert(maker, id, { paciente, medicoId }, now) {
    const rng = maker.at(RNG_PURPOSE.consulta, id);
    const status = rng.weighted(NEW_STATUS);
    const { from, to } =
      status === 'agendada' ? ahead(paciente.since, now) : past(paciente.since, now);
    const data = formatTimestamp(visitTime(rng, from, to));
    return [id, paciente.id, medicoId, data, visitReason(rng, medicoId), status];
  },
  change: {
    columns: ['status', 'data'],
    open: "status = 'agendada'",
    at: 'data',
    candidate([id, , , data, , status]) {
      return status === 'agendada'
        ? { id: id as number, at: parseTimestamp(data as string) }
        : null;
    },
    values(maker, { id, at }, now) {
      const status = maker.at(RNG_PURPOSE.consultaOutcome, id).weighted(OUTCOME);
      // Rounded up: the patient may have been registered within this very second.
      const data = status === 'cancelada' ? at : Math.min(at, ceilSecond(now));
      return [status, formatTimestamp(data)];
    },
  },
  deletable: 'true',
};
