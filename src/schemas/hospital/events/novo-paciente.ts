import { ALWAYS, type EventSpec, UNREFERENCED } from '../../../schema/event.js';
import { idOf } from '../../../schema/table.js';
import { momentMs } from '../../../schema/value.js';
import { ROW_PURPOSE } from '../../purposes.js';
import { CITIES } from '../cities.js';
import { address, phone } from '../people.js';
import { poolsOf } from '../pools.js';
import { paciente } from '../rows.js';

/** A patient is registered, and later moves house. */
export const novoPaciente: EventSpec<never> = {
  type: 'novo_paciente',
  table: 'pacientes',
  weight: 15,
  parents: [],
  insert: (maker, id, _references, now) => paciente(maker, id, now),
  change: {
    columns: ['telefone', 'endereco'],
    open: ALWAYS,
    at: 'data_cadastro',
    momentOf: (row) => momentMs(row[6]),
    // Another place at each `now`.
    values(maker, { key }, now) {
      const rng = maker.at(ROW_PURPOSE.pacienteContact, idOf(key), now);
      const city = rng.weighted(CITIES);
      return [phone(rng, city), address(rng, poolsOf(maker), city)];
    },
  },
  deletable: UNREFERENCED,
};
