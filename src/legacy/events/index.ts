import { TABLE_NAMES, type TableName } from '../tables.js';
import { consulta } from './consulta.js';
import type { EventSpec } from './event.js';
import { exame } from './exame.js';
import { internacao } from './internacao.js';
import { novoPaciente } from './novo-paciente.js';
import { vinculo } from './vinculo.js';

/** The event types of `stream`, in the order of `--only` and of the weights. */
export const EVENTS = {
  consulta,
  exame,
  internacao,
  novo_paciente: novoPaciente,
  vinculo,
} satisfies Readonly<Record<string, EventSpec>>;

export type EventType = keyof typeof EVENTS;
export const EVENT_TYPES = Object.keys(EVENTS) as readonly EventType[];

/** The columns of each table that an UPDATE of some event type sets. */
export const CHANGING_COLUMNS = Object.fromEntries(
  TABLE_NAMES.map((table) => {
    const ofTable = Object.values(EVENTS).filter((event) => event.table === table);
    return [table, [...new Set(ofTable.flatMap(({ change }) => change.columns))]];
  }),
) as unknown as Readonly<Record<TableName, readonly string[]>>;

/** Whether an UPDATE of these columns sets every changing column of its table. */
export function setsAllChanging(table: TableName, columns: readonly string[]): boolean {
  return CHANGING_COLUMNS[table].every((name) => columns.includes(name));
}
