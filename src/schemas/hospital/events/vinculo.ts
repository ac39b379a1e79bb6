import { DAY_MS } from '../../../lib/calendar.js';
import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import { idOf } from '../../../schema/table.js';
import { dateValue, momentMs } from '../../../schema/value.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { cardNumber } from '../people.js';

/** A card is valid for so many days, counted from when it was handed out. */
const CARD_DAYS = [30, 365] as const;
/** And for so many from its renewal: longer than any card just handed out. */
const RENEWED_DAYS = [366, 730] as const;

/** A patient joins a convênio, and later renews the card. */
export const vinculo: EventSpec<'pacientes' | 'convenios'> = {
  type: 'vinculo',
  table: 'pacientes_convenios',
  weight: 10,
  parents: ['pacientes', 'convenios'],
  insert(maker, id, { pacientes: paciente, convenios: convenio }, now) {
    const rng = maker.at(ROW_PURPOSE.vinculo, id);
    const validade = dateValue(now + rng.between(...CARD_DAYS) * DAY_MS);
    return [id, paciente.id, convenio.id, cardNumber(rng), validade];
  },
  change: {
    columns: ['validade'],
    open: ALWAYS,
    // Cards that someone else wrote, or a trigger changed, may lack the date.
    at: "coalesce(validade::timestamp, 'epoch')",
    momentOf: ([, , , , validade]) => momentMs(validade ?? 0),
    values(maker, { key }, now) {
      const rng = maker.at(ROW_PURPOSE.vinculoRenewal, idOf(key), now);
      return [dateValue(now + rng.between(...RENEWED_DAYS) * DAY_MS)];
    },
  },
  deletable: ALWAYS,
};
