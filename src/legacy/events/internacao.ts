import { ceilSecond, formatTimestamp, parseTimestamp } from '../../lib/calendar.js';
import { OPEN_STAYS, room, stayReason } from '../clinical.js';
import { RNG_PURPOSE } from '../purposes.js';
import { anyTime, LONGEST_STAY_MS, past, stayLength } from '../times.js';
import type { EventSpec } from './event.js';

/** A stay in the hospital, and later the discharge. */
export const internacao: EventSpec = {
  type: 'internacao',
  table: 'internacoes',
  weight: 10,
  parents: ['pacientes'],
  insert(maker, id, { paciente }, now) {
    const rng = maker.at(RNG_PURPOSE.internacao, id);
    const open = rng.chance(OPEN_STAYS);
    const length = stayLength(rng);
    const { from, to } = past(paciente.since, now);
    // A closed stay whose end would lie ahead holds the planned discharge.
    const closedTo = to - length >= from ? to - length : to;
    const entrada = open
      ? anyTime(rng, Math.max(from, to - LONGEST_STAY_MS), to)
      : anyTime(rng, from, closedTo);
    const saida = open ? null : formatTimestamp(entrada + length);
    return [id, paciente.id, formatTimestamp(entrada), saida, stayReason(rng), room(rng)];
  },
  change: {
    columns: ['data_saida'],
    open: 'data_saida IS NULL',
    at: 'data_entrada',
    candidate([id, , entrada, saida]) {
      return saida === null ? { id: id as number, at: parseTimestamp(entrada as string) } : null;
    },
    values(maker, { id, at }) {
      const length = stayLength(maker.at(RNG_PURPOSE.internacaoDischarge, id));
      return [formatTimestamp(ceilSecond(at) + length)];
    },
  },
  deletable: 'true',
};
