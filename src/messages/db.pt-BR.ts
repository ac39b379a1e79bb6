import type { HiddenRows } from '../database/row-security.js';
import type { EmbeddedEvent } from '../embedded/events.js';
import type { Holder, Wait } from '../postgres/waits.js';

const all = (names: readonly string[]) => names.join(' e ');
const any = (names: readonly string[]) => names.join(' ou ');

const holderText = ({ pid, application, state }: Holder): string =>
  pid === 0
    ? 'por uma transação preparada (pg_prepared_xacts)'
    : `pelo processo ${pid} (${[application, state].filter(Boolean).join(', ') || '?'})`;

const lockText = (wait: Extract<Wait, { kind: 'lock' }>): string =>
  `uma trava${wait.table === null ? '' : ` em ${wait.table}`}, mantida ${wait.holders.map(holderText).join(' e ')}`;

/** How to end a prepared transaction, which has no session; empty where none holds the lock. */
const byName = ({ holders }: Extract<Wait, { kind: 'lock' }>): string =>
  holders.some(({ pid }) => pid === 0)
    ? ', com `ledger resolve RUN` se o nome dela começa por oltp-simulator/RUN/, senão com COMMIT PREPARED ou ROLLBACK PREPARED'
    : '';

/** Servers, connections, schemas and the embedded PostgreSQL, in Brazilian Portuguese. */
export const dbPtBR = {
  refused: (e: { where: string; settings: readonly string[] }) =>
    `nenhum servidor PostgreSQL aceita conexões em ${e.where}; inicie-o ou corrija ${all(e.settings)}`,
  hostUnknown: (e: { host: string; settings: readonly string[] }) =>
    `o nome do servidor "${e.host}" não pôde ser resolvido; corrija ${all(e.settings)} ou verifique o DNS`,
  timedOut: (e: { where: string; seconds: number; settings: readonly string[] }) =>
    `o servidor em ${e.where} não respondeu em ${e.seconds} s; verifique a rede e o firewall, ou aumente ${all(e.settings)}`,
  lost: (e: { where: string; message: string }) =>
    `sem conexão com o servidor em ${e.where} (${e.message}); verifique se ele está no ar`,
  slotRefused: (e: { slot: string; where: string; message: string }) =>
    `o slot de replicação "${e.slot}" não pode ser lido no servidor em ${e.where}: ${e.message}`,
  publicationMissing: (e: { publication: string; database: string }) =>
    `o banco "${e.database}" não tem a publicação "${e.publication}"; crie-a (CREATE PUBLICATION) ou corrija o nome`,
  streamEnded: (e: { slot: string; where: string }) =>
    `o servidor em ${e.where} parou de enviar pelo slot de replicação "${e.slot}"; verifique se ele está no ar`,
  passwordMissing: (e: { user: string; where: string; setting: string }) =>
    `o servidor em ${e.where} pede a senha de "${e.user}", e nenhuma foi informada; defina ${e.setting}`,
  passwordFileExposed: (e: { user: string; where: string; file: string }) =>
    `o servidor em ${e.where} pede a senha de "${e.user}", e o arquivo de senhas ${e.file} é ignorado porque outros usuários podem lê-lo; rode \`chmod 600 ${e.file}\``,
  notBound: (e: { where: string }) =>
    `channel_binding=require exige um login vinculado à conexão TLS (SCRAM-SHA-256-PLUS), que o servidor em ${e.where} não oferece; use sslmode=require ou mais forte e uma senha SCRAM, ou channel_binding=prefer`,
  otherLogin: (e: { where: string; method: string; allowed: readonly string[] }) =>
    `require_auth permite ${e.allowed.join(', ')}, e o servidor em ${e.where} pediu ${e.method}; permita-o, ou mude pg_hba.conf`,
  poolerShares: (e: { where: string }) =>
    `um pool de conexões responde em ${e.where} e troca de conexão com o servidor a cada transação, de modo que travas e configurações de um cliente afetam outros; conecte-se ao próprio servidor, ou a um pool em modo session`,
  poolerUnclear: (e: { where: string; seconds: number }) =>
    `um pool de conexões responde em ${e.where}, e em ${e.seconds} s não teve uma segunda conexão com o servidor, por isso não se sabe se cada cliente mantém a sua; conecte-se ao próprio servidor, ou a um pool maior em modo session`,
  poolerLacks: (e: { where: string; message: string }) =>
    `um pool de conexões responde em ${e.where} e não oferece o que o programa precisa (${e.message}); conecte-se ao próprio servidor`,
  directTlsFailed: (e: { where: string; message: string }) =>
    `sem conexão com o servidor em ${e.where} (${e.message}); sslnegotiation=direct precisa do PostgreSQL 17 ou mais novo com TLS, e de um servidor no ar`,
  timeLimit: (e: {
    setting: string;
    user: string;
    database: string;
    message: string;
    sqlstate: string;
  }) =>
    `${e.setting} encerrou o trabalho de "${e.user}" no banco "${e.database}": ${e.message} (${e.sqlstate}); aumente-o (ALTER ROLE "${e.user}" SET ${e.setting} = 0) ou elimine a causa da espera`,
  waits: (e: Wait) => {
    const seconds = Math.round(e.seconds);
    if (e.kind === 'standby') {
      return `COMMIT espera há ${seconds} s por um standby síncrono: synchronous_standby_names é "${e.names}"; inicie o standby, ou retire-o dessa configuração`;
    }
    const end =
      e.timeout === '0' ? 'lock_timeout é 0: a espera não tem fim' : `lock_timeout é ${e.timeout}`;
    return `uma instrução espera há ${seconds} s por ${lockText(e)}; encerre essa transação${byName(e)} (${end})`;
  },
  waitedFor: (wait: Wait) =>
    wait.kind === 'lock'
      ? lockText(wait)
      : `um standby síncrono (synchronous_standby_names é "${wait.names}")`,
  cancelled: (e: { database: string; message: string }) =>
    `uma instrução no banco "${e.database}" foi cancelada de fora (${e.message}); rode o comando de novo`,
  conflict: (e: { database: string; message: string; sqlstate: string }) =>
    `um conflito com outra sessão encerrou o trabalho no banco "${e.database}": ${e.message} (${e.sqlstate}); rode o comando de novo quando essa sessão terminar`,
  encodingLacks: (e: { database: string; message: string }) =>
    `a codificação do banco "${e.database}" não comporta caracteres dos registros (${e.message}); use um banco com ENCODING 'UTF8'`,
  wrongPassword: (e: { user: string; where: string; settings: readonly string[] }) =>
    `o servidor em ${e.where} recusou a senha de "${e.user}"; corrija ${any(e.settings)}`,
  accessRefused: (e: {
    user: string;
    where: string;
    message: string;
    settings: readonly string[];
  }) =>
    `o servidor em ${e.where} não permite o acesso de "${e.user}" (${e.message}); corrija ${any(e.settings)}, ou libere o acesso em pg_hba.conf`,
  databaseMissing: (e: { database: string; where: string; settings: readonly string[] }) =>
    `o banco "${e.database}" não existe no servidor em ${e.where}; crie-o (CREATE DATABASE) ou corrija ${any(e.settings)}`,
  forbidden: (e: {
    user: string;
    database: string;
    message: string;
    settings: readonly string[];
  }) =>
    `o usuário "${e.user}" não tem os privilégios necessários no banco "${e.database}" (${e.message}); conceda-os ou indique outro usuário em ${any(e.settings)}`,
  schemaUnfit: (e: { database: string; message: string; settings: readonly string[] }) =>
    `as tabelas do banco "${e.database}" não são as que o simulador espera (${e.message}); rode \`init-db\` ou indique outro banco em ${any(e.settings)}`,
  tablesGone: (e: { database: string; tables: string }) =>
    `tabelas do banco "${e.database}" foram apagadas ou recriadas durante a execução (${e.tables})`,
  serverFailed: (e: { where: string; message: string; sqlstate: string }) =>
    `o servidor em ${e.where} não pode trabalhar no momento: ${e.message} (${e.sqlstate}); tente de novo quando ele se recuperar`,
  serverDiskFull: (e: { where: string; message: string; sqlstate: string }) =>
    `o disco do servidor em ${e.where} está cheio: ${e.message} (${e.sqlstate}); libere espaço nele e rode o comando de novo`,
  noFreeConnection: (e: { where: string; message: string; sqlstate: string }) =>
    `o servidor em ${e.where} não tem conexão livre: ${e.message} (${e.sqlstate}); aumente max_connections nele, ou use menos --workers`,
  /** A cause in words, and its code. */
  cause: (e: { words: string; code: string }) => `${e.words} (${e.code})`,
  postmasterEnded: () => 'o processo principal do servidor terminou inesperadamente',
  /** A timeout setting ended a statement or a session. */
  endedBy: (e: { setting: string }) => `encerrada por ${e.setting}`,
  /** Causes of a lost connection or transaction, by SQLSTATE or system code. */
  causes: {
    '25006': () => 'o servidor agora só aceita leitura, como um standby',
    '26000': () => 'um pool de conexões trocou a sessão',
    '40001': () => 'conflito entre transações',
    '40P01': () => 'deadlock com outra transação',
    '53100': () => 'o disco do servidor está cheio',
    '53200': () => 'falta memória no servidor',
    '53300': () => 'o servidor não tem conexão livre',
    '57014': () => 'cancelada por outra sessão',
    '57P01': () => 'encerrada por um administrador',
    '57P02': () => 'outro processo do servidor caiu',
    '57P03': () => 'o servidor está iniciando ou parando',
    '57P04': () => 'o banco foi apagado',
    '58030': () => 'o servidor não consegue ler ou gravar seus arquivos',
    EAI_AGAIN: () => 'o nome do servidor não pôde ser resolvido',
    ECONNREFUSED: (where: string) => `nada escuta em ${where}`,
    ECONNRESET: () => 'o servidor a fechou inesperadamente',
    EHOSTUNREACH: (where: string) => `não há rota até ${where}`,
    ENETUNREACH: (where: string) => `não há rota até ${where}`,
    ENOENT: (where: string) => `não há socket em ${where}`,
    ENOTFOUND: () => 'o nome do servidor não pôde ser resolvido',
    EPIPE: () => 'o servidor a fechou inesperadamente',
    ETIMEDOUT: () => 'o servidor não respondeu a tempo',
  },
  rowsRefused: (e: { database: string; message: string; sqlstate: string }) =>
    `o banco "${e.database}" recusa os registros: ${e.message} (${e.sqlstate}); confira as restrições e os triggers das tabelas`,
  nothingWritten: (e: { database: string }) =>
    `o banco "${e.database}" aceita as instruções, mas não grava nenhum registro; confira os triggers das tabelas`,
  triggerRefuses: (e: { database: string; sqlstate: string }) =>
    `um trigger ou uma função do banco "${e.database}" recusa os registros (${e.sqlstate}); confira os triggers das tabelas`,
  failed: (e: { where: string; message: string }) =>
    `não foi possível trabalhar com o servidor em ${e.where}: ${e.message}`,
  unexpected: (e: { message: string }) => `erro inesperado do programa: ${e.message}`,
  tlsMissing: (e: { where: string; mode: string; settings: readonly string[] }) =>
    `o servidor em ${e.where} não oferece TLS, e sslmode=${e.mode} o exige; ative ssl no servidor ou permita texto aberto em ${any(e.settings)}`,
  tlsRefused: (e: { where: string; message: string; mode: string; roots: string; host: string }) =>
    `a conexão TLS com ${e.where} falhou com sslmode=${e.mode} (${e.message}); confira ${e.roots}, o certificado do servidor e o nome em ${e.host}`,
  tlsRootMissing: (e: { mode: string; file: string; setting: string }) =>
    `sslmode=${e.mode} precisa do certificado da autoridade (CA), mas ${e.file} não existe; indique-o em ${e.setting}`,
  tlsFileUnreadable: (e: { file: string; code: string }) =>
    `o arquivo ${e.file} (certificado ou chave TLS) não pôde ser lido (${e.code}); corrija o caminho ou as permissões`,
  tooOld: (e: { where: string; version: string }) =>
    `o servidor em ${e.where} é um PostgreSQL ${e.version}; o simulador precisa da versão 14 ou mais nova`,
  readOnly: (e: { where: string; settings: readonly string[] }) =>
    `o servidor em ${e.where} só aceita leitura (é um standby, ou tem default_transaction_read_only); indique o primário em ${any(e.settings)}`,
  schemaMissing: (e: { database: string; command: string }) =>
    `o banco "${e.database}" ainda não tem as tabelas do simulador; rode \`${e.command}\` antes`,
  schemaIncomplete: (e: { database: string; problems: string; command: string }) =>
    `o banco "${e.database}" tem só parte das tabelas (${e.problems}); rode \`${e.command}\` para completá-las`,
  schemaDiffers: (e: { database: string; problems: string }) =>
    `o banco "${e.database}" tem tabelas diferentes das do simulador (${e.problems}); use outro PG_DATABASE ou ajuste as tabelas`,
  tableMissing: (e: { table: string }) => `a tabela ${e.table} não existe`,
  notATable: (e: { table: string }) => `${e.table} não é uma tabela`,
  noSequence: (e: { table: string }) => `${e.table}.id não tem sequência (BIGSERIAL)`,
  sequenceMissing: (e: { table: string; sequence: string }) =>
    `a sequência ${e.sequence}, que numera as linhas de ${e.table}, não existe`,
  columnMissing: (e: { table: string; column: string }) =>
    `a coluna ${e.table}.${e.column} não existe`,
  columnType: (e: { table: string; column: string; found: string; expected: string }) =>
    `a coluna ${e.table}.${e.column} é ${e.found}, e não ${e.expected}`,
  columnDemands: (e: { table: string; column: string }) =>
    `a coluna ${e.table}.${e.column} é NOT NULL sem valor padrão, e o simulador não a preenche`,
  hazardsUndone: (e: { tables: readonly string[] }) =>
    `desfeito o que os hazards de uma execução deixaram em ${e.tables.join(', ')}`,
  cannotCreate: (e: {
    user: string;
    database: string;
    message: string;
    settings: readonly string[];
  }) =>
    `o usuário "${e.user}" não pode criar as tabelas no banco "${e.database}" (${e.message}); conceda CREATE no esquema ou corrija ${all(e.settings)}`,
  rowsHidden: (e: HiddenRows) => {
    const tables = e.tables.map(({ table, policies }) =>
      policies.length === 0
        ? `${table} (segurança em nível de linha sem nenhuma política)`
        : `${table} (segurança em nível de linha, política ${policies.join(', ')})`,
    );
    const owner = e.forced ? '' : 'o dono das tabelas ou com ';
    return `a role "${e.role}" não vê todos os registros de ${tables.join(' e de ')}; conecte-se com ${owner}uma role que tenha BYPASSRLS`;
  },

  embedded: (event: EmbeddedEvent): string => {
    switch (event.kind) {
      case 'moved':
        return `o PostgreSQL embutido roda como o usuário "${event.user}", que não tem acesso a ${event.from}; os dados ficam em ${event.to}`;
      case 'copying':
        return `copiando os programas do PostgreSQL embutido para ${event.to} (uma única vez)`;
      case 'waiting':
        return `outro comando está iniciando ou parando o PostgreSQL embutido em ${event.dir}; aguardando`;
      case 'creating':
        return `criando o PostgreSQL embutido em ${event.dir}`;
      case 'port-taken':
        return `a porta ${event.wanted} está ocupada; o PostgreSQL embutido usa a ${event.port}`;
      case 'started':
        return `PostgreSQL embutido no ar na porta ${event.port} (dados em ${event.dir}, log em ${event.log})`;
      case 'joined':
        return `PostgreSQL embutido já no ar na porta ${event.port} (dados em ${event.dir})`;
      case 'left':
        return `o PostgreSQL embutido em ${event.dir} continua no ar: outro comando o usa`;
      case 'stopped':
        return `PostgreSQL embutido parado (dados em ${event.dir})`;
    }
  },
  embeddedUp: (e: { port: number }) => `PostgreSQL embutido no ar na porta ${e.port}`,
  embeddedMissing: (e: { platform: string }) =>
    `não há PostgreSQL embutido instalado para ${e.platform}; reinstale com as dependências opcionais ou aponte PG_HOST para um servidor`,
  embeddedNoHome: () =>
    'os programas do PostgreSQL embutido precisam de uma pasta, e este usuário não tem home; aponte HOME (ou XDG_CACHE_HOME) para uma pasta em que ele possa gravar, ou aponte PG_HOST para um servidor',
  embeddedCannotRun: (e: { message: string }) =>
    `os programas do PostgreSQL embutido não rodam nesta máquina (${e.message}); aponte PG_HOST para um servidor`,
  embeddedNoAccount: () =>
    'o PostgreSQL não roda como root, e não há usuário "postgres" nem "nobody"; rode o comando como outro usuário ou aponte PG_HOST para um servidor',
  embeddedCannotSwitch: (e: { user: string }) =>
    `o PostgreSQL não roda como root, e este ambiente não permite iniciar um programa como "${e.user}"; rode o comando como outro usuário ou aponte PG_HOST para um servidor`,
  embeddedDirUnreachable: (e: { dir: string; user: string }) =>
    `o PostgreSQL embutido roda como o usuário "${e.user}", que não tem acesso a ${e.dir}; indique em PG_EMBEDDED_DIR uma pasta a que ele tenha acesso, ou remova a configuração`,
  embeddedDirUnmakeable: (e: { dir: string; code: string }) =>
    `não foi possível criar a pasta ${e.dir} (${e.code}); indique outra em PG_EMBEDDED_DIR`,
  embeddedDirForeign: (e: { dir: string; user: string }) =>
    `a pasta de dados ${e.dir} pertence ao usuário "${e.user}"; rode o comando como ele (ou como root, se foi o root que a criou) ou indique outra em PG_EMBEDDED_DIR`,
  embeddedOtherVersion: (e: { dir: string; found: number; needed: number }) =>
    `a pasta ${e.dir} contém dados do PostgreSQL ${e.found}, e o embutido é o ${e.needed}; apague-a ou indique outra em PG_EMBEDDED_DIR`,
  embeddedNotData: (e: { dir: string }) =>
    `${e.dir} contém arquivos que não são do PostgreSQL; esvazie a pasta ou indique outra em PG_EMBEDDED_DIR`,
  embeddedCreateFailed: (e: { dir: string; message: string }) =>
    `não foi possível criar o PostgreSQL embutido em ${e.dir}: ${e.message}`,
  embeddedStartFailed: (e: { dir: string; log: string; message: string }) =>
    `o PostgreSQL embutido em ${e.dir} não iniciou: ${e.message} (veja ${e.log})`,
  embeddedStopFailed: (e: { dir: string; log: string; message: string }) =>
    `o PostgreSQL embutido em ${e.dir} não parou: ${e.message} (veja ${e.log})`,
  embeddedBusy: (e: { dir: string }) =>
    `outro comando ocupa há minutos o PostgreSQL embutido em ${e.dir}; espere que ele termine ou encerre-o`,
  embeddedPortTaken: (e: { port: number }) =>
    `a porta ${e.port} já está em uso por outro programa; libere-a ou indique outra em PG_EMBEDDED_PORT`,
  embeddedNoPort: (e: { from: number; to: number }) =>
    `nenhuma porta de ${e.from} a ${e.to} está livre para o PostgreSQL embutido; indique uma em PG_EMBEDDED_PORT`,
};
