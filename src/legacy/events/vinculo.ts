import { DAY_MS, formatDate, parseTimestamp } from '../../lib/calendar.js';
import { cardNumber } from '../people.js';
import { RNG_PURPOSE } from '../purposes.js';
import type { EventSpec } from './event.js';

/** A card is valid for so many days, counted from when it was handed out. */
const CARD_DAYS = [30, 365] as const;
/** And for so many from its renewal: longer than any card just handed out. */
const RENEWED_DAYS = [366, 730] as const;

/** A patient joins a convênio, and later renews the card. */
export const vinculo: EventSpec = {
  type: 'vinculo',
  table: 'pacientes_convenios',
  weight: 10,
  parents: ['pacientes', 'convenios'],
  insert(maker, id, { paciente, convenioId }, now) {
    const rng = maker.at(RNG_PURPOSE.vinculo, id);
    const validade = formatDate(now + rng.between(...CARD_DAYS) * DAY_MS);
    return [id, paciente.id, convenioId, cardNumber(rng), validade];
  },
  change: {
    columns: ['validade'],
    open: 'true',
    // Cards that someone else wrote, or a trigger changed, may lack the date.
    at: "coalesce(validade::timestamp, 'epoch')",
    candidate: ([id, , , , validade]) => ({
      id: id as number,
      at: parseTimestamp((validade ?? '1970-01-01') as string),
    }),
    values(maker, { id }, now) {
      const rng = maker.at(RNG_PURPOSE.vinculoRenewal, id, now);
      return [formatDate(now + rng.between(...RENEWED_DAYS) * DAY_MS)];
    },
  },
  deletable: 'true',
};
