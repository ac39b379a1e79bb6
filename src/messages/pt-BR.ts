import type { StoppedBy } from '../run/engine.js';
import { actionPtBR } from './action.pt-BR.js';
import { cliPtBR } from './cli.pt-BR.js';
import { dbPtBR } from './db.pt-BR.js';
import { doctorPtBR } from './doctor.pt-BR.js';
import { malformedPtBR } from './malformed.pt-BR.js';
import { pagePtBR } from './page.pt-BR.js';
import { settingsPtBR } from './settings.pt-BR.js';
import { sourcesPtBR } from './sources.pt-BR.js';
import { systemCausePtBR } from './system.pt-BR.js';
import { verdictPtBR } from './verdict.pt-BR.js';
import { verifyPtBR } from './verify.pt-BR.js';

const ptNumber = (value: number): string => value.toLocaleString('pt-BR');
const ptSeconds = (value: number): string =>
  value.toLocaleString('pt-BR', { maximumFractionDigits: 1 });
const ptPlural = (count: number, one: string, many: string): string =>
  `${ptNumber(count)} ${count === 1 ? one : many}`;
const ptWorkers = (count: number): string => ptPlural(count, 'worker', 'workers');
const ptMillis = (value: number): string =>
  value.toLocaleString('pt-BR', { maximumSignificantDigits: 3 });

const stopReasons: Readonly<Record<StoppedBy, string>> = {
  duration: 'duração',
  'max-events': 'limite de eventos',
  signal: 'Ctrl+C (ou um sinal)',
  critical: 'uma falha crítica',
  threshold: 'um limite não cumprido',
};

const ptRate = (e: { rate: number; target: number | null }): string =>
  `${ptNumber(e.rate)}${e.target === null ? '' : `/${ptNumber(e.target)}`}`;

/** Seconds that would be shown as 0. */
const SOON = 0.05;

const ptAttempt = (e: { attempt: number; of: number | null; seconds: number }): string =>
  `tentativa ${e.attempt}${e.of === null ? '' : `/${e.of}`} ${e.seconds < SOON ? 'agora' : `em ${ptSeconds(e.seconds)} s`}`;

/** The ledger's entry for a key. */
export interface KeyEntry {
  readonly table: string;
  readonly key: number | string;
  /** Null: it was leased. */
  readonly operation: 'insert' | 'update' | 'delete' | null;
  readonly committed: boolean;
  readonly xid: number | null;
  readonly intent: number | null;
  /** A TRUNCATE of the run emptied the table after that. */
  readonly emptied?: true;
}

const ledgerDiz = (e: KeyEntry): string => {
  if (e.operation === null) {
    return 'esta execução reservou o id, e nenhuma transação do ledger o usou';
  }
  const feita = { insert: 'inserida', update: 'atualizada', delete: 'removida' }[e.operation];
  const nome = e.xid === null ? '' : ` ${e.xid}`;
  return e.committed
    ? `${feita} pela transação${nome}${e.emptied === true ? ' e depois apagada por um TRUNCATE' : ''}`
    : `não ${feita}, pois a transação${nome} foi desfeita`;
};

/**
 * The message catalogue, in Brazilian Portuguese. Each room of `src/` has a section; every entry is
 * a function, so that the compiler checks what a message needs.
 */
