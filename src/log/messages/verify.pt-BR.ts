import type { TableName } from '../../hospital/tables.js';
import type { EventOperation, Malformed } from '../../intake/event.js';
import { DOUBTS, type Doubt, type Sum } from '../../verify/accounting.js';
import type { ExplainedCause, Note, VerificationDocument } from '../../verify/document.js';
import type { Detail, Example, Violation } from '../../verify/findings.js';
import type { Omission } from '../../verify/publishing.js';
import type { Doubts, Verdict } from '../../verify/verdict.js';
import type { VerificationProgress } from '../../verify/verify.js';

const number = (value: number): string => value.toLocaleString('pt-BR');
const plural = (count: number, one: string, many: string): string =>
  `${number(count)} ${count === 1 ? one : many}`;
const events = (count: number): string => plural(count, 'evento', 'eventos');
const seconds = (value: number): string =>
  value.toLocaleString('pt-BR', { maximumFractionDigits: 1 });
const transactions = (count: number): string => plural(count, 'transação', 'transações');
const rate = ({ events: counts, seconds: time }: VerificationDocument): string =>
  number(Math.round(counts.delivered / Math.max(time, 0.001)));

const violations: Readonly<Record<Violation, string>> = {
  missing: 'ausentes',
  duplicated: 'duplicados',
  phantom: 'fantasmas',
  reordered: 'fora de ordem',
  altered: 'alterados',
  inconsistent: 'contraditórios',
};

const details: Readonly<Record<Detail, string>> = {
  transaction_missing: 'a transação foi confirmada e não veio, embora tenham vindo posteriores',
  transaction_absent: 'a transação foi confirmada e não veio, embora a origem já tenha dado tudo',
  row_missing: 'a transação veio, e este evento dela não',
  not_in_snapshot: 'foi confirmado antes do snapshot, e o snapshot não o contém',
  replay_skips: 'veio de novo, mas não como repetição contínua: a repetição pulou eventos',
  replay_differs: 'veio de novo, e diz outra coisa que da primeira vez',
  rolled_back: 'a transação foi desfeita',
  never_sent: 'a execução reservou este id e nunca o enviou',
  row_not_sent: 'a transação é da execução, mas não contém esta alteração',
  truncated: 'a tabela foi esvaziada, o que nenhuma execução faz',
  transaction_late: 'a transação veio depois de outra confirmada mais tarde',
  transaction_torn: 'a transação foi interrompida por eventos de outra',
  lsn_falls: 'o LSN recua dentro da transação',
  lsn_outside: 'o LSN não pode ser desta transação',
  order_falls: 'total_order recua dentro da transação',
  order_gap: 'total_order não conta 1, 2, 3… na transação',
  given_up: 'a transação veio quando já não se esperava por ela',
  contents: 'o registro não é o que foi gravado',
  exists_already: 'o registro já existia pelos eventos anteriores',
  does_not_exist: 'o registro já não existia pelos eventos anteriores',
  column_changed: 'mudou uma coluna que nenhuma atualização altera',
  final_state: 'a tabela não contém o que diz o último evento do registro',
};

const doubts: Readonly<Record<Doubt, string>> = {
  before_source: 'foram confirmados antes do início da origem (--partial os deixa de fora)',
  ended_early: 'o fluxo terminou antes da execução',
  interrupted: 'a verificação foi interrompida',
  no_witness:
    'foram confirmados antes do snapshot, que não tem registro deles e pode não estar completo',
  snapshot_differs: 'o snapshot contém algo que o ledger não conhece do registro',
  old_ledger:
    'um ledger de formato 1 não diz o que havia em cada registro: nenhum snapshot responde por ele',
  schema_unknown:
    'um ledger de formato 1 não diz em que schema a execução gravou, e vieram eventos de outro (PG_SEARCH_PATH o indica)',
  contents_not_told:
    'eventos não trazem o que foi gravado (lista de colunas, valores TOAST inalterados)',
  server_changed:
    'gatilhos, regras ou políticas do servidor podem tê-los alterado ou acrescentado, e nada o prova',
  replica_identity: 'exclusões não dizem o registro: REPLICA IDENTITY é um índice sem o id',
  database_changed: 'publicações ou partições mudaram durante a execução',
  several_servers: 'eventos de vários servidores parecem ser da execução',
  unknown_transactions:
    'o ledger não diz o que foi feito das transações deles (`ledger resolve` pergunta ao servidor)',
  ledger_damaged: 'linhas do ledger estão danificadas (`ledger show` mostra onde)',
  too_far_back: 'não houve memória para eles (--memory)',
  malformed: 'entradas que não são eventos foram puladas',
  nothing_delivered: 'nada veio do que a execução confirmou',
};

