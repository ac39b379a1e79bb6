import { parseTimestamp } from '../calendar.js';
import type { EventSpec } from './event.js';

/** A patient joins a convênio, and later renews the card. */
export const vinculo: EventSpec = {
  type: 'vinculo',
  table: 'pacientes_convenios',
  parents: ['pacientes', 'convenios'],
  insert: (maker, id, { paciente, convenioId }, now) =>
    maker.vinculo(id, paciente.id, convenioId, now),
  change: {
    columns: ['validade'],
    open: 'true',
    // Cards that someone else wrote, or a trigger changed, may lack the date.
    at: "coalesce(validade::timestamp, 'epoch')",
    candidate: ([id, , , , validade]) => ({
      id: id as number,
      at: parseTimestamp((validade ?? '1970-01-01') as string),
    }),
    values: (maker, candidate, now) => maker.vinculoRenewal(candidate, now),
  },
  deletable: 'true',
};
