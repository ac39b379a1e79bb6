import { type HazardSpec, NO_HAZARDS } from '../../schema/hazards.js';
import { ROW_PURPOSE } from '../purposes.js';
import { CITIES } from './cities.js';
import { phone } from './people.js';

/** The hazards that need no extension. */
export const HAZARDS: HazardSpec = {
  ...NO_HAZARDS,
  // No event type changes a doctor.
  hot: {
    table: 'medicos',
    columns: ['telefone'],
    values(maker, id, moment) {
      const rng = maker.at(ROW_PURPOSE.medicoContact, id, moment);
      return [phone(rng, rng.weighted(CITIES))];
    },
  },
  family: { parent: 'pacientes', children: ['consulta', 'exame', 'internacao'] },
  bulk: 'exame',
};
