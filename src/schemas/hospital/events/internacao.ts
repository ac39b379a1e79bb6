import { parseTimestamp } from '../calendar.js';
import type { EventSpec } from './event.js';

/** A stay in the hospital, and later the discharge. */
export const internacao: EventSpec = {
  type: 'internacao',
  table: 'internacoes',
  parents: ['pacientes'],
  insert: (maker, id, { paciente }, now) => maker.internacao(id, paciente, now),
  change: {
    columns: ['data_saida'],
    open: 'data_saida IS NULL',
    at: 'data_entrada',
    candidate([id, , entrada, saida]) {
      return saida === null ? { id: id as number, at: parseTimestamp(entrada as string) } : null;
    },
    values: (maker, candidate) => maker.internacaoDischarge(candidate),
  },
  deletable: 'true',
};
