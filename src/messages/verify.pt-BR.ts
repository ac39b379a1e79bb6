import type { HazardName } from '../hazards/hazards.js';
import type { TableName } from '../schema/table.js';
import type { Projection } from '../sources/source.js';
import type { MessageCounts } from '../verify/hazards/messages.js';
import type { TruncateCounts } from '../verify/hazards/stream-hazards.js';
import type { Omission } from '../verify/ledger/publishing.js';
import type { Doubts, Verdict } from '../verify/verdict/accounting.js';
import { DOUBTS, type Doubt, type Sum } from '../verify/verdict/accounting.js';
import type { ExplainedCause, Note, VerificationDocument } from '../verify/verdict/document.js';
import type { ChangeName, Detail, Example, Violation } from '../verify/verdict/findings.js';
import { systemCausePtBR } from './system.pt-BR.js';

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
  transaction_missing:
    'a transação foi confirmada e não chegou, embora outras posteriores tenham chegado',
  transaction_absent:
    'a transação foi confirmada e não chegou, embora a origem já tenha entregado tudo',
  row_missing: 'este evento da transação não chegou, embora outros tenham chegado',
  not_in_snapshot: 'foi confirmado antes do snapshot, e o snapshot não o contém',
  replay_skips: 'chegou de novo, mas a repetição não foi contínua: deixou eventos de fora',
  replay_differs: 'chegou de novo, com conteúdo diferente',
  rolled_back: 'a transação foi desfeita',
  rolled_back_savepoint:
    'o registro foi gravado em um savepoint desfeito; a transação foi confirmada sem ele',
  never_sent: 'a execução reservou este id e não enviou este INSERT',
  row_not_sent: 'a transação é da execução e não contém esta alteração',
  truncated: 'a tabela foi esvaziada (TRUNCATE), e não pela execução',
  message_not_sent: 'a execução não emitiu esta mensagem lógica',
  message_missing:
    'a mensagem lógica foi emitida e não chegou, embora outras posteriores tenham chegado',
  transaction_late: 'a transação chegou depois de outra confirmada mais tarde',
  transaction_torn: 'eventos de outra transação chegaram no meio desta',
  lsn_falls: 'o LSN diminui dentro da transação',
  lsn_outside: 'o LSN não pode ser desta transação',
  order_falls: 'total_order diminui dentro da transação',
  order_gap: 'total_order não conta 1, 2, 3… dentro da transação',
  given_up: 'a transação chegou depois de ser contada como ausente',
  across_table_lock:
    'há um TRUNCATE, uma mudança de esquema ou de publicação da tabela entre ele e uma alteração que chegou antes',
  hot_row: 'uma transação que gravou o mesmo registro mais tarde chegou antes dele',
  contents: 'o registro difere do que foi gravado',
  column_lost: 'falta uma coluna que a tabela já tinha: uma mudança de esquema a acrescentou',
  column_stays: 'traz uma coluna que a tabela já não tinha: uma mudança de esquema a removeu',
  exists_already: 'inclusão de um registro que já existe, segundo os eventos anteriores',
  does_not_exist: 'alteração de um registro já excluído, segundo os eventos anteriores',
  null_in_not_null: 'uma coluna NOT NULL chegou como nula',
  renamed: 'o evento tem o nome da tabela ou de uma coluna em minúsculas',
  column_changed: 'uma atualização mudou uma coluna que nenhuma atualização da execução altera',
  final_state: 'o registro na tabela difere do seu último evento',
};

/** Each reads after a number of events, and alone. */
const doubts: Readonly<Record<Doubt, string>> = {
  before_source: 'confirmados antes do início da origem (--partial os deixa de fora)',
  unplaced:
    'o COMMIT não teve resposta e eles não chegaram: talvez tenham sido confirmados antes do início da origem ou do snapshot',
  ended_early: 'não chegaram até o fim dos eventos, e nada posterior chegou',
  interrupted: 'a verificação foi interrompida',
  no_witness: 'confirmados antes do snapshot, que não contém os registros e pode estar incompleto',
  snapshot_differs: 'o registro do snapshot não corresponde a nenhuma versão do registro no ledger',
  old_ledger:
    'confirmados antes do snapshot, e um ledger de formato 1 não tem as impressões digitais dos registros para comparar',
  schema_unknown:
    'um ledger de formato 1 não guarda o esquema da execução, e todos os eventos são de outro (PG_SEARCH_PATH indica o esquema)',
  contents_not_told:
    'os eventos não trazem todas as colunas (lista de colunas, valores TOAST inalterados)',
  server_changed:
    'triggers, regras ou políticas do servidor podem ter alterado ou acrescentado estes registros',
  replica_identity: 'os DELETEs não identificam o registro: REPLICA IDENTITY não inclui a chave',
  database_changed: 'publicações ou partições mudaram durante a execução',
  several_servers: 'eventos de vários conectores correspondem à execução',
  unknown_transactions:
    'o ledger não diz se as transações deles foram confirmadas (`ledger resolve` pergunta ao servidor)',
  ledger_damaged: 'o ledger está danificado (`ledger show` lista as linhas)',
  too_far_back: 'mais antigos do que a memória permite (--memory)',
  malformed: 'puladas por --skip-malformed',
  nothing_delivered: 'nenhuma alteração da execução chegou (são a origem e a execução certas?)',
};

