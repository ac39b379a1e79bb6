import type { TableName } from '../schema/table.js';
import type { Violation } from '../verify/verdict/findings.js';

const number = (value: number): string => value.toLocaleString('pt-BR');
const plural = (count: number, one: string, many: string): string =>
  `${number(count)} ${count === 1 ? one : many}`;
const events = (count: number): string => plural(count, 'evento', 'eventos');
/** In every digit that is left: some decide the outcome. */
const amount = (value: number, unit: string): string =>
  `${value.toLocaleString('pt-BR', { maximumFractionDigits: 15 })}${unit === '' || unit === '%' ? unit : ` ${unit}`}`;

/** A threshold and its figure. */
export interface Measured {
  /** The operator's whole text where it cannot be parsed. */
  readonly metric: string;
  /** Null where it cannot be parsed. */
  readonly bound: {
    readonly comparison: '<' | '<=' | '>' | '>=' | '==' | '!=';
    readonly limit: number;
  } | null;
  /** Of the figure and the limit; empty where they have none. */
  readonly unit: string;
  /** Null: not measured. */
  readonly value: number | null;
}

/** Violations of one kind. */
export interface Violated {
  readonly violation: Violation;
  readonly events: number;
  /** The most events first; without events of an unknown table. */
  readonly tables: readonly { readonly table: TableName; readonly events: number }[];
}

/** Tables that a sentence lists. */
export const TABLES_LISTED = 3;

const limitText = ({ bound, value, unit }: Measured): string => {
  if (bound === null) return '';
  const limit = amount(bound.limit, unit);
  // "5, limite 5" would not say why it did not hold.
  const reached = value === bound.limit;
  return {
    '<': reached ? `, deve ser menor que ${limit}` : `, limite ${limit}`,
    '<=': `, limite ${limit}`,
    '>': reached ? `, deve ser maior que ${limit}` : `, mínimo ${limit}`,
    '>=': `, mínimo ${limit}`,
    '==': `, esperado ${limit}`,
    '!=': `, não pode ser ${limit}`,
  }[bound.comparison];
};
const measured = (e: Measured): string =>
  `${e.metric} ${e.value === null ? 'não medido' : amount(e.value, e.unit)}${limitText(e)}`;

/** Each reads after a number of events. */
const violations: Readonly<Record<Violation, readonly [one: string, many: string]>> = {
  missing: ['ausente', 'ausentes'],
  duplicated: ['duplicado', 'duplicados'],
  phantom: ['que nunca foi confirmado', 'que nunca foram confirmados'],
  reordered: ['fora de ordem', 'fora de ordem'],
  altered: ['alterado', 'alterados'],
  inconsistent: ['que contradiz os anteriores', 'que contradizem os anteriores'],
};

const among = ({ events: count, tables }: Violated): string => {
  const [first] = tables;
  if (first === undefined) return '';
  if (first.events === count) return `, ${count === 1 ? '' : 'todos '}de ${first.table}`;
  const listed = tables
    .slice(0, TABLES_LISTED)
    .map(({ table, events }) => `${number(events)} de ${table}`);
  return `, ${listed.join(', ')}${tables.length > TABLES_LISTED ? ', …' : ''}`;
};

const unsent = (count: number | null): string =>
  count === null || count === 0
    ? ''
    : `, com ${plural(count, 'evento devido', 'eventos devidos')} sem envio`;

const why = (cause: string | null): string => (cause === null ? '; veja o log' : ` — ${cause}`);

/** How a run ended, in one sentence each: on the terminal, on top of its page, and in JUnit, in Brazilian Portuguese. */
export const verdictPtBR = {
  /** A threshold's figure and limit. */
  measured,
  notHeld: (e: Measured & { aborted: boolean }) =>
    `Não cumprido: ${measured(e)}${e.aborted ? '; a execução foi encerrada quando deixou de ser cumprido' : ''}`,
  held: (e: Measured) => `Cumprido: ${measured(e)}`,
  allHeld: (count: number) => `Cumpridos: ${number(count)} de ${number(count)} limites`,
  violated: (e: Violated) =>
    `CDC: ${events(e.events)} ${violations[e.violation][e.events === 1 ? 0 : 1]}${among(e)}`,
  /** `doubt`: the largest one, in words. */
  indeterminate: (doubt: string) => `CDC indeterminado — ${doubt}`,
  exact: (e: { delivered: number; excused: number; waived: number }) =>
    [
      e.excused + e.waived === 0
        ? e.delivered === 1
          ? 'Exato: o único evento chegou, uma vez'
          : `Exato: todos os ${events(e.delivered)} chegaram, uma vez e em ordem`
        : `Exato: ${plural(e.delivered, 'evento chegou', 'eventos chegaram')}, uma vez e em ordem`,
      ...(e.excused > 0 ? [plural(e.excused, 'outro dispensado', 'outros dispensados')] : []),
      ...(e.waived > 0 ? [`${plural(e.waived, 'deixado', 'deixados')} de fora (--partial)`] : []),
    ].join('; '),
  duplicates: (e: { delivered: number; replayed: number; rewinds: number }) =>
    `Só duplicatas: tudo chegou (${events(e.delivered)}), e ${plural(e.replayed, 'chegou', 'chegaram')} de novo em ${plural(e.rewinds, 'recomeço', 'recomeços')}, o que é permitido`,
  critical: ({ cause }: { cause: string | null }) =>
    `Não terminou: uma falha crítica encerrou a execução${why(cause)}`,
  serverLost: (e: { unsent: number | null; cause: string | null }) =>
    `Não terminou: a conexão com o servidor foi perdida${unsent(e.unsent)}${why(e.cause)}`,
  heldUp: (e: { unsent: number | null; cause: string | null }) =>
    `Não terminou: workers ficaram retidos no servidor${unsent(e.unsent)}${why(e.cause)}`,
  inDoubt: (count: number) =>
    `Em dúvida: não se sabe se ${plural(count, 'transação foi confirmada', 'transações foram confirmadas')}; \`ledger resolve\` pergunta ao servidor`,
  noSummary: () => 'Sem resumo: a execução foi morta ou ainda está em andamento',
  unjudged: () =>
    'Sem veredito: nenhum limite foi definido (`--threshold`), e a execução não foi verificada (`verify`)',
};
