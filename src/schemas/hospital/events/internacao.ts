import { ceilSecond } from '../../../lib/calendar.js';
import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import { idOf } from '../../../schema/table.js';
import { momentMs, timestampValue } from '../../../schema/value.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { OPEN_STAYS, room, stayReason } from '../clinical.js';
import { anyTime, LONGEST_STAY_MS, past, stayLength } from '../times.js';

/** A stay in the hospital, and later the discharge. */
export const internacao: EventSpec<'pacientes'> = {
  type: 'internacao',
  table: 'internacoes',
  weight: 10,
  parents: ['pacientes'],
  insert(maker, id, { pacientes: paciente }, now) {
    const rng = maker.at(ROW_PURPOSE.internacao, id);
    const open = rng.chance(OPEN_STAYS);
    const length = stayLength(rng);
    const { from, to } = past(paciente.since, now);
    // A closed stay whose end would lie ahead holds the planned discharge.
    const closedTo = to - length >= from ? to - length : to;
    const entrada = open
      ? anyTime(rng, Math.max(from, to - LONGEST_STAY_MS), to)
      : anyTime(rng, from, closedTo);
    const saida = open ? null : timestampValue(entrada + length);
    return [id, paciente.id, timestampValue(entrada), saida, stayReason(rng), room(rng)];
  },
  change: {
    columns: ['data_saida'],
    open: 'data_saida IS NULL',
    at: 'data_entrada',
    momentOf: ([, , entrada, saida]) => (saida === null ? momentMs(entrada) : null),
    values(maker, { key, at }) {
      const length = stayLength(maker.at(ROW_PURPOSE.internacaoDischarge, idOf(key)));
      return [timestampValue(ceilSecond(at) + length)];
    },
  },
  deletable: ALWAYS,
};