/** The noun of a doubt's count, where it does not count events. */
const units: Readonly<Partial<Record<Doubt, (count: number) => string>>> = {
  ledger_damaged: (count) => plural(count, 'linha', 'linhas'),
  malformed: (count) => plural(count, 'entrada', 'entradas'),
};

const saidDoubt = (doubt: Doubt, count: number): string =>
  // An interruption may find every event judged.
  count === 0 ? doubts[doubt] : `${(units[doubt] ?? events)(count)}: ${doubts[doubt]}`;

const saidDoubts = (found: Doubts): string =>
  DOUBTS.flatMap((doubt) => {
    const count = found[doubt];
    return count === undefined ? [] : [saidDoubt(doubt, count)];
  }).join('; ');

const among = (names: readonly string[]): string =>
  `${names.length === 1 ? 'a publicação' : 'as publicações'} ${names.map((name) => `\`${name}\``).join(', ')}`;
const publishes = (names: readonly string[]): string =>
  names.length === 1 ? 'publica' : 'publicam';

const operations: Readonly<Record<ChangeName, string>> = {
  insert: 'inclusão',
  update: 'atualização',
  delete: 'exclusão',
  snapshot: 'snapshot',
  truncate: 'TRUNCATE',
  message: 'mensagem',
};

const omissions: Readonly<
  Record<Omission['kind'], (names: readonly string[], operation: string | null) => string>
> = {
  table: (names) => `${among(names)} não ${publishes(names)} a tabela`,
  operation: (names, operation) => `${among(names)} não ${publishes(names)} ${operation}`,
  filter: (names) => `${among(names)} só ${publishes(names)} alguns registros da tabela (WHERE)`,
  columns: (names) => `${among(names)} só ${publishes(names)} algumas colunas da tabela`,
};

/** A perda de um valor, depois de "por". */
const losses: Readonly<Record<Projection, string>> = {
  double: 'seu valor como double: o conector envia `numeric` assim (decimal.handling.mode)',
  trailing_zeros:
    'seu valor sem os zeros finais: o conector corta os de um `numeric` sem escala (decimal.handling.mode)',
  special: 'nulo: o conector envia NaN e infinitos assim (decimal.handling.mode, JSON)',
  interval_microseconds:
    'um número de microssegundos, com 30,4375 dias por mês: o conector envia intervalos assim (interval.handling.mode)',
  milliseconds: 'seus milissegundos: o conector corta timestamps (time.precision.mode)',
};

const unstated: Readonly<Record<string, string>> = {
  database: 'banco',
  schema: 'esquema',
  origin: 'conector',
};

const elsewhere: Readonly<Record<string, string>> = {
  other_schema: 'esquema',
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
      return `os eventos não trazem o nome de: ${note.what.map((part) => unstated[part]).join(', ')}; registros de uma tabela de mesmo nome em outro lugar contariam como da execução`;
    case 'elsewhere':
      return `${events(note.events)} de tabelas com os nomes da execução vieram de outro ${elsewhere[note.what]}: não são da execução`;
    case 'several_connectors':
      return `outro conector também enviou ${events(note.events)} desta execução: só ${note.judged}, o primeiro a enviar um, foi conferido`;
    case 'server_acts':
      return `triggers, regras ou políticas do servidor podem alterar ou acrescentar registros: ${note.names.join(', ')}`;
    case 'replica_identity':
      return `os DELETEs não contêm a chave: ${note.tables.map(({ table, index, kind }) => `${table} tem REPLICA IDENTITY ${kind === 'index' ? `USING INDEX ${index ?? '(removido)'}` : kind.toUpperCase()}`).join('; ')}`;
    case 'truncates_not_carried':
      return `nenhum de ${number(note.events)} TRUNCATE chegou (${note.tables.join(', ')}): o Debezium os pula, a não ser que a configuração diga \`skipped.operations=none\`, e uma publicação só os tem com \`publish = '…, truncate'\``;
    case 'messages_not_carried':
      return `mensagens lógicas: a origem não as traz; ${plural(note.messages, 'mensagem', 'mensagens')} da execução não ${note.messages === 1 ? 'foi conferida' : 'foram conferidas'}`;
    case 'unpublished_arrived':
      return `${plural(note.events, 'evento chegou', 'eventos chegaram')} de uma tabela que estava fora da publicação naquele momento`;
    case 'unfollowed':
      return `os registros não foram acompanhados depois de um TRUNCATE, porque a origem tem várias partições: ${note.tables.join(', ')}`;
    case 'columns':
      return `listas de colunas deixam colunas de fora: ${note.tables.map(({ table, publications }) => `${table} n${among(publications)}`).join('; ')}`;
  }
};