const saidDoubts = (found: Doubts): string =>
  DOUBTS.filter((doubt) => found[doubt] !== undefined)
    .map((doubt) => doubts[doubt])
    .join('; ');

const among = (names: readonly string[]): string =>
  `${names.length === 1 ? 'a publicação' : 'as publicações'} ${names.map((name) => `\`${name}\``).join(', ')}`;
const publishes = (names: readonly string[]): string =>
  names.length === 1 ? 'publica' : 'publicam';

const operations: Readonly<Record<EventOperation, string>> = {
  insert: 'inclusão',
  update: 'atualização',
  delete: 'exclusão',
  snapshot: 'snapshot',
};

const omissions: Readonly<
  Record<Omission['kind'], (names: readonly string[], operation: string | null) => string>
> = {
  table: (names) => `${among(names)} não a ${publishes(names)}`,
  operation: (names, operation) => `${among(names)} não ${publishes(names)} ${operation}`,
  filter: (names) => `${among(names)} só ${publishes(names)} alguns registros dela (WHERE)`,
  columns: (names) => `${among(names)} só ${publishes(names)} algumas colunas dela`,
};

const untold: Readonly<Record<string, string>> = {
  database: 'banco',
  schema: 'schema',
  origin: 'servidor',
};

const elsewhere: Readonly<Record<string, string>> = {
  other_schema: 'schema',
  other_database: 'banco',
  other_server: 'servidor',
};

const saidNote = (note: Note): string => {
  switch (note.kind) {
    case 'source_began': {
      const which =
        note.transactions === note.of
          ? `todas as ${transactions(note.of)}`
          : `${number(note.transactions)} de ${transactions(note.of)}`;
      const waived = note.waived ? '; ficam de fora (--partial)' : '';
      return `a origem começou depois de ${which}${waived}`;
    }
    case 'untold':
      return `os eventos não dizem: ${note.what.map((what) => untold[what]).join(', ')}; uma tabela de mesmo nome em outro lugar contaria como da execução`;
    case 'elsewhere':
      return `${events(note.events)} de tabelas com os nomes da execução vieram de outro ${elsewhere[note.what]}: não são da execução`;
    case 'server_acts':
      return `o servidor altera ou acrescenta registros por conta própria: ${note.names.join(', ')}`;
    case 'replica_identity':
      return `exclusões não dizem o id: ${note.tables.map(({ table, index }) => `${table} tem REPLICA IDENTITY ${index === null ? 'NOTHING' : `USING INDEX ${index}`}`).join('; ')}`;
  }
};

/** What a good verdict does not speak of. */
const besides = ({ accounting: { excused, waived } }: VerificationDocument): string =>
  [
    excused > 0
      ? `; outros ${number(excused)} estão dispensados (snapshot, ou não publicados então)`
      : '',
    waived > 0 ? `; ${number(waived)} de antes do início da origem ficam de fora (--partial)` : '',
  ].join('');

/** What `verify` says, in Brazilian Portuguese. */
export const verifyPtBR = {
  noSource: () =>
    'verify precisa saber de onde vêm os eventos: --source slot:NOME, ndjson:ARQUIVO, http://127.0.0.1:PORTA ou kafka:BROKERS/PREFIXO',
  slotOnly: () => '--create-slot só vale com --source slot:NOME',
  listening: (e: { url: string }) => `à espera de eventos em ${e.url}`,
  awaiting: () => 'pronto; aguardando a próxima execução começar',
  began: (e: { run: string; source: string }) => `comparando ${e.source} com a execução ${e.run}`,
  reconnecting: (e: { seconds: number }) =>
    `conexão perdida; nova tentativa em ${seconds(e.seconds)} s`,
  noServer: (e: { why: string }) =>
    `sem servidor para acertar o relógio: os atrasos valem como os relógios estão (${e.why})`,
  notCompared: (e: { why: string }) => `as tabelas não foram comparadas: ${e.why}`,
  malformed: (e: Malformed) => `entrada ${e.place} não é um evento: ${e.reason}`,
  malformedStops: (e: Malformed) =>
    `entrada ${e.place} não é um evento (${e.reason}); corrija-a, ou use --skip-malformed para só contar`,
  progress: (e: VerificationProgress & { run: string }) =>
    `${e.run}: ${events(e.events)}, ${number(e.delivered)} conferidos, ${number(e.waiting)} à espera do ledger${e.runOver ? '; execução encerrada' : ''}`,
  verdicts: {
    exact: (e) =>
      `exato: ${events(e.accounting.delivered)} de ${transactions(e.transactions.delivered)} vieram uma vez, em ordem e sem alteração${besides(e)}`,
    duplicates: (e) =>
      `só duplicatas: tudo veio, e ${events(e.events.replayed)} de novo, em ${plural(e.events.rewinds, 'recomeço', 'recomeços')}${besides(e)}`,
    violation: (e) =>
      `violação: ${Object.entries(e.violations)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => `${number(count)} ${violations[kind as Violation]}`)
        .join(', ')}`,
    indeterminate: (e) => `indeterminado: ${saidDoubts(e.doubts)}`,
  } satisfies Readonly<Record<Verdict, (e: VerificationDocument) => string>>,
  title: (e: { run: string; source: string }) => `execução ${e.run}, verificada por ${e.source}`,
  verdict: () => 'veredito',
  verdictNames: {
    exact: 'exato',
    duplicates: 'só duplicatas',
    violation: 'violação',
    indeterminate: 'indeterminado',
  } satisfies Readonly<Record<Verdict, string>>,
  doubts: (found: Doubts) => saidDoubts(found),
  doubted: () => 'sem julgamento',
  doubt: (e: { doubt: Doubt; events: number }) => `${events(e.events)}: ${doubts[e.doubt]}`,
  doubtOf: (doubt: Doubt) => doubts[doubt],
  note: saidNote,
  notes: () => 'a saber',
  committed: () => 'confirmados',
  became: () => 'destes',
  sum: (e: Sum) =>
    `${number(e.delivered)} recebidos + ${number(e.excused)} dispensados + ${number(e.missing)} ausentes + ${number(e.doubted)} em dúvida + ${number(e.waived)} deixados de fora`,
  cause: (e: ExplainedCause & { table: TableName | null; all: boolean }) =>
    [
      e.all ? `todos os ${number(e.events)}` : number(e.events),
      e.table === null ? '' : ` ${e.all ? 'são de' : 'de'} \`${e.table}\``,
      e.operation === null ? '' : ` (${operations[e.operation]})`,
      `: ${details[e.detail]}`,
      e.omitted === null
        ? ''
        : `; ${omissions[e.omitted.kind](e.omitted.publications, e.operation === null ? null : operations[e.operation])}`,
    ].join(''),
  repeated: () => 'repetido',
  others: () => 'alheio',
  skipped: () => 'não é evento',
  rows: () => 'registros',
  counted: (e: { events: number; transactions: number }) =>
    `${events(e.events)} em ${transactions(e.transactions)}`,
  repeatedIn: (e: { events: number; rewinds: number }) =>
    `${events(e.events)} em ${plural(e.rewinds, 'recomeço', 'recomeços')}`,
  foreign: (e: { foreign: number; derived: number; snapshot: number; others: number }) =>
    `${events(e.foreign)} de outros escritores, ${number(e.derived)} do próprio servidor, ${number(e.snapshot)} de snapshot, ${number(e.others)} de outros tipos`,
  malformedCount: (count: number) => plural(count, 'entrada', 'entradas'),
  followed: (e: { followed: number; sample: number; compared: number | null }) =>
    `${number(e.followed)} acompanhados (${number(Math.round(e.sample * 1000) / 10)} %), ${e.compared === null ? 'não comparados com as tabelas' : `${number(e.compared)} iguais às tabelas`}`,
  speed: (e: VerificationDocument) => `${seconds(e.seconds)} s, ${rate(e)} eventos/s`,
  time: () => 'tempo',
  violationTitle: () => 'o que está errado',
  violationNames: violations,
  example: (e: Example) => details[e.detail],
  place: (place: number) => `entrada ${place}`,
  more: (count: number) => `… e mais ${number(count)}`,
  latency: () => 'atraso (ms)',
  commitToConnector: () => 'commit → conector',
  connectorToReceived: () => 'conector → aqui',
  commitToReceived: () => 'commit → aqui',
  clockOffset: (e: { value: number; error: number }) =>
    `relógio do servidor ${number(Math.round(e.value * 1000) / 1000)} ms à frente deste, ± ${number(Math.round(e.error * 1000) / 1000)} ms`,
  noOffset: () => 'a diferença entre os relógios não foi medida',
  demo: {
    server: () => 'preparando servidor, esquema e carga inicial',
    failed: (e: { command: string; code: number | null }) =>
      `a demonstração parou: \`${e.command}\` saiu com o código ${e.code ?? '–'}; veja as linhas acima`,
  },
};
