import { DAY_MS, formatDate, parseTimestamp } from '../../../lib/calendar.js';
import { choice } from '../../../random/rng.js';
import { ALWAYS, type EventSpec } from '../../../schema/event.js';
import { ROW_PURPOSE } from '../../purposes.js';

/** The acts that are logged. */
export const ACTIONS = [
  'abriu o prontuário',
  'imprimiu o laudo',
  'alterou o cadastro',
  'exportou a lista',
] as const;

/** Shares in percent: rows repeat often, as a log's do that has no time of day. */
const ACTION = choice(ACTIONS.map((action, i) => [action, [50, 25, 15, 10][i]!] as const));

const USERS = ['recepcao.01', 'recepcao.02', 'enf.souza', 'dra.lima', "tec.d'avila", 'integração'];

const OBJECT = choice<string | null>([
  ['paciente', 60],
  [null, 25],
  ['', 10],
  ['convênio', 5],
]);

/** How many days ago; most acts are of the day itself. */
const DAYS_AGO = choice([
  [0, 80],
  [1, 12],
  [2, 5],
  [7, 3],
]);

/** An act in the audit log, and later its review. The table has no key: equal rows are rows of their own. */
export const auditoria: EventSpec<never> = {
  type: 'auditoria',
  table: 'auditoria',
  weight: 15,
  parents: [],
  insert(maker, id, _references, now) {
    const rng = maker.at(ROW_PURPOSE.auditoria, id);
    const dia = formatDate(now - rng.weighted(DAYS_AGO) * DAY_MS);
    return [dia, rng.pick(USERS), rng.weighted(ACTION), rng.weighted(OBJECT), 'f'];
  },
  change: {
    columns: ['revisada'],
    open: 'NOT revisada',
    at: 'dia::timestamp',
    momentOf: ([dia, , , , revisada]) => (revisada === 'f' ? parseTimestamp(String(dia)) : null),
    values: () => ['t'],
  },
  deletable: ALWAYS,
};