const besides = ({ accounting: { excused, waived } }: VerificationDocument): string =>
  [
    excused > 0
      ? `; outros ${number(excused)} estão dispensados (um snapshot os contém, ou não eram publicados)`
      : '',
    waived > 0
      ? `; ${number(waived)} confirmados antes do início da origem ficam de fora (--partial)`
      : '',
  ].join('');

/** The text of `verify`, in Brazilian Portuguese. */
/** TRUNCATEs of a verified run. `others`: neither arrived nor missing. */
interface ArrivedTruncates extends TruncateCounts {
  readonly missing: number;
  readonly others: number;
}

export const verifyPtBR = {
  noSource: () =>
    'verify precisa de uma origem de eventos: --source slot:NOME, ndjson:ARQUIVO, http://127.0.0.1:PORTA ou kafka:BROKERS/PREFIXO',
  unpublished: (e: { run: string; extensions: readonly string[] }) =>
    `a execução ${e.run} também grava tabelas de ${e.extensions.join(', ')}, que --create-slot não publicou; inicie verify de novo com --with ${e.extensions.join(',')}`,
  slotOnly: () => '--create-slot exige --source slot:NOME',
  streamed: (e: { parts: number }) =>
    e.parts === 0
      ? 'o servidor não enviou parte alguma de uma transação antes do fim dela (nenhum Stream Start), e o streaming não foi testado; diminua logical_decoding_work_mem, ou rode transações maiores (--hazard huge)'
      : `o servidor enviou ${plural(e.parts, 'parte', 'partes')} de transações antes do fim delas (Stream Start)`,
  listening: (e: { url: string }) => `à espera de eventos em ${e.url}`,
  awaiting: () => 'pronto; aguardando a próxima execução começar',
  notRecorded: (e: { folder: string; reason: string }) =>
    `o veredito não foi salvo: não é possível gravar em ${e.folder} (${systemCausePtBR(e.reason)}); libere espaço ou corrija as permissões, e verifique de novo`,
  awaitingSource: (e: { why: string }) => `aguardando a origem: ${e.why}`,
  began: (e: { run: string; source: string }) => `comparando ${e.source} com a execução ${e.run}`,
  reconnecting: (e: { seconds: number }) =>
    `conexão perdida; nova tentativa em ${seconds(e.seconds)} s`,
  noServer: (e: { why: string }) =>
    `as latências incluem a diferença entre os relógios: não há servidor com que medi-la (${e.why})`,
  notCompared: (e: { why: string }) => `as tabelas não foram comparadas: ${e.why}`,
  malformed: (e: { position: number; reason: string }) =>
    `a entrada ${e.position} não é um evento: ${e.reason}`,
  malformedStops: (e: { position: number; reason: string }) =>
    `a entrada ${e.position} não é um evento: ${e.reason}; corrija-a, ou use --skip-malformed para pular e contar entradas assim`,
  /** The parts of the live line. */
  progress: {
    events: (count: number) => events(count),
    checked: (count: number) => `${number(count)} conferidos`,
    waiting: (count: number) => `${number(count)} à espera do ledger`,
    runOver: () => 'execução encerrada',
  },
  verdicts: {
    exact: (e) =>
      `exato: ${events(e.accounting.delivered)} de ${transactions(e.transactions.delivered)} chegaram uma vez, em ordem e sem alteração${besides(e)}`,
    duplicates: (e) =>
      `só duplicatas: tudo chegou, e ${events(e.events.replayed)} chegaram de novo, em ${plural(e.events.rewinds, 'recomeço', 'recomeços')}${besides(e)}`,
    violation: (e) =>
      `violação: ${Object.entries(e.violations)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => `${number(count)} ${violations[kind as Violation]}`)
        .join(', ')}`,
    indeterminate: (e) => `indeterminado (${saidDoubts(e.doubts)})`,
  } satisfies Readonly<Record<Verdict, (e: VerificationDocument) => string>>,
  title: (e: { run: string; source: string }) => `execução ${e.run}, verificada com ${e.source}`,
  verdictNames: {
    exact: 'exato',
    duplicates: 'só duplicatas',
    violation: 'violação',
    indeterminate: 'indeterminado',
  } satisfies Readonly<Record<Verdict, string>>,
  doubted: () => 'dúvidas',
  doubt: (e: { doubt: Doubt; events: number }) => saidDoubt(e.doubt, e.events),
  note: saidNote,
  projection: (e: { projection: Projection; events: number }) =>
    `valores de ${events(e.events)} foram comparados por ${losses[e.projection]}`,
  notes: () => 'observações',
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
  repeated: () => 'repetidos',
  hazards: () => 'hazards',
  happened: (e: Readonly<Partial<Record<HazardName, number>>>) =>
    Object.entries(e).map(([name, times]) => `${name} ${number(times)}`),
  truncates: () => 'TRUNCATE',
  arrivedOf: (e: ArrivedTruncates) =>
    [
      `chegaram ${number(e.delivered)} de ${number(e.committed)}`,
      ...(e.missing === 0 ? [] : [plural(e.missing, 'ausente', 'ausentes')]),
      ...(e.others === 0
        ? []
        : [`${plural(e.others, 'dispensado', 'dispensados')}, em dúvida ou de fora`]),
    ].join(', '),
  messages: () => 'mensagens',
  ofMessages: (e: MessageCounts) =>
    e.carried
      ? `${number(e.sent)} emitidas: ${number(e.delivered)} chegaram, ${number(e.missing)} ausentes, ${number(e.unjudged)} antes do início da origem ou depois do seu fim`
      : `${number(e.sent)} emitidas: a origem não as traz`,
  others: () => 'outros eventos',
  skipped: () => 'puladas',
  rows: () => 'registros',
  counted: (e: { events: number; transactions: number }) =>
    `${events(e.events)} em ${transactions(e.transactions)}`,
  repeatedIn: (e: { events: number; rewinds: number }) =>
    `${events(e.events)} em ${plural(e.rewinds, 'recomeço', 'recomeços')}`,
  foreign: (e: { foreign: number; derived: number; snapshot: number; others: number }) =>
    `${events(e.foreign)} de outros escritores, ${number(e.derived)} do próprio servidor, ${number(e.snapshot)} de snapshots, ${number(e.others)} de outros tipos`,
  malformedCount: (count: number) => plural(count, 'entrada', 'entradas'),
  followed: (e: { followed: number; sample: number; compared: number | null }) =>
    `${number(e.followed)} acompanhados (${number(Math.round(e.sample * 1000) / 10)} %), ${e.compared === null ? 'não comparados com as tabelas' : `${number(e.compared)} iguais às tabelas`}`,
  speed: (e: VerificationDocument) => `${seconds(e.seconds)} s, ${rate(e)} eventos/s`,
  time: () => 'tempo',
  violationTitle: () => 'violações',
  violationNames: violations,
  example: ({ detail, renamed, column }: Example) => {
    const name = renamed ?? column;
    return name === undefined ? details[detail] : `${details[detail]}: ${JSON.stringify(name)}`;
  },
  inColumn: (column: string) => `coluna ${JSON.stringify(column)}`,
  place: (place: number) => `entrada ${place}`,
  named: (name: string) => `com o nome ${JSON.stringify(name)}`,
  more: (count: number) => `… e mais ${number(count)}`,
  latency: () => 'latência (ms)',
  commitToConnector: () => 'commit → conector',
  connectorToReceived: () => 'conector → aqui',
  commitToReceived: () => 'commit → aqui',
  clockOffset: (e: { value: number; error: number }) =>
    `relógio do servidor ${number(Math.round(Math.abs(e.value) * 1000) / 1000)} ms ${e.value < 0 ? 'atrás' : 'à frente'} deste, ± ${number(Math.round(e.error * 1000) / 1000)} ms`,
  noOffset: () => 'a diferença entre os relógios não foi medida',
  demo: {
    server: () => 'preparando servidor, esquema e carga inicial',
    failed: (e: { command: string; code: number | null }) =>
      `a demonstração parou: \`${e.command}\` saiu com o código ${e.code ?? '–'}; veja as linhas acima`,
  },
};
