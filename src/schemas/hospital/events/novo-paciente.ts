import { parseTimestamp } from '../calendar.js';
import { TABLE_NAMES, TABLES, type TableName } from '../tables.js';
import type { EventSpec } from './event.js';

/** A patient is registered, and later moves house. */
export const novoPaciente: EventSpec = {
  type: 'novo_paciente',
  table: 'pacientes',
  parents: [],
  insert: (maker, id, _references, now) => maker.paciente(id, now),
  change: {
    columns: ['telefone', 'endereco'],
    open: 'true',
    at: 'data_cadastro',
    candidate: (row) => ({ id: row[0] as number, at: parseTimestamp(row[6] as string) }),
    values: (maker, candidate, now) => maker.pacienteContact(candidate, now),
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
