import type { Malformed } from '../../intake/event.js';
import type { VerificationDocument } from '../../verify/document.js';
import type { Detail, Example, Violation } from '../../verify/findings.js';
import type { Doubt, Verdict } from '../../verify/verdict.js';
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
  contents: 'o conteúdo da transação não é o que foi gravado',
  exists_already: 'o registro já existia pelos eventos anteriores',
  does_not_exist: 'o registro já não existia pelos eventos anteriores',
  column_changed: 'mudou uma coluna que nenhuma atualização altera',
  final_state: 'a tabela não contém o que diz o último evento do registro',
};

const doubts: Readonly<Record<Doubt, string>> = {
  ended_early: 'o fluxo terminou antes da execução',
  unknown_transactions:
    'o ledger não diz o que foi feito de algumas transações (`ledger resolve` pergunta ao servidor)',
  ledger_damaged: 'o ledger está danificado (`ledger show` mostra onde)',
  contents_not_told: 'alguns eventos não trazem tudo o que foi gravado',
  too_far_back: 'vieram eventos de antes do que cabe na memória (--memory)',
  interrupted: 'a verificação foi interrompida',
};

const saidDoubts = (list: readonly Doubt[]): string =>
  list.map((doubt) => doubts[doubt]).join('; ');

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
      `exato: ${events(e.events.delivered)} de ${transactions(e.transactions.delivered)} vieram uma vez, em ordem e sem alteração`,
    duplicates: (e) =>
      `só duplicatas: tudo veio, e ${events(e.events.replayed)} de novo, em ${plural(e.events.rewinds, 'recomeço', 'recomeços')}`,
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
  doubts: (list: readonly Doubt[]) => saidDoubts(list),
  expected: () => 'esperado',
  delivered: () => 'recebido',
  notArrived: () => 'não chegou',
  repeated: () => 'repetido',
  others: () => 'alheio',
  skipped: () => 'não é evento',
  rows: () => 'registros',
  counted: (e: { events: number; transactions: number }) =>
    `${events(e.events)} em ${transactions(e.transactions)}`,
  repeatedIn: (e: { events: number; rewinds: number }) =>
    `${events(e.events)} em ${plural(e.rewinds, 'recomeço', 'recomeços')}`,
  beforeStart: (count: number) => `${transactions(count)} de antes do início do fluxo`,
  foreign: (e: { foreign: number; snapshot: number; others: number }) =>
    `${events(e.foreign)} de outros escritores, ${number(e.snapshot)} de snapshot, ${number(e.others)} de outros tipos`,
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
