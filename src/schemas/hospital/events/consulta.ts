import { ceilSecond } from '../../../lib/calendar.js';
import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import { idOf } from '../../../schema/table.js';
import { momentMs, timestampValue } from '../../../schema/value.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { NEW_STATUS, OUTCOME, visitReason } from '../clinical.js';
import { ahead, past, visitTime } from '../times.js';

/** A visit to a doctor, and later how it ended. */
export const consulta: EventSpec<'pacientes' | 'medicos'> = {
  type: 'consulta',
  table: 'consultas',
  weight: 40,
  parents: ['pacientes', 'medicos'],
  insert(maker, id, { pacientes: paciente, medicos: medico }, now) {
    const rng = maker.at(ROW_PURPOSE.consulta, id);
    const status = rng.weighted(NEW_STATUS);
    const { from, to } =
      status === 'agendada' ? ahead(paciente.since, now) : past(paciente.since, now);
    const data = timestampValue(visitTime(rng, from, to));
    return [id, paciente.id, medico.id, data, visitReason(rng, medico.id), status];
  },
  change: {
    columns: ['status', 'data'],
    open: "status = 'agendada'",
    at: 'data',
    momentOf([, , , data, , status]) {
      return status === 'agendada' ? momentMs(data) : null;
    },
    values(maker, { key, at }, now) {
      const status = maker.at(ROW_PURPOSE.consultaOutcome, idOf(key)).weighted(OUTCOME);
      // Rounded up: the patient may have been registered within this very second.
      const data = status === 'cancelada' ? at : Math.min(at, ceilSecond(now));
      return [status, timestampValue(data)];
    },
  },
  deletable: ALWAYS,
};
