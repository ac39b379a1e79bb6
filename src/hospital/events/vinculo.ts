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
    // Cards that someone else wrote may lack the date.
    at: "coalesce(validade::timestamp, 'epoch')",
    candidate: (row) => ({ id: row[0] as number, at: parseTimestamp(row[4] as string) }),
    values: (maker, candidate, now) => maker.vinculoRenewal(candidate, now),
  },
  deletable: 'true',
};