export const ptBR = {
  /** Its name: tells the catalogues apart. */
  language: 'pt-BR' as 'pt-BR' | 'en',
  /** A number with its digits grouped: 12.340. */
  number: (value: number) => ptNumber(value),
  /** Milliseconds, three significant digits. */
  millis: (value: number) => ptMillis(value),
  action: actionPtBR,
  cli: cliPtBR,
  settings: settingsPtBR,
  db: dbPtBR,
  page: pagePtBR,
  verdict: verdictPtBR,
  verify: verifyPtBR,
  sources: sourcesPtBR,
  malformed: malformedPtBR,
  seed: {
    raised: (e: { table: string; from: number; to: number }) =>
      `${e.table}: volume elevado de ${ptNumber(e.from)} para ${ptNumber(e.to)} (SEED_MIN_ROWS)`,
    begin: (e: { rows: number; workers: number }) =>
      `gerando ${ptNumber(e.rows)} registros com ${ptWorkers(e.workers)}`,
    nothingToDo: () => 'todas as tabelas já têm o volume pedido — nada a inserir',
    filled: (e: { table: string; written: number; total: number }) =>
      `${e.table}: inseridos +${ptNumber(e.written)} (total=${ptNumber(e.total)})`,
    rows: (e: { done: number; of: number }) => `${ptNumber(e.done)}/${ptNumber(e.of)} registros`,
    perSecond: (rows: number) => `${ptNumber(rows)}/s`,
    indexes: (e: { done: number; of: number }) =>
      `recriando índices e chaves, ${ptNumber(e.done)} de ${ptNumber(e.of)}`,
    shortIndexes: (e: { done: number; of: number }) =>
      `índices ${ptNumber(e.done)}/${ptNumber(e.of)}`,
    left: (time: string) => `faltam ${time}`,
    done: (e: { written: number; seconds: number; perSecond: number }) =>
      `carga inicial concluída: ${ptNumber(e.written)} registros em ${ptSeconds(e.seconds)} s (${ptNumber(e.perSecond)}/s)`,
    stopping: () => 'parada pedida — concluindo os blocos em andamento (repita para forçar)',
    interrupted: (e: { written: number }) =>
      `carga inicial interrompida após ${ptNumber(e.written)} registros; rode \`seed\` de novo para completá-la ou \`reset\` para recomeçar`,
    stuck: (e: { seconds: number }) =>
      `o servidor não avançou por ${e.seconds} s desde a parada; o que está em andamento fica com ele, rode \`seed\` de novo para completar`,
    indexing: () => 'recriando índices e chaves',
    restored: () => 'índices e chaves que uma carga interrompida havia retirado foram recolocados',
    unfinished: () =>
      'uma carga inicial foi interrompida antes de recolocar índices e chaves; rode `seed` ou `init-db` antes',
    streamUnderWay: (e: { pids: readonly number[] }) =>
      `um stream está gravando nestas tabelas (${e.pids.length === 1 ? 'processo' : 'processos'} do servidor ${e.pids.join(', ')}); encerre-o antes, e rode o comando de novo`,
    tablesBusy: () =>
      'um reset ou seed está refazendo estas tabelas; espere que termine, e rode o comando de novo',
    alreadyRunning: () =>
      'outra carga inicial (seed) já está em andamento neste banco; espere que ela termine',
    tooManyLinks: (e: {
      setting: string;
      links: number;
      parent: string;
      parentSetting: string;
      parents: number;
      limit: number;
      capacity: number;
    }) =>
      `SEED_${e.setting.toUpperCase()} pede ${ptNumber(e.links)} vínculos, mas ${ptNumber(e.parents)} linhas de ${e.parent} comportam no máximo ${ptNumber(e.capacity)} (até ${ptNumber(e.limit)} por linha); reduza o valor ou aumente SEED_${e.parentSetting.toUpperCase()}`,
    noRoomForLinks: (e: { table: string; parent: string; missing: number; capacity: number }) =>
      `faltam ${ptNumber(e.missing)} linhas de ${e.table}, mas as linhas de ${e.parent} ainda sem vínculo comportam só ${ptNumber(e.capacity)}; rode \`reset\` para refazer a carga`,
  },
  stream: {
    begin: (e: { runId: string; workers: number; pace: string }) =>
      `execução ${e.runId}: ${ptWorkers(e.workers)}, ${e.pace}`,
    paceRate: (e: { rate: number; batch: number }) =>
      `${ptNumber(e.rate)} eventos/s em lotes de ${e.batch}`,
    paceMax: (e: { batch: number }) => `ritmo máximo em lotes de ${e.batch}`,
    paceCycle: (e: { interval: number; jitter: number; batch: number }) =>
      `um lote de ${e.batch} por worker a cada ${ptNumber(e.interval)}s ± ${ptNumber(e.jitter)}ms`,
    owns: (e: { worker: number; types: string; share: number }) =>
      `worker ${e.worker}: ${e.types} (${(e.share * 100).toFixed(1).replace('.', ',')}% dos eventos)`,
    ruled: (e: { rules: readonly string[]; message: string }) =>
      `o PostgreSQL não executa os comandos de stream em tabela com regra (${e.rules.join(', ')}): ${e.message}; use um trigger, ou ALTER TABLE … DISABLE RULE, e rode \`stream\` de novo`,
    rowTriggers: (e: { triggers: readonly string[] }) =>
      `triggers deste banco podem alterar ou descartar linhas antes de gravadas: ${e.triggers.join('; ')}. As escritas nessas tabelas devolvem cada linha como foi gravada, para o ledger registrar, e por isso são mais lentas; desative os triggers para a velocidade máxima`,
    written: (e: {
      table: string;
      inserted: number;
      updated: number;
      deleted: number;
      total: number | null;
      batch: number;
    }) => {
      const parts = [
        e.inserted > 0 ? `inseridos +${ptNumber(e.inserted)}` : '',
        e.updated > 0 ? `atualizados ${ptNumber(e.updated)}` : '',
        e.deleted > 0 ? `excluídos -${ptNumber(e.deleted)}` : '',
      ].filter((part) => part !== '');
      const total = e.total === null ? '' : ` (total=${ptNumber(e.total)})`;
      return `${e.table}: ${parts.join(', ')}${total} batch=${e.batch}`;
    },
    rejected: (e: { table: string; condition: string; field: string; sqlstate: string }) =>
      `${e.table}: ${e.condition} ${e.field}=*** (${e.sqlstate}) — registro ignorado`,
    duplicate: (e: { table: string; condition: string; field: string }) =>
      `${e.table}: ${e.condition} ${e.field}=*** duplicado — registro ignorado`,
    /** The sum of lines that were left out, and the latest of them. */
    repeated: (e: { count: number; sentence: string }) =>
      `… mais ${ptNumber(e.count)} como esta: ${e.sentence}`,
    unknownField: () => 'campo',
    batchRefused: (e: { table: string; events: number; constraint: string; sqlstate: string }) =>
      `${e.table}: COMMIT recusado por uma restrição adiada (${e.constraint}, ${e.sqlstate}) — o lote inteiro de ${ptPlural(e.events, 'evento', 'eventos')} se perde, pois o servidor não diz qual registro foi`,
    unknownConstraint: () => 'restrição',
    retried: (e: { worker: number; cause: string }) =>
      `worker ${e.worker}: ${e.cause} — repetindo o lote`,
    lost: (e: { cause: string; workers: number }) =>
      `perda de conexão: ${e.cause} — ${ptWorkers(e.workers)} tentando reconectar`,
    reconnecting: (e: {
      workers: number;
      seconds: number;
      attempt: number;
      of: number | null;
      reason: string;
    }) =>
      `perda de conexão — tentando reconectar em ${ptSeconds(e.seconds)}s (tentativa ${e.attempt}${e.of === null ? '' : `/${e.of}`}) [${ptWorkers(e.workers)}: ${e.reason}]`,
    reconnected: (e: { seconds: number; workers: number }) =>
      `conexão restabelecida após ${ptSeconds(e.seconds)} s; ${ptWorkers(e.workers)}`,
    workerDied: (e: { worker: number; reason: string }) =>
      `worker ${e.worker}: a thread terminou inesperadamente (${e.reason}) — iniciando outra no lugar`,
    gaveUp: (e: { reason: string; unsent: number | null }) =>
      `conexão perdida e não recuperada (${e.reason}); a execução foi encerrada${e.unsent === null ? '' : ` com ${ptPlural(e.unsent, 'evento devido', 'eventos devidos')} sem envio`} — o que foi confirmado está no resumo`,
    exhausted: (e: { reason: string; unsent: number | null }) =>
      `a execução foi encerrada${e.unsent === null ? '' : ` com ${ptPlural(e.unsent, 'evento devido', 'eventos devidos')} sem envio`}: ${e.reason} — o que foi confirmado está no resumo`,
    behind: (e: { reason: string; unsent: number | null }) =>
      `a execução terminou ${e.unsent === null ? 'antes do envio de seus últimos lotes' : `com ${ptPlural(e.unsent, 'evento devido', 'eventos devidos')} sem envio`}, pois o servidor se perdeu (${e.reason}); repita a execução, ou use --on-lag shed se essas lacunas são desejadas`,
    /** `since`: why no connection was made again. */
    lostBy: (e: { cause: string; since: string }) => `${e.cause}; desde então ${e.since}`,
    heldUp: (e: { batches: number; unsent: number | null; waits: readonly string[] }) =>
      [
        e.batches > 0
          ? `${ptPlural(e.batches, 'lote em andamento esperava', 'lotes em andamento esperavam')} por ${e.waits.join(' e ')}, e ${e.batches === 1 ? 'foi desfeito' : 'foram desfeitos'}`
          : `lotes esperavam por ${e.waits.join(' e ')}`,
        ...(e.unsent === null || e.unsent === 0
          ? []
          : [
              `a execução terminou com ${ptPlural(e.unsent, 'evento devido', 'eventos devidos')} sem envio`,
            ]),
        'encerre o que eles esperavam e rode `stream` de novo',
      ].join('; '),
    unconfirmed: (e: { count: number; waits: readonly string[] }) =>
      `${ptPlural(e.count, 'transação em andamento esperava', 'transações em andamento esperavam')} por ${e.waits.join(' e ')}: a espera foi encerrada, e ${e.count === 1 ? 'ela está confirmada' : 'elas estão confirmadas'} neste servidor, mas não por um standby`,
    cutOff: (e: { seconds: number }) =>
      `lotes em andamento não tiveram resposta em ${ptSeconds(e.seconds)} s (STREAM_STOP_GRACE_SECONDS) e foram interrompidos: veja o que o servidor está fazendo, ou dê mais tempo`,
    noAnswer: (e: { where: string }) => `o servidor em ${e.where} não responde mais`,
    ownServerDown: () => 'o PostgreSQL embutido está parado; o próximo comando o inicia de novo',
    ownServerLost: (e: { dir: string; log: string; lines: readonly string[] }) =>
      `o servidor perdido é o PostgreSQL embutido do próprio simulador (dados em ${e.dir}); ${e.lines.length === 0 ? `o log dele é ${e.log}` : `as últimas linhas do log dele ${e.log}:\n${e.lines.map((line) => `  ${line}`).join('\n')}`}`,
    resolveLater: (e: { run: string; count: number }) =>
      `não se sabe se ${ptPlural(e.count, 'transação foi confirmada', 'transações foram confirmadas')}; quando o servidor voltar, \`ledger resolve ${e.run}\` pergunta a ele`,
    refused: (e: { reason: string }) =>
      `o servidor recusa o trabalho: ${e.reason}; corrija e rode \`stream\` de novo`,
    /** `ms`: how long it took. `change`: of the schema; null: none. */
    hazard: (e: {
      name: string;
      ms: number;
      rows: number;
      lsn: string | null;
      change: { name: string; table: string; stays: boolean } | null;
    }) =>
      `hazard ${e.name}: ${[
        ...(e.change === null
          ? []
          : [`${e.change.name} em ${e.change.table}${e.change.stays ? ', que permanece' : ''}`]),
        ...(e.rows === 0 ? [] : [ptPlural(e.rows, 'registro', 'registros')]),
        e.ms < 1000 ? `${ptNumber(Math.round(e.ms))} ms` : `${ptSeconds(e.ms / 1000)} s`,
        ...(e.lsn === null ? [] : [`LSN ${e.lsn}`]),
      ].join(', ')}`,
    hazardFailed: (e: { name: string; cause: string }) =>
      `hazard ${e.name}: ${e.cause} — transação desfeita; tenta de novo na próxima vez`,
    hazards: (counts: readonly (readonly [name: string, times: number])[]) =>
      `hazards: ${counts.map(([name, times]) => `${name} ${ptNumber(times)}`).join(', ')}`,
    paused: () => 'pausado (arquivo .paused presente); `oltp-simulator resume` continua',
    resumed: () => 'retomado',
    stopping: () => 'parada pedida — concluindo os lotes em andamento (repita para forçar)',
    forced: () => 'encerrado à força: os lotes em andamento ficam por conta do servidor',
    /** The parts of the live line, each as short as it can be: the line has 80 columns. */
    live: {
      states: {
        waiting: () => '▷ conectando',
        running: () => '▶',
        paused: () => '⏸ pausado',
        stopping: () => '■ parando',
      },
      rate: (e: { rate: number; target: number | null }) => `${ptRate(e)} eventos/s`,
      shortRate: (e: { rate: number; target: number | null }) => `${ptRate(e)} ev/s`,
      p99: (ms: number | null) => `p99 ${ms === null ? '–' : `${ptMillis(ms)} ms`}`,
      rejected: (count: number) => ptPlural(count, 'rejeitado', 'rejeitados'),
      shortRejected: (count: number) => `${ptNumber(count)} rej.`,
      reconnects: (count: number) => ptPlural(count, 'reconexão', 'reconexões'),
      partlyLost: (e: { workers: number; of: number }) =>
        `${e.workers} de ${e.of} workers reconectando`,
      stage: (e: { number: number; of: number; shape: string | null }) =>
        `etapa ${e.number}/${e.of}${e.shape === null ? '' : ` ${e.shape}`}`,
      left: (time: string) => `faltam ${time}`,
      events: (count: number) => ptPlural(count, 'evento', 'eventos'),
      /** `age`: seconds since. */
      lost: (age: number) => `↻ sem servidor há ${ptNumber(Math.floor(age))} s`,
      reconnecting: (e: { attempt: number; of: number | null; seconds: number }) =>
        `reconectando, ${ptAttempt(e)}`,
      attempt: (e: { attempt: number; of: number | null; seconds: number }) => ptAttempt(e),
      due: (count: number) => ptPlural(count, 'evento devido', 'eventos devidos'),
      /** `change`: of the schema; null: none. */
      hazard: (e: { name: string; change: string | null; rows: number }) =>
        `⚑ ${e.name}${e.change === null ? '' : ` ${e.change}`}${e.rows === 0 ? '' : ` (${ptPlural(e.rows, 'registro', 'registros')})`}`,
      shortHazard: (name: string) => `⚑ ${name}`,
    },
    paceStages: (e: { stages: readonly string[]; batch: number }) =>
      `${e.stages.join(', depois ')}, em lotes de ${e.batch}`,
    forecast: (e: { events: number | null; seconds: number | null; peak: number }) =>
      e.events === null || e.seconds === null
        ? `até ${ptNumber(e.peak)} eventos/s, sem fim marcado`
        : `${ptNumber(e.events)} eventos em ${ptSeconds(e.seconds)} s, até ${ptNumber(e.peak)} eventos/s`,
    forecastUnplanned: () =>
      'sem cronograma: o ritmo é o do ciclo ou o do servidor; a divisão entre workers é esta',
    forecastHazards: (e: { hazards: readonly string[] }) => `hazards: ${e.hazards.join(', ')}`,
    worker: () => 'worker',
    types: () => 'tipos de evento',
    share: () => 'parte',
    noJunitFolder: (e: { folder: string }) =>
      `a pasta de --junit não existe: ${e.folder}; crie-a, ou indique outro arquivo`,
    noJunit: (e: { file: string; reason: string }) =>
      `o JUnit XML não pôde ser gravado em ${e.file} (${systemCausePtBR(e.reason)})`,
    runFolder: (e: { folder: string; reason: string }) =>
      `não foi possível gravar em ${e.folder} (${systemCausePtBR(e.reason)}); a execução continua sem esse registro`,
  },
  report: {
    at: (path: string) => `Relatório: ${path}`,
    run: () => 'execução',
    stoppedBy: () => 'encerrada por',
    reason: (by: StoppedBy) => stopReasons[by],
    stopped: (e: { by: StoppedBy; seconds: number; paused: number; complete: boolean }) => {
      const paused = e.paused < 0.1 ? '' : ` (${ptSeconds(e.paused)} s em pausa)`;
      const whole = e.by === 'signal' && e.complete ? '; todos os lotes concluídos' : '';
      return `${stopReasons[e.by]}, após ${ptSeconds(e.seconds)} s${paused}${whole}`;
    },
    events: () => 'eventos',
    eventsAt: (e: { events: number; achieved: number; target: number | null }) =>
      `${ptNumber(e.events)}, a ${ptSeconds(e.achieved)}${e.target === null ? '' : ` de ${ptNumber(e.target)}`} por segundo`,
    transactions: () => 'transações',
    outcomes: (e: { committed: number; rolled_back: number; in_doubt: number }) =>
      [
        ptPlural(e.committed, 'confirmada', 'confirmadas'),
        ...(e.rolled_back > 0 ? [ptPlural(e.rolled_back, 'desfeita', 'desfeitas')] : []),
        ...(e.in_doubt > 0 ? [`${ptNumber(e.in_doubt)} em dúvida`] : []),
      ].join(', '),
    notSent: () => 'não enviados',
    /** `due`: null where the plan sets no number. */
    notSentOf: (e: { events: number; due: number | null; shed: number }) =>
      `${ptNumber(e.events)}${e.due === null ? '' : ` de ${ptPlural(e.due, 'evento devido', 'eventos devidos')}`}${e.shed === 0 ? '' : `, ${e.shed === e.events ? '' : `${ptNumber(e.shed)} deles `}descartados (--on-lag shed)`}`,
    errors: () => 'erros',
    errorCounts: (e: {
      rejected: readonly { name: string; rows: number }[];
      rows: number;
      retries: number;
      reconnects: number;
    }) => {
      const kinds = e.rejected.map(({ name, rows }) => `${name} ${ptNumber(rows)}`).join(', ');
      const parts = [
        ...(e.rows > 0
          ? [`${ptPlural(e.rows, 'registro rejeitado', 'registros rejeitados')} (${kinds})`]
          : []),
        ...(e.retries > 0 ? [ptPlural(e.retries, 'repetição', 'repetições')] : []),
        ...(e.reconnects > 0 ? [ptPlural(e.reconnects, 'reconexão', 'reconexões')] : []),
      ];
      return parts.length === 0 ? 'nenhum' : parts.join(', ');
    },
    bottleneck: (by: 'cpu' | 'event-loop') =>
      ({
        cpu: 'o próprio gerador é o gargalo: usa quase todo o processador, e as latências incluem essa espera; use outra máquina ou menos carga',
        'event-loop':
          'o próprio gerador é o gargalo: workers ociosos enviam tarde, e as latências incluem essa espera; use outra máquina ou menos carga',
      })[by],
    hazards: () => 'hazards',
    neverHappened: (names: readonly string[]) =>
      `hazards que nunca aconteceram: ${names.join(', ')} — o que não aconteceu não prova nada; rode por mais tempo, ou peça-os com mais frequência (--hazard NOME=VALOR)`,
    latency: () => 'latência (ms)',
    response: () => 'resposta',
    service: () => 'serviço',
    table: () => 'tabela',
    rows: () => 'registros',
    inserted: () => 'inseridos',
    updated: () => 'atualizados',
    deleted: () => 'excluídos',
    total: () => 'total',
  },
  check: {
    ok: (e: { rules: number }) => `${e.rules} regras verificadas, nenhuma violação`,
    broken: (e: { broken: number; rules: number; violations: number }) =>
      `regras violadas: ${ptNumber(e.broken)} de ${e.rules}, com ${ptPlural(e.violations, 'ocorrência', 'ocorrências')}`,
    violations: (count: number) => ptPlural(count, 'ocorrência', 'ocorrências'),
  },
  reset: {
    list: (e: { tables: string; schema: string }) =>
      `reset apaga estas tabelas do esquema ${e.schema}: ${e.tables}`,
    nothing: () => 'não há tabelas a apagar',
    foreign: (e: { tables: string }) =>
      `reset recusado: o esquema public tem tabelas que não são do simulador (${e.tables}) e também seriam apagadas; aponte para outro banco ou use --drop-foreign-tables`,
    extension: (e: { tables: string; extension: string }) =>
      `reset recusado: o banco tem tabelas da extensão ${e.extension} (${e.tables}), que ficariam pela metade; acrescente --with ${e.extension} para refazê-las também`,
    schema: (e: { searchPath: string }) =>
      `reset apaga apenas o esquema public, mas search_path é "${e.searchPath}"; apague esse esquema manualmente e rode \`init-db\``,
    ask: (e: { database: string; host: string; rows: number }) =>
      `Apagar ${ptNumber(e.rows)} registros de "${e.database}" em ${e.host} e recomeçar? [s/N] `,
    yes: () => /^s(im)?$/i,
    refused: () => 'reset cancelado: nada foi apagado',
    noTerminal: () =>
      'reset recusado: não há terminal para confirmar; use --yes se é isso mesmo que você quer',
  },
  pause: {
    paused: (e: { runs: number }) =>
      e.runs === 0
        ? 'pausado'
        : `pausado (${ptPlural(e.runs, 'execução', 'execuções')} em andamento)`,
    alreadyPaused: () => 'já estava pausado',
    nothingRunning: () =>
      'nenhum stream em andamento nesta pasta; o próximo começará pausado até `oltp-simulator resume`',
    resumed: () => 'retomado',
    notPaused: () => 'não estava pausado',
  },
  server: {
    notEmbedded: () =>
      'o comando db serve só para o PostgreSQL embutido, mas um servidor foi configurado (PG_HOST, PGHOST ou DATABASE_URL); remova essa configuração para usá-lo',
    stopHint: () => 'Ctrl+C para encerrar',
    gone: (e: { log: string }) =>
      `o PostgreSQL embutido terminou inesperadamente; o motivo está no log dele, ${e.log}; rode \`db\` de novo para iniciá-lo`,
    interrupted: () => 'interrompido antes de terminar; rode o comando de novo para concluir',
    schemaReady: (e: { database: string }) => `esquema pronto em "${e.database}"`,
  },
  log: {
    warning: () => 'aviso',
    error: () => 'erro',
    fileGivenUp: (file: string, reason: string) =>
      `não foi possível gravar em ${file} (${systemCausePtBR(reason)}); a execução continua sem este arquivo de log`,
  },
  doctor: doctorPtBR,
  ledger: {
    otherVersion: (e: { path: string; version: number }) =>
      `${e.path} é um ledger no formato ${e.version}, e esta versão lê os formatos 1 a 4; use a versão do simulador que o gravou`,
    /** @param e `version`: of the program that wrote it; null: the run left no record of it */
    unknownExtensions: (e: { run: string; names: readonly string[]; version: string | null }) =>
      `a execução ${e.run} tem ${e.names.length === 1 ? 'a extensão' : 'as extensões'} ${e.names.join(', ')}, que esta versão não conhece; use a versão do simulador que a gravou${e.version === null ? '' : ` (${e.version})`}`,
    notConcluded: (e: { why: string }) =>
      `não foi possível examinar o banco no fim da execução: ${systemCausePtBR(e.why)}`,
    unwritable: (e: { message: string }) =>
      `não é possível gravar o ledger (${systemCausePtBR(e.message)}); sem ele não se sabe o que foi confirmado, por isso a execução termina aqui; libere espaço, escolha outro LOG_DIR ou use --no-ledger`,
    none: (e: { run: string }) =>
      `a execução ${e.run} não tem ledger; rodou com --no-ledger ou em uma versão anterior`,
    underWay: (e: { run: string }) =>
      `a execução ${e.run} ainda está em andamento; encerre-a antes`,
    otherServer: (e: { run: string; before: string; now: string }) =>
      `a execução ${e.run} gravou no banco "${e.before}", e este é ${e.now === e.before ? 'outro servidor com um banco do mesmo nome' : `"${e.now}"`}; aponte PG_HOST e PG_DATABASE (ou DATABASE_URL) para o banco da execução`,
    title: (e: { run: string }) => `ledger da execução ${e.run}`,
    transactions: () => 'transações',
    outcomes: (e: { committed: number; aborted: number; unknown: number; open: number }) =>
      `${ptNumber(e.committed)} confirmadas · ${ptNumber(e.aborted)} desfeitas · ${ptNumber(e.unknown)} desconhecidas · ${ptNumber(e.open)} em aberto`,
    connections: () => 'conexões',
    connectionParts: (e: { connections: number; workers: number }) =>
      `${ptNumber(e.connections)} de ${ptWorkers(e.workers)}`,
    time: () => 'período',
    servers: () => 'servidor',
    problems: () => 'problemas',
    /** An invalid line of the ledger. */
    problem: (e: { file: string; line: number; kind: 'malformed' | 'broken' | 'sequence' }) =>
      `${e.file}:${e.line}: ${{ malformed: 'não é um registro do ledger', broken: 'esta linha, ou uma anterior, foi alterada depois de gravada', sequence: 'um registro fora de lugar' }[e.kind]}`,
    more: (count: number) => `… e mais ${ptNumber(count)}`,
    differences: () => 'diferenças',
    /** A key whose row differs from the ledger. */
    difference: (e: KeyEntry & { xmin: number | null; file: string | null }) =>
      `${e.table} ${e.key}: ${ledgerDiz(e)}; no banco ${e.xmin === null ? 'não há essa linha' : `há uma linha gravada pela transação ${e.xmin}`}${e.file === null ? '' : ` (${e.file}, intenção ${e.intent})`}`,
    held: (e: { rows: number; transactions: number }) =>
      `ledger e banco coincidem: ${ptPlural(e.rows, 'alteração confirmada', 'alterações confirmadas')} em ${ptPlural(e.transactions, 'transação', 'transações')}`,
    changedSince: (e: { count: number; runs: Readonly<Record<string, number>> }) =>
      `${ptPlural(e.count, 'registro alterado', 'registros alterados')} desde então: ${Object.entries(
        e.runs,
      )
        .map(([run, rows]) => `${ptNumber(rows)} pela execução ${run}`)
        .join(', ')}`,
    unchecked: (e: { tables: readonly string[] }) =>
      `não comparado, pois sem chave nada identifica um registro: ${e.tables.join(', ')}; \`verify\` conta registros iguais`,
    notHeld: (e: { differences: number; problems: number; prepared: number }) =>
      `ledger e banco não coincidem: ${ptPlural(e.differences, 'chave difere', 'chaves diferem')}, ${ptPlural(e.problems, 'problema', 'problemas')} no ledger${e.prepared === 0 ? '' : `, ${ptPlural(e.prepared, 'transação preparada', 'transações preparadas')} sem fim`}`,
    hazards: () => 'hazards, pelas transações em que ocorreram',
    noHazard: () => 'nenhum ocorreu',
    undoneRows: () => 'linhas desfeitas com seu savepoint',
    messages: () => 'mensagens lógicas',
    prepared: () => 'transações preparadas',
    preparedEnds: (e: { committed: number; aborted: number }) =>
      `${ptNumber(e.committed)} confirmadas · ${ptNumber(e.aborted)} desfeitas`,
    truncates: () => 'TRUNCATEs, com seu LSN',
    schemaChanges: () => 'mudanças de esquema, com seu LSN',
    undecidedPrepared: () => 'transações preparadas sem desfecho, pelo nome',
    /** Of a run: they are still on the server. */
    stillPrepared: (e: { count: number }) =>
      `${ptPlural(e.count, 'transação preparada da execução continua', 'transações preparadas da execução continuam')} no servidor, com suas travas; \`ledger resolve\` ${e.count === 1 ? 'a' : 'as'} termina`,
    preparedFinished: (e: { count: number }) =>
      `${ptPlural(e.count, 'transação preparada foi terminada', 'transações preparadas foram terminadas')}`,
    preparedRefused: (e: { gid: string; owner: string; database: string }) =>
      `a transação preparada ${e.gid} só pode ser terminada pelo papel "${e.owner}", ou por um superusuário, no banco "${e.database}"; rode \`ledger resolve\` assim`,
    summaryDiffers: () =>
      'o resumo da execução conta outras transações ou registros que o ledger: falta um arquivo do ledger, ou um dos dois foi alterado',
    undecided: (e: { open: number; unknown: number }) =>
      `o ledger não diz se ${ptPlural(e.open + e.unknown, 'transação foi confirmada', 'transações foram confirmadas')} (${ptNumber(e.open)} em aberto, ${ptNumber(e.unknown)} desconhecidas): suas chaves ficaram de fora`,
    resolved: (e: { run: string; committed: number; aborted: number; unknown: number }) =>
      e.committed + e.aborted + e.unknown === 0
        ? `a execução ${e.run} não deixou transação em aberto`
        : `execução ${e.run}: ${ptNumber(e.committed)} transações em aberto foram confirmadas, ${ptNumber(e.aborted)} não foram, ${ptNumber(e.unknown)} continuam desconhecidas`,
    stillUnknown: (e: { unknown: number }) =>
      `o servidor não sabe dizer se ${ptPlural(e.unknown, 'transação foi confirmada', 'transações foram confirmadas')}: é outro servidor, ou ele não as conhece mais`,
    resolveHint: () => '`ledger resolve` pergunta ao servidor pelas transações em aberto',
  },
  runs: {
    none: (e: { folder: string }) => `nenhuma execução está guardada em ${e.folder}`,
    when: () => 'início',
    lasted: () => 'duração',
    load: () => 'carga',
    events: () => 'eventos',
    size: () => 'tamanho',
    verdict: () => 'veredito',
    run: () => 'execução',
    perSecond: (rate: number) => `${ptNumber(rate)}/s`,
    stages: (count: number) => ptPlural(count, 'etapa', 'etapas'),
    underWay: () => 'em andamento',
    /** In one or two words, for a column. */
    verdicts: {
      violated: () => 'violação',
      critical: () => 'falhou',
      server_lost: () => 'sem servidor',
      held_up: () => 'retida',
      not_held: () => 'não cumprido',
      no_summary: () => 'morta',
      in_doubt: () => 'em dúvida',
      indeterminate: () => 'indeterminado',
      duplicates: () => 'duplicatas',
      exact: () => 'exato',
      held: () => 'cumprido',
      unjudged: () => 'nenhum',
    },
    name: () => 'nome',
    note: () => 'anotação',
    loadParts: (e: { load: string; workers: number | null; batch: number | null }) =>
      `${e.load}${e.workers === null ? '' : `, ${ptPlural(e.workers, 'worker', 'workers')}`}${e.batch === null ? '' : `, lotes de ${ptNumber(e.batch)}`}`,
    changed: () => 'Configurações que diferem do padrão:',
    verifications: () => 'Verificações, a mais recente primeiro:',
    files: () => 'Arquivos:',
    folder: () => 'pasta',
    noLimit: () =>
      'runs prune precisa de um limite: --keep N (as mais recentes, que ficam), --older-than 30d, ou os dois',
    nothingToPrune: (e: { kept: number }) =>
      `nada a apagar: ${ptPlural(e.kept, 'execução guardada', 'execuções guardadas')}`,
    wouldPrune: (e: { runs: number; kept: number; size: string }) =>
      `${ptPlural(e.runs, 'execução', 'execuções')} de ${ptNumber(e.runs + e.kept)} ${e.runs === 1 ? 'seria apagada' : 'seriam apagadas'} (${e.size})`,
    askToPrune: (e: { runs: number; size: string }) =>
      `Apagar ${e.runs === 1 ? 'esta execução' : `estas ${ptNumber(e.runs)} execuções`} (${e.size})? [s/N] `,
    pruned: (e: { runs: number; kept: number; size: string }) =>
      `${ptPlural(e.runs, 'execução apagada', 'execuções apagadas')} (${e.size}), ${ptPlural(e.kept, 'guardada', 'guardadas')}`,
    refused: () => 'cancelado: nada foi apagado',
    noTerminal: () =>
      'runs prune recusado: não há terminal para confirmar; use --yes se é isso que quer, ou --dry-run para ver o que seria apagado',
    interrupted: (e: { runs: number; left: number }) =>
      `interrompido: ${ptPlural(e.runs, 'execução apagada', 'execuções apagadas')}, ${ptPlural(e.left, 'restante', 'restantes')}`,
  },
  config: {
    key: () => 'configuração',
    value: () => 'valor',
    from: () => 'origem',
    standard: () => 'padrão',
    account: () => 'conta do sistema',
    set: () => '(definida)',
    notSet: () => '(não definida)',
    embedded: (e: { dir: string; port: number }) =>
      `Servidor: PostgreSQL embutido, dados em ${e.dir}, porta ${e.port}`,
    server: (e: { user: string; host: string; port: number; database: string }) =>
      `Servidor: ${e.user} em ${e.host}:${e.port}, banco ${e.database}`,
    others: (count: number) =>
      count === 1
        ? 'Uma outra configuração tem seu padrão; --all a mostra.'
        : `${ptNumber(count)} outras configurações têm seus padrões; --all as mostra.`,
  },
  metrics: {
    name: () => 'métrica',
    units: () => 'unidades',
    example: () =>
      'Como em --threshold "response.p99<250ms, abort"; uma métrica sem unidades recebe só um número.',
  },
};
