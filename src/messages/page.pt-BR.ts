import type { EventOperation } from '../sources/source.js';

/** The report of a run (`report.html`), and the command that writes it, in Brazilian Portuguese. */
export const pagePtBR = {
  reportOf: (e: { runId: string }) => `Relatório da execução ${e.runId}`,
  comparisonOf: (e: { runs: number }) => `Comparação de ${e.runs} execuções`,
  kind: () => 'oltp-simulator · relatório de execução',
  kindComparison: () => 'oltp-simulator · comparação de execuções',
  period: (e: { range: string }) => `${e.range} (UTC)`,
  since: (e: { from: string }) => `início em ${e.from} (UTC)`,

  stoppedBy: (e: { reason: string }) => `Encerrada por: ${e.reason}.`,
  fromSeries: () =>
    'Os números vêm da série gravada a cada segundo, até o último segundo registrado.',
  noSeries: () =>
    'Esta execução não deixou uma série por segundo; por isso faltam os gráficos ao longo do tempo.',

  figures: () => 'Em números',
  achieved: () => 'Ritmo alcançado',
  perSecond: () => 'eventos/s',
  ofTarget: (e: { target: string; share: string }) => `alvo ${e.target} · ${e.share}`,
  noTarget: () => 'sem ritmo alvo',
  events: () => 'Eventos confirmados',
  during: (e: { span: string }) => `em ${e.span}`,
  duringPaused: (e: { span: string; paused: string }) => `em ${e.span}, ${e.paused} em pausa`,
  responseP50: () => 'Resposta p50',
  responseP99: () => 'Resposta p99',
  serviceP99: () => 'Serviço p99',
  spread: (e: { p50: string; max: string }) => `mediana ${e.p50} · máx. ${e.max}`,
  rejected: () => 'Registros rejeitados',
  nothing: () => 'nenhum',
  shed: () => 'Descartados',
  shedOf: (e: { share: string }) => `${e.share} dos eventos previstos`,
  inDoubt: () => 'Em dúvida',
  settled: (e: { count: number; shown: string }) =>
    `${e.shown} ${e.count === 1 ? 'esclarecida' : 'esclarecidas'}`,
  reconnects: () => 'Reconexões',
  retries: (e: { count: number; shown: string }) =>
    `${e.shown} ${e.count === 1 ? 'repetição' : 'repetições'} por conflito`,
  span: () => 'Duração',
  target: () => 'Ritmo alvo',
  stopReason: () => 'Encerrada por',
  killed: () => 'sem resumo',
  walPeak: () => 'Maior WAL retido',
  memoryPeak: () => 'Maior uso de memória',
  thresholdsFigure: () => 'Limites respeitados',

  plots: () => 'Gráficos',
  plotHelp: () =>
    'Todos os gráficos de tempo compartilham o cursor: aponte, toque ou use as setas do teclado. Arraste para ampliar um trecho; um clique duplo ou Esc volta ao todo.',
  comparedWith: (e: { first: string }) =>
    `As variações são em relação à execução ${e.first}; uma variação de menos de 1% não aparece. Melhor e pior falam só do número: duas execuções com cargas diferentes diferem em mais do que o servidor.`,
  thinned: (e: { seconds: number }) =>
    `Cada ponto reúne ${e.seconds} segundos: a média dos ritmos e a maior das latências.`,
  noScript: () => 'Os gráficos precisam de JavaScript.',
  time: () => 'tempo',
  percentile: () => 'percentil',
  oneIn: (e: { count: string }) => `1 em ${e.count}`,
  maximum: () => 'máx.',
  throughput: () => 'Vazão (eventos/s)',
  throughputDoc: () =>
    'Confirmados: eventos que o servidor confirmou em cada segundo. Previstos: eventos que, pelo plano, eram devidos nele.',
  throughputComparedDoc: () => 'Eventos confirmados pelo servidor em cada segundo.',
  committed: () => 'confirmados',
  offeredCurve: () => 'previstos',
  shedCurve: () => 'descartados',
  latency: () => 'Latência (ms)',
  latencyDoc: () =>
    'Resposta: desde que o lote era devido. Serviço: desde que foi enviado. Escala logarítmica.',
  response: () => 'resposta',
  service: () => 'serviço',
  lag: () => 'atraso no envio',
  percentiles: () => 'Latência por percentil (ms)',
  percentilesDoc: () =>
    'Todos os lotes da execução, o mais lento à direita: em 99%, um em 100 demorou isso ou mais. Cada curva termina em seu lote mais lento. Escalas logarítmicas.',
  percentilesOfResponse: () => 'Latência de resposta por percentil (ms)',
  responseP99Plot: () => 'Resposta p99 (ms)',
  serviceP99Plot: () => 'Serviço p99 (ms)',
  logarithmic: () => 'Em cada segundo. Escala logarítmica.',
  memory: () => 'Memória do gerador',
  memoryDoc: () => 'Memória residente do processo.',
  resident: () => 'residente',
  cpu: () => 'Processador do gerador (núcleos)',
  cpuDoc: () => 'Tempo de processador por segundo; 1 é um núcleo inteiro.',
  cores: () => 'núcleos',
  wal: () => 'WAL escrito por segundo',
  walDoc: () => 'Tudo o que o servidor escreveu, também de outros clientes.',
  written: () => 'escrito',
  slots: () => 'WAL retido por slot de replicação',
  slotsDoc: () =>
    'WAL que o servidor guarda para cada consumidor; se cresce sem parar, o consumidor está atrasado.',
  plotLabel: (e: { title: string; curves: string }) => `${e.title}. ${e.curves}.`,
  curveLabel: (e: { curve: string; from: string; to: string }) =>
    `${e.curve}: de ${e.from} a ${e.to}`,
  limitLabel: (e: { label: string; held: boolean | null }) =>
    `Limite ${e.label}${e.held === null ? '' : e.held ? ', respeitado' : ', não respeitado'}.`,

  marks: () => 'Marcas nos gráficos',
  mark: {
    paused: () => 'em pausa',
    outages: () => 'conexão perdida',
    gaps: () => 'segundos sem ponto',
    reconnects: () => 'reconexão',
    rejections: () => 'registros rejeitados',
    failures: () => 'falha crítica',
  },

  missing: {
    title: () => 'O que falta nestes gráficos',
    end: () =>
      'O fim da execução e a latência por percentil, que só são gravados quando uma execução termina.',
    seconds: (e: { count: number; shown: string }) =>
      `${e.shown} ${e.count === 1 ? 'segundo não tem' : 'segundos não têm'} ponto: o processo não chegou a rodar. O ponto seguinte ${e.count === 1 ? 'o' : 'os'} cobre, com os ritmos distribuídos pelo tempo todo.`,
    offered: () =>
      'Eventos previstos: sem ritmo nem etapas, nenhum plano diz quantos eventos são devidos em um segundo.',
    wal: () => 'WAL e slots de replicação: o servidor não deixou o usuário desta execução lê-los.',
    walSeconds: (e: { count: number; shown: string }) =>
      `WAL e slots de replicação em ${e.shown} ${e.count === 1 ? 'segundo' : 'segundos'}: o servidor não respondeu quando se perguntou por eles.`,
    slots: () =>
      'Slots de replicação: o servidor não tinha nenhum; por isso nenhum consumidor o fez reter WAL.',
    distribution: () =>
      'A distribuição completa da latência: uma versão anterior só gravou cinco de seus percentis.',
  },

  fact: {
    what: () => 'o quê',
    load: () => 'Carga',
    workers: () => 'Workers',
    mix: () => 'Mistura',
    shares: (e: { inserts: string; updates: string; deletes: string }) =>
      `${e.inserts} inclusões · ${e.updates} atualizações · ${e.deletes} exclusões`,
    server: () => 'Servidor',
    embedded: (e: { server: string }) => `${e.server} · embutido, na mesma máquina`,
    machine: () => 'Máquina',
    program: () => 'Programa',
  },

  cdc: {
    title: () => 'Verificação do CDC',
    doubted: () => 'Nem tudo pôde ser julgado:',
    onlyDoubted: () => 'Nada de errado foi encontrado, mas nem tudo pôde ser julgado:',
    delivered: () => 'Eventos recebidos',
    deliveredOf: (e: { shown: string; share: string }) => `de ${e.shown} esperados · ${e.share}`,
    noneExpected: () => 'nenhum era esperado',
    repeated: () => 'Eventos repetidos',
    repeatedIn: (e: { count: number; shown: string }) =>
      `em ${e.shown} ${e.count === 1 ? 'recomeço' : 'recomeços'}`,
    violations: () => 'Violações',
    none: () => 'nenhuma',
    latencyP99: () => 'Atraso do CDC p99',
    notMeasured: () => 'não medido',
    counts: () => 'Eventos e transações',
    count: {
      expected: () => 'esperados',
      delivered: () => 'recebidos',
      repeated: () => 'repetidos',
      missing: () => 'ausentes',
      excused: () => 'dispensados',
      doubted: () => 'em dúvida',
      waived: () => 'deixados de fora por --partial',
      beforeSource: () => 'de antes do início da origem',
      beforeSnapshot: () => 'de antes do snapshot',
      unknownDelivered: () => 'de desfecho desconhecido, recebidos',
      unknownAbsent: () => 'de desfecho desconhecido, não recebidos',
      derived: () => 'do próprio servidor',
      unjudged: () => 'mais antigos do que a memória permite',
      foreign: () => 'de outros escritores',
      snapshot: () => 'de snapshot',
      others: () => 'de outros tipos',
      malformed: () => 'entradas que não são eventos',
    },
    what: () => 'situação',
    transactions: () => 'transações',
    quantiles: () => 'Atraso em milissegundos',
    facts: () => 'A verificação',
    earlier: () => 'Outras verificações desta execução',
    file: () => 'arquivo',
    source: () => 'origem',
    began: () => 'início (UTC)',
    took: () => 'duração',
    rate: () => 'ritmo',
    followed: () => 'registros acompanhados',
    compared: () => 'registros iguais às tabelas',
    superseded: () => 'registros alterados depois por outros',
    notCompared: () => 'não comparados',
    noArrivals: () =>
      'Nenhum evento foi confirmado enquanto `verify` escutava, por isso não se conhece o atraso deles.',
    violation: () => 'violação',
    operation: (operation: EventOperation) =>
      ({ insert: 'inclusão', update: 'atualização', delete: 'exclusão', snapshot: 'snapshot' })[
        operation
      ],
    key: () => 'chave',
    detail: () => 'o que aconteceu',
    where: () => 'onde',
    firstExamples: () => 'O que está errado: os primeiros exemplos',
    plot: () => 'Atraso do CDC (ms)',
    plotDoc: () =>
      'Do commit até o evento ser recebido por `verify`, em cada segundo em que algum chegou. Escala logarítmica.',
    verdict: () => 'Veredito do CDC',
    notVerified: () => 'não verificada',
  },

  tables: () => 'Em detalhe',
  thresholds: () => 'Limites',
  threshold: () => 'limite',
  measured: () => 'medido',
  result: () => 'resultado',
  held: () => 'respeitado',
  notHeld: () => 'não respeitado',
  aborted: () => 'não respeitado; encerrou a execução',
  quantiles: () => 'Latência em milissegundos',
  measure: () => 'medida',
  rows: () => 'Registros confirmados por tabela',
  table: () => 'tabela',
  insert: () => 'inseridos',
  update: () => 'atualizados',
  delete: () => 'excluídos',
  total: () => 'total',
  byType: () => 'Latência por tipo de evento e operação, em milissegundos',
  type: () => 'tipo',
  operation: () => 'operação',
  operationName: (operation: 'insert' | 'update' | 'delete') =>
    ({ insert: 'inclusão', update: 'atualização', delete: 'exclusão' })[operation],
  eventCount: () => 'eventos',
  slotTable: () => 'Slots de replicação, no máximo',
  slot: () => 'slot',
  retained: () => 'WAL retido',
  unconfirmed: () => 'não confirmado',
  generator: () => 'O gerador',
  figure: () => 'medida',
  value: () => 'valor',
  cpuMean: () => 'processador, em média',
  coresOf: (e: { cores: string }) => `${e.cores} núcleos`,
  rssPeak: () => 'memória residente, no máximo',
  rssGrowth: () => 'crescimento da memória após o primeiro minuto',
  late: () => 'atraso de um worker livre, p99',
  bottleneck: (resource: 'cpu' | 'event-loop') =>
    ({
      cpu: 'O gerador foi o gargalo: faltou processador a ele, e não ao servidor. As latências incluem essa espera; repita com mais núcleos ou menos carga.',
      'event-loop':
        'O gerador foi o gargalo: workers livres enviaram tarde, por falta de processador. As latências incluem essa espera; repita com menos workers, ou em outra máquina.',
    })[resource],
  noBottleneck: () => 'O gerador não foi o gargalo: o que estes números mostram é do servidor.',
  settings: () => 'Configuração',
  changedSettings: () => 'Opções que diferem do padrão',
  noChanges: () => 'Todas as opções têm o valor padrão.',
  otherSettings: (e: { count: number }) => `${e.count} opções com o valor padrão`,
  allSettings: (e: { count: number }) => `Todas as ${e.count} opções`,
  differingSettings: () => 'Opções que diferem entre as execuções',
  sameSettings: () => 'A configuração das execuções é igual.',
  equalSettings: (e: { count: number }) => `${e.count} opções iguais em todas as execuções`,
  differences: () => 'O que foi executado, onde difere',
  base: () => 'base',
  better: () => 'melhor',
  worse: () => 'pior',
  noSettings: () => 'A configuração desta execução não foi gravada.',
  setting: () => 'opção',
  redacted: () => '(omitido)',
  keyFigures: () => 'Números principais',
  run: () => 'execução',
  footer: () =>
    'Latências de resposta contam desde que o lote era devido, como as sentiria um usuário. Cores de Okabe e Ito, distinguíveis também com daltonismo.',

  reportWritten: (e: { path: string }) => `relatório gravado em ${e.path}`,
  noRuns: (e: { folder: string }) =>
    `nenhuma execução foi gravada em ${e.folder}; rode \`stream\` antes ou indique a pasta de uma execução`,
  notARun: (e: { folder: string }) =>
    `${e.folder} não contém o registro de uma execução (summary.json, series.ndjson ou ledger); indique outra pasta`,
  ambiguousRun: (e: { name: string; runs: readonly string[] }) =>
    `"${e.name}" corresponde a várias execuções (${e.runs.join(', ')}); indique uma delas`,
  unknownRun: (e: { name: string; nearest: readonly string[]; folder: string }) =>
    `não há execução "${e.name}" em ${e.folder}; as mais parecidas: ${e.nearest.join(', ')}`,
  cannotWrite: (e: { path: string; reason: string }) =>
    `o relatório não pôde ser gravado em ${e.path} (${e.reason}); corrija as permissões ou libere espaço`,
};
