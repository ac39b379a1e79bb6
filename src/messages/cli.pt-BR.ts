import { systemCausePtBR } from './system.pt-BR.js';

const PROGRAM = 'oltp-simulator';

/** Help texts, in Brazilian Portuguese. */
export const cliPtBR = {
  tooManyFiles: () =>
    'arquivos abertos demais (EMFILE); aumente o limite (`ulimit -n 4096`) ou use menos --workers',
  noThread: (e: { message: string }) =>
    `não é possível iniciar mais uma thread (${e.message}); aumente o limite (\`ulimit -u\`, memória) ou use menos --workers`,
  diskFull: (e: { what: string; code: string }) =>
    `não há espaço para gravar (${e.what}: ${e.code}); libere espaço e rode o comando de novo`,
  notAllowed: (e: { what: string; code: string }) =>
    `permissão negada (${e.what}: ${e.code}); corrija as permissões, ou rode o comando em uma pasta em que este usuário possa gravar`,
  deviceFailed: (e: { what: string; code: string }) =>
    `falha ao ler ou gravar no dispositivo (${e.what}: ${e.code}); verifique-o`,
  noWorkingFolder: () =>
    'a pasta atual não existe mais; mude para uma que exista e rode o comando de novo',
  outputLost: (e: { reason: string }) =>
    `o resultado não pôde ser gravado na saída padrão (${systemCausePtBR(e.reason)}); libere espaço ou escolha outro destino, e rode o comando de novo`,
  defect: (trace: string) => `isto é um defeito do programa; por favor, relate-o: ${trace}`,
  about: () =>
    `${PROGRAM}: simula um banco OLTP hospitalar em uso contínuo, no PostgreSQL, para testes de CDC`,
  usageTitle: () => 'Uso:',
  commandsTitle: () => 'Comandos:',
  flagsTitle: () => 'Opções do comando:',
  commonTitle: () => 'Opções de todos os comandos:',
  examplesTitle: () => 'Exemplos:',
  usage: () => `${PROGRAM} <comando> [opções]`,
  commandUsage: (command: string, hasFlags: boolean) =>
    `${PROGRAM} ${command}${hasFlags ? ' [opções]' : ''}`,
  more: () =>
    `Use \`${PROGRAM} <comando> --help\` para ver as opções de um comando. As demais configurações estão comentadas em config/settings.toml e config/.env.example; precedência: opção, ambiente, perfil, .env, settings.toml, padrão. Sem servidor indicado (PG_HOST, PGHOST…, DATABASE_URL), um PostgreSQL embutido é usado.`,
  commands: {
    start: () => 'faz tudo: esquema, carga inicial e inserção contínua até Ctrl+C',
    'init-db': () => 'cria esquema, índices e dados de apoio (sem drop; pode ser repetido)',
    seed: () => 'completa o volume inicial de cada tabela; os registros que já existem contam',
    stream: () => 'inicia a inserção contínua de eventos',
    reset: () =>
      'recomeça do zero: drop das tabelas, depois esquema, índices, dados de apoio e carga inicial',
    counts: () => 'exibe a contagem de registros por tabela',
    check: () => 'verifica integridade e regras de domínio no banco inteiro',
    runs: () => 'lista as execuções guardadas, mostra uma, ou apaga as antigas',
    report: () => 'grava o relatório de uma execução, ou compara várias',
    ledger: () => 'mostra o ledger de uma execução, ou o compara com o banco',
    verify: () => 'compara a saída de um pipeline de CDC com o ledger de uma execução',
    'demo-cdc': () => 'uma demonstração: servidor, carga, um consumidor de CDC e o veredito',
    doctor: () => 'verifica se o banco está pronto para CDC, só lendo',
    metrics: () => 'nomes e unidades das métricas que os limites podem usar',
    config: () => 'mostra cada configuração, e de onde veio seu valor',
    completion: () => 'imprime o script de autocompletar de um shell: bash, zsh ou fish',
    help: () => 'mostra a ajuda do programa ou de um comando',
    pause: () => 'pausa a inserção contínua (cria o arquivo .paused)',
    resume: () => 'retoma a inserção contínua (remove o arquivo .paused)',
    db: () => 'mantém o PostgreSQL embutido no ar e mostra a URL de conexão',
  },
  details: {
    start: () =>
      'Prepara o esquema, faz a carga inicial se faltar e inicia a inserção contínua, num só processo. Ctrl+C termina com um resumo.',
    'init-db': () =>
      'Valida a conexão e cria esquema, índices e dados de apoio. Não apaga nada; pode ser repetido a qualquer momento.',
    seed: () =>
      'Popula o volume inicial por COPY, na ordem das chaves estrangeiras. Os volumes vêm de SEED_PACIENTES, SEED_MEDICOS etc.; SEED_MIN_ROWS eleva cada tabela a um mínimo. A mesma semente (--rng) gera os mesmos registros com qualquer número de workers.',
    stream: () =>
      'Insere, atualiza e (raramente) remove registros sem parar: cada worker tem uma conexão e confirma um lote por transação. Sem --rate, cada worker confirma um lote a cada intervalo ± jitter. Ctrl+C termina os lotes em andamento e mostra o resumo.',
    reset: () =>
      'Apaga todas as tabelas do esquema e recria tudo: esquema, índices, dados de apoio e carga inicial. Pede confirmação no terminal; fora dele, exige --yes.',
    counts: () => 'Exibe quantos registros há em cada tabela (SELECT COUNT(*)).',
    check: () =>
      'Verifica chaves estrangeiras e regras de domínio em SQL, no banco inteiro. Código de saída 5 se alguma for violada.',
    runs: () =>
      'As execuções guardadas em logs/runs. `runs list`: a mais recente primeiro, cada uma com seu veredito: o pior entre seu fim, seus limites e sua última verificação. `runs show [RUN]`: uma em detalhe (RUN: nome, parte dele, ou pasta; sem ele, a execução mais recente). `runs prune --keep 20` apaga todas menos as 20 mais recentes; `--older-than 30d` apaga as que começaram há mais de 30 dias; com as duas opções, uma execução só é apagada se ambas permitirem. Antes lista tudo e pede confirmação no terminal; fora dele, exige --yes. Uma execução em andamento nunca é apagada.',
    report: () =>
      'Grava report.html na pasta da execução, dentro de logs/runs, a partir dos arquivos que ela deixou. RUN: o nome, parte dele, ou a pasta; sem ele, a execução mais recente. Várias execuções formam uma página que as compara.',
    ledger: () =>
      'O registro exato das transações de uma execução, chave por chave. `ledger show [RUN]` mostra os totais; `ledger resolve [RUN]` pergunta ao servidor se foram confirmadas as transações que uma execução interrompida à força deixou em aberto; `ledger check [RUN]` compara o ledger com os registros do banco e sai com o código 5 se houver diferença. RUN: o nome, parte dele, ou a pasta; sem ele, a execução mais recente. Verifique antes que outros programas alterem os registros da execução.',
    verify: () =>
      'Diz se tudo o que uma execução confirmou saiu de um pipeline de CDC: uma vez, em ordem, sem alteração, e com que atraso. Funciona durante a execução ou depois dela. RUN: o nome, parte dele, ou a pasta; sem ele, a execução mais recente; `next`: a próxima que começar. Código de saída: 0 exato, 6 só duplicatas (um conector recomeçou), 7 violação, 8 indeterminado (algo é desconhecido, ou os eventos terminaram antes da execução). --source slot:NOME lê um slot de replicação do próprio servidor; ndjson:ARQUIVO acompanha um arquivo de eventos do Debezium (simples, com envelope, CloudEvents, achatados; também gzip), ndjson:- a entrada padrão; http://127.0.0.1:PORTA recebe eventos por POST; kafka:BROKERS/PREFIXO lê todos os tópicos que começam com PREFIXO (TLS e SASL: as configurações KAFKA_…).',
    'demo-cdc': () =>
      'Mostra para que serve o simulador, em menos de um minuto: prepara o banco, lê suas alterações por um slot de replicação temporário enquanto há carga, e diz se tudo saiu. Sem --rate e --duration: 500 eventos/s por 20 s. O código de saída é o de verify.',
    doctor: () =>
      'Verifica se as tabelas servem para CDC, e se o servidor está pronto para um consumidor que use decodificação lógica (Debezium e outros). Só lê. Cada verificação diz o que encontrou, e o comando ou o passo que corrige. Código de saída 5 se alguma falhar.',
    metrics: () =>
      'Lista as métricas do resumo de uma execução que `--threshold` pode comparar, com suas unidades: response.p99<250ms, rejected<=5, slot.debezium.retained<1GB. Nas formas curtas, `|` separa alternativas.',
    config: () =>
      'Mostra as configurações que diferem do padrão, e de onde veio cada valor: opção, variável, arquivo com a linha. --all mostra todas. Aceita também as opções de todos os outros comandos: `config show --rate 100 --workers 8` mostra o que `stream --rate 100 --workers 8` usaria (uma opção que comandos compartilham aparece para cada um). Senhas nunca são mostradas. Não precisa de servidor.',
    completion: () =>
      'Imprime um script que completa comandos, opções, seus valores e os nomes das execuções. bash: source <(oltp-simulator completion bash) em ~/.bashrc. zsh: o mesmo com zsh, em ~/.zshrc depois de compinit. fish: oltp-simulator completion fish > ~/.config/fish/completions/oltp-simulator.fish.',
    help: () => 'Mostra a ajuda do programa, ou do comando indicado, como faz --help.',
    pause: () =>
      'Cria o arquivo-sentinela .paused; a inserção contínua para em menos de meio segundo.',
    resume: () => 'Remove o arquivo-sentinela .paused; a inserção contínua segue de onde parou.',
    db: () =>
      'Mantém o PostgreSQL embutido em primeiro plano, mostra a URL de conexão e o encerra com Ctrl+C.',
  },
  settings: {
    lang: () => 'idioma das mensagens; sem ele, o de LC_ALL, LC_MESSAGES ou LANG',
    'log-level': () => 'nível de log',
    progress: () =>
      'como o progresso aparece em stderr; auto: uma linha viva no terminal, linhas fora dele; json: um objeto por segundo, e o log também em JSON',
    rng: () => 'semente dos dados: a mesma semente gera os mesmos registros',
    workers: () => 'workers em paralelo, cada um com sua conexão',
    rate: () =>
      'eventos por segundo, somando todos os workers; max: o mais rápido que o servidor aceitar; cycle: um lote por worker a cada intervalo',
    stage: () =>
      'uma forma de carga no lugar do ritmo; pode ser repetida, e as etapas seguem uma após a outra',
    arrivals: () =>
      'como se distribuem os eventos de um ritmo ou de uma etapa: a intervalos iguais ou ao acaso',
    'on-lag': () =>
      'quando o servidor não acompanha: envia com atraso (queue) ou conta como não enviado (shed)',
    threshold: () =>
      'uma condição de aprovação: código de saída 5 se falhar; pode ser repetida; `, abort` encerra a execução assim que falha',
    hazard: () => 'um histórico que quebra pipelines; pode ser repetido',
    junit: () => 'arquivo para os resultados em JUnit XML',
    name: () => 'nome da execução, que faz parte do nome de sua pasta',
    note: () => 'uma anotação que é guardada com a execução',
    interval: () => 'intervalo entre lotes de um worker, no modo cycle',
    jitter: () => 'variação aleatória do intervalo, em milissegundos',
    'batch-size': () => 'eventos por transação',
    duration: () => 'termina sozinho depois deste tempo; 0: até Ctrl+C',
    'max-events': () => 'termina depois de exatamente tantos eventos; 0: sem limite',
    only: () => 'só estes tipos de evento',
    'update-ratio': () => 'fração dos eventos que são UPDATE',
    'delete-ratio': () =>
      'fração dos eventos que são DELETE; a soma com --update-ratio não passa de 1',
    keep: () => 'prune: guardar tantas das execuções mais recentes',
    'older-than': () => 'prune: apagar só execuções que começaram há mais tempo que isso',
    publication: () => 'a publicação que o consumidor usa',
    slot: () => 'o slot de replicação que o consumidor usa',
    role: () => 'a role com que o consumidor se conecta',
    source: () => 'de onde vêm os eventos de alteração',
    'toast-placeholder': () =>
      'o unavailable.value.placeholder do conector; pode ser repetido; o padrão do Debezium sempre vale',
    wait: () => 'depois do fim da execução, para após esse tempo sem um evento novo',
    sample: () => 'fração dos registros acompanhados um a um',
    memory: () => 'memória para os eventos e registros a lembrar',
    scale: () => 'multiplica todos os volumes da carga inicial',
    with: () =>
      'extensões do hospital: suas tabelas e seus eventos, além dos de sempre; pode ser repetida',
  },
  files: {
    config: () => 'arquivo de configuração TOML',
    'env-file': () => 'arquivo .env',
    profile: () => 'configuração pronta, por nome (smoke, load, soak, spike) ou arquivo',
  },
  switches: {
    json: () => 'escreve o resultado em stdout como um único documento JSON',
    help: () => 'mostra esta ajuda',
    version: () => 'mostra a versão',
    verbose: () => 'mostrar no terminal todas as linhas do log, por inteiro',
    yes: () => 'não pede confirmação',
    'drop-foreign-tables': () => 'apaga também tabelas que não são do simulador',
    'no-ledger': () => 'não mantém o ledger, o registro exato do que foi confirmado',
    'create-slot': () => 'com slot:NOME: cria slot e publicação temporários, e os remove no fim',
    streaming: () =>
      'com slot:NOME: o servidor envia partes de transações grandes antes do fim delas',
    partial: () => 'deixa de fora as alterações confirmadas antes do início da origem',
    'skip-malformed': () => 'conta as entradas que não são eventos, em vez de terminar com erro',
    'dry-run': () =>
      'stream: mostra a carga planejada e a divisão entre workers; runs prune: mostra o que seria apagado; nada é alterado',
    all: () => 'mostra também as configurações que têm o valor padrão',
  },
  placeholders: {
    number: () => 'N',
    rate: () => 'N|max|cycle',
    stage: () => 'FORMA:RITMOS/TEMPO',
    hazard: () => 'NOME[=VALOR]',
    time: () => 'TEMPO',
    age: () => 'IDADE',
    milliseconds: () => 'MS',
    share: () => 'FRAÇÃO',
    size: () => 'TAMANHO',
    text: () => 'TEXTO',
    name: () => 'NOME',
    file: () => 'ARQUIVO',
    source: () => 'ORIGEM',
    types: () => 'TIPOS',
    extensions: () => 'EXTENSÕES',
    mode: () => 'MODO',
    condition: () => 'CONDIÇÃO',
    language: () => 'IDIOMA',
    level: () => 'NÍVEL',
  },
  flag: (doc: string, allowed: string, fallback: string) =>
    `${doc} (${allowed}; padrão: ${fallback})`,
  anyFile: () => 'se indicado, deve existir',
  allByDefault: () => 'todos',
  noDefault: () => 'nenhum',
  examples: () => [
    `${PROGRAM} start`,
    `${PROGRAM} init-db && ${PROGRAM} seed`,
    `${PROGRAM} stream --interval 2 --batch-size 50`,
    `${PROGRAM} counts --json`,
  ],
  commandExamples: {
    start: () => [`${PROGRAM} start`, `${PROGRAM} start --scale 10 --rate 500 --duration 5m`],
    'init-db': () => [`${PROGRAM} init-db`, `PG_HOST=localhost ${PROGRAM} init-db`],
    seed: () => [`${PROGRAM} seed`, `${PROGRAM} seed --scale 100 --workers 4 --rng 7`],
    stream: () => [
      `${PROGRAM} stream --interval 2 --batch-size 50`,
      `${PROGRAM} stream --workers 4 --rate 200 --duration 20s --json`,
      `${PROGRAM} stream --stage ramp:100..2000/60s --stage constant:2000/5m --dry-run`,
      `${PROGRAM} stream --with prontuario --hazard all --hazard huge=100000/30s`,
      `${PROGRAM} stream --rate max --only consulta,exame --max-events 100000`,
    ],
    reset: () => [`${PROGRAM} reset`, `${PROGRAM} reset --yes --scale 2`],
    counts: () => [`${PROGRAM} counts`, `${PROGRAM} counts --json`],
    check: () => [`${PROGRAM} check`, `${PROGRAM} check --json`],
    runs: () => [
      `${PROGRAM} runs list`,
      `${PROGRAM} runs show nightly-soak`,
      `${PROGRAM} runs prune --keep 20 --older-than 30d --yes`,
    ],
    report: () => [
      `${PROGRAM} report`,
      `${PROGRAM} report 20261124-101500-a1b2 20261124-111500-c3d4`,
    ],
    ledger: () => [`${PROGRAM} ledger show`, `${PROGRAM} ledger check 20261124-101500-a1b2 --json`],
    doctor: () => [
      `${PROGRAM} doctor`,
      `${PROGRAM} doctor --publication cdc --slot debezium --role debezium --json`,
    ],
    verify: () => [
      `${PROGRAM} verify next --source slot:check --create-slot`,
      `${PROGRAM} verify --source ndjson:eventos.ndjson.gz`,
      `${PROGRAM} verify 20261124-101500-a1b2 --source http://127.0.0.1:8080 --json`,
    ],
    'demo-cdc': () => [`${PROGRAM} demo-cdc`],
    metrics: () => [`${PROGRAM} metrics`, `${PROGRAM} metrics --json`],
    config: () => [
      `${PROGRAM} config show`,
      `${PROGRAM} config show --all --json`,
      `${PROGRAM} config show --profile soak --workers 8`,
    ],
    completion: () => [
      `source <(${PROGRAM} completion bash)`,
      `${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish`,
    ],
    help: () => [`${PROGRAM} help`, `${PROGRAM} help stream`],
    pause: () => [`${PROGRAM} pause`],
    resume: () => [`${PROGRAM} resume`],
    db: () => [`${PROGRAM} db`],
  },
};
