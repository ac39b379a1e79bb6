import type { Violation } from '../verify/verdict/findings.js';
import { type Measured, TABLES_LISTED, type Violated, type verdictPtBR } from './verdict.pt-BR.js';

const number = (value: number): string => value.toLocaleString('en-US');
const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;
/** In every digit that is left: some decide the outcome. */
const amount = (value: number, unit: string): string =>
  `${value.toLocaleString('en-US', { maximumFractionDigits: 15 })}${unit === '' || unit === '%' ? unit : ` ${unit}`}`;

const limitText = ({ bound, value, unit }: Measured): string => {
  if (bound === null) return '';
  const limit = amount(bound.limit, unit);
  // "5, limit 5" would not say why it did not hold.
  const reached = value === bound.limit;
  return {
    '<': reached ? `, must be below ${limit}` : `, limit ${limit}`,
    '<=': `, limit ${limit}`,
    '>': reached ? `, must be above ${limit}` : `, minimum ${limit}`,
    '>=': `, minimum ${limit}`,
    '==': `, expected ${limit}`,
    '!=': `, must not be ${limit}`,
  }[bound.comparison];
};
const measured = (e: Measured): string =>
  `${e.metric} ${e.value === null ? 'not measured' : amount(e.value, e.unit)}${limitText(e)}`;

/** Each reads after a number of events. */
const violations: Readonly<Record<Violation, string>> = {
  missing: 'missing',
  duplicated: 'duplicated',
  phantom: 'never committed',
  reordered: 'out of order',
  altered: 'altered',
  inconsistent: 'contradicting earlier ones',
};

const among = ({ events, tables }: Violated): string => {
  const [first] = tables;
  if (first === undefined) return '';
  if (first.events === events) return `, ${events === 1 ? '' : 'all '}of ${first.table}`;
  const listed = tables
    .slice(0, TABLES_LISTED)
    .map(({ table, events: count }) => `${number(count)} of ${table}`);
  return `, ${listed.join(', ')}${tables.length > TABLES_LISTED ? ', …' : ''}`;
};

const unsent = (count: number | null): string =>
  count === null || count === 0 ? '' : `, with ${plural(count, 'due event')} unsent`;

const why = (cause: string | null): string => (cause === null ? '; see the log' : ` — ${cause}`);

/** How a run ended, in one sentence each: on the terminal, on top of its page, and in JUnit, in English. */
export const verdictEn: typeof verdictPtBR = {
  measured,
  notHeld: (e) =>
    `Did not hold: ${measured(e)}${e.aborted ? '; the run was ended when it broke' : ''}`,
  held: (e) => `Held: ${measured(e)}`,
  allHeld: (count) => `Held: ${number(count)} of ${number(count)} thresholds`,
  violated: (e) => `CDC: ${plural(e.events, 'event')} ${violations[e.violation]}${among(e)}`,
  indeterminate: (doubt) => `CDC indeterminate — ${doubt}`,
  exact: (e) =>
    [
      e.excused + e.waived === 0
        ? e.delivered === 1
          ? 'Exact: the only event arrived, once'
          : `Exact: all ${plural(e.delivered, 'event')} arrived, once and in order`
        : `Exact: ${plural(e.delivered, 'event')} arrived, once and in order`,
      ...(e.excused > 0 ? [`${number(e.excused)} more excused`] : []),
      ...(e.waived > 0 ? [`${number(e.waived)} left out (--partial)`] : []),
    ].join('; '),
  duplicates: (e) =>
    `Duplicates only: everything arrived (${plural(e.delivered, 'event')}), and ${number(e.replayed)} arrived again in ${plural(e.rewinds, 'replay')}, which is legal`,
  critical: ({ cause }) => `Did not finish: a critical failure ended the run${why(cause)}`,
  serverLost: (e) =>
    `Did not finish: the connection to the server was lost${unsent(e.unsent)}${why(e.cause)}`,
  heldUp: (e) =>
    `Did not finish: workers were held up at the server${unsent(e.unsent)}${why(e.cause)}`,
  inDoubt: (count) =>
    `In doubt: it is unknown whether ${plural(count, 'transaction')} committed; \`ledger resolve\` asks the server`,
  noSummary: () => 'No summary: the run was killed, or is still under way',
  unjudged: () =>
    'No verdict: no thresholds were set (`--threshold`), and the run was not verified (`verify`)',
};
