import { parseTimestamp } from '../../lib/calendar.js';
import { CITIES } from '../cities.js';
import { address, phone } from '../people.js';
import { RNG_PURPOSE } from '../purposes.js';
import { TABLE_NAMES, TABLES, type TableName } from '../tables.js';
import type { EventSpec } from './event.js';

/** A patient is registered, and later moves house. */
export const novoPaciente: EventSpec = {
  type: 'novo_paciente',
  table: 'pacientes',
  weight: 15,
  parents: [],
  insert: (maker, id, _references, now) => maker.paciente(id, now),
  change: {
    columns: ['telefone', 'endereco'],
    open: 'true',
    at: 'data_cadastro',
    candidate: (row) => ({ id: row[0] as number, at: parseTimestamp(row[6] as string) }),
    // Another place at each `now`.
    values(maker, { id }, now) {
      const rng = maker.at(RNG_PURPOSE.pacienteContact, id, now);
      const city = rng.weighted(CITIES);
      return [phone(rng, city), address(rng, maker.pools, city)];
    },
  },
  deletable: unreferenced('pacientes'),
};

/** SQL: no row of any table references this one. */
function unreferenced(table: TableName): string {
  return TABLE_NAMES.flatMap((child) =>
    TABLES[child].foreignKeys
      .filter(({ references }) => references === table)
      .map(
        ({ column }) =>
          `NOT EXISTS (SELECT 1 FROM ${child} WHERE ${child}.${column} = ${table}.id)`,
      ),
  ).join(' AND ');
}
