import type { EmbeddedEvent } from '../../postgres/embedded-events.js';
import type { HiddenRows } from '../../postgres/row-security.js';

/** Servers, connections, schemas and the embedded PostgreSQL, in Brazilian Portuguese. */
export const dbPtBR = {
  refused: (e: { where: string }) =>
    `nenhum servidor PostgreSQL aceita conexões em ${e.where}; inicie-o ou corrija PG_HOST e PG_PORT`,
  hostUnknown: (e: { host: string }) =>
    `o nome do servidor "${e.host}" não pôde ser resolvido; corrija PG_HOST ou verifique o DNS`,
  timedOut: (e: { where: string; seconds: number }) =>
    `o servidor em ${e.where} não respondeu em ${e.seconds} s; verifique a rede e o firewall, ou aumente PG_CONNECT_TIMEOUT`,
  lost: (e: { where: string; message: string }) =>
    `sem conexão com o servidor em ${e.where} (${e.message}); verifique se ele está no ar`,
  slotRefused: (e: { slot: string; where: string; message: string }) =>
    `o slot de replicação "${e.slot}" não pode ser lido no servidor em ${e.where}: ${e.message}`,
  publicationMissing: (e: { publication: string; database: string }) =>
    `o banco "${e.database}" não tem a publicação "${e.publication}"; crie-a (CREATE PUBLICATION) ou corrija o nome`,
  streamEnded: (e: { slot: string; where: string }) =>
    `o servidor em ${e.where} encerrou a leitura do slot de replicação "${e.slot}"; verifique se ele está no ar`,
  passwordMissing: (e: { user: string; where: string }) =>
    `o servidor em ${e.where} exige uma senha para "${e.user}" e nenhuma foi dada; defina PG_PASSWORD`,
  wrongPassword: (e: { user: string; where: string }) =>
    `o servidor em ${e.where} recusou a senha de "${e.user}"; corrija PG_USER ou PG_PASSWORD`,
  accessRefused: (e: { user: string; where: string; message: string }) =>
    `o servidor em ${e.where} não deixa "${e.user}" entrar (${e.message}); corrija PG_USER ou PG_SSLMODE, ou libere o acesso em pg_hba.conf`,
  databaseMissing: (e: { database: string; where: string }) =>
    `o banco "${e.database}" não existe no servidor em ${e.where}; crie-o (CREATE DATABASE) ou corrija PG_DATABASE`,
  forbidden: (e: { user: string; database: string; message: string }) =>
    `o usuário "${e.user}" não tem os privilégios necessários no banco "${e.database}" (${e.message}); conceda-os ou use outro PG_USER`,
  schemaUnfit: (e: { database: string; message: string }) =>
    `as tabelas do banco "${e.database}" não são as que o simulador espera (${e.message}); rode \`init-db\` ou use outro PG_DATABASE`,
  tablesGone: (e: { database: string; tables: string }) =>
    `tabelas do banco "${e.database}" foram apagadas ou refeitas durante a execução (${e.tables})`,
  serverFailed: (e: { where: string; message: string; sqlstate: string }) =>
    `o servidor em ${e.where} não está em condições de trabalhar: ${e.message} (${e.sqlstate}); tente de novo quando ele estiver`,
  rowsRefused: (e: { database: string; message: string; sqlstate: string }) =>
    `o banco "${e.database}" recusa os registros: ${e.message} (${e.sqlstate}); confira restrições e gatilhos das tabelas`,
  nothingWritten: (e: { database: string }) =>
    `o banco "${e.database}" aceita as instruções, mas não grava nenhum registro; confira os gatilhos das tabelas`,
  triggerRefuses: (e: { database: string; sqlstate: string }) =>
    `um gatilho ou uma função do banco "${e.database}" recusa os registros (${e.sqlstate}); confira os gatilhos das tabelas`,
  failed: (e: { where: string; message: string }) =>
    `não foi possível trabalhar com o servidor em ${e.where}: ${e.message}`,
  unexpected: (e: { message: string }) => `erro inesperado do programa: ${e.message}`,
  tlsMissing: (e: { where: string; mode: string }) =>
    `o servidor em ${e.where} não oferece TLS e sslmode=${e.mode} o exige; ative ssl no servidor ou use PG_SSLMODE=prefer`,
  tlsRefused: (e: { where: string; message: string; mode: string }) =>
    `a conexão TLS com ${e.where} falhou com sslmode=${e.mode} (${e.message}); confira PG_SSLROOTCERT, o certificado do servidor e o nome em PG_HOST`,
  tlsRootMissing: (e: { mode: string; file: string }) =>
    `sslmode=${e.mode} precisa do certificado da autoridade, mas ${e.file} não existe; indique-o em PG_SSLROOTCERT`,
  tlsFileUnreadable: (e: { file: string; code: string }) =>
    `o arquivo ${e.file} (certificado ou chave TLS) não pôde ser lido (${e.code}); corrija o caminho ou as permissões`,
  tooOld: (e: { where: string; version: string }) =>
    `o servidor em ${e.where} é PostgreSQL ${e.version}; o simulador precisa da versão 14 ou mais nova`,
  readOnly: (e: { where: string }) =>
    `o servidor em ${e.where} só aceita leitura (réplica, ou default_transaction_read_only); aponte PG_HOST para o primário`,
  schemaMissing: (e: { database: string }) =>
    `o banco "${e.database}" ainda não tem as tabelas do simulador; rode \`init-db\` antes`,
  schemaIncomplete: (e: { database: string; problems: string }) =>
    `o banco "${e.database}" tem só parte das tabelas (${e.problems}); rode \`init-db\` para completá-las`,
  schemaDiffers: (e: { database: string; problems: string }) =>
    `o banco "${e.database}" tem tabelas de outra forma (${e.problems}); use outro PG_DATABASE ou ajuste as tabelas`,
  tableMissing: (e: { table: string }) => `a tabela ${e.table} não existe`,
  notATable: (e: { table: string }) => `${e.table} não é uma tabela`,
  noSequence: (e: { table: string }) => `${e.table}.id não tem sequência (BIGSERIAL)`,
  columnMissing: (e: { table: string; column: string }) =>
    `a coluna ${e.table}.${e.column} não existe`,
  columnType: (e: { table: string; column: string; found: string; expected: string }) =>
    `a coluna ${e.table}.${e.column} é ${e.found}, e não ${e.expected}`,
  columnDemands: (e: { table: string; column: string }) =>
    `a coluna ${e.table}.${e.column} exige um valor que o simulador não conhece`,
  cannotCreate: (e: { user: string; database: string; message: string }) =>
    `o usuário "${e.user}" não pode criar as tabelas no banco "${e.database}" (${e.message}); conceda CREATE no esquema ou corrija PG_USER e PG_SEARCH_PATH`,
  rowsHidden: (e: HiddenRows) => {
    const tables = e.tables.map(({ table, policies }) =>
      policies.length === 0
        ? `${table} (segurança em nível de linha sem nenhuma política)`
        : `${table} (segurança em nível de linha, política ${policies.join(', ')})`,
    );
    const owner = e.forced ? '' : 'o dono das tabelas ou com ';
    return `o papel "${e.role}" não vê todos os registros de ${tables.join(' e de ')}; conecte-se com ${owner}um papel que tenha BYPASSRLS`;
  },

  embedded: (event: EmbeddedEvent): string => {
    switch (event.kind) {
      case 'moved':
        return `o usuário "${event.user}", com que o PostgreSQL embutido roda, não alcança ${event.from}; os dados ficam em ${event.to}`;
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
        return `o PostgreSQL embutido em ${event.dir} segue no ar: outro comando o usa`;
      case 'stopped':
        return `PostgreSQL embutido parado (dados em ${event.dir})`;
    }
  },
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
    `o usuário "${e.user}", com que o PostgreSQL embutido roda, não alcança ${e.dir}; indique em PG_EMBEDDED_DIR uma pasta que ele alcance, ou não indique nenhuma`,
  embeddedDirUnmakeable: (e: { dir: string; code: string }) =>
    `não foi possível criar a pasta ${e.dir} (${e.code}); indique outra em PG_EMBEDDED_DIR`,
  embeddedDirForeign: (e: { dir: string; user: string }) =>
    `a pasta de dados ${e.dir} pertence ao usuário "${e.user}"; rode o comando como ele (ou como root, se foi root que a criou) ou indique outra em PG_EMBEDDED_DIR`,
  embeddedOtherVersion: (e: { dir: string; found: number; needed: number }) =>
    `a pasta ${e.dir} contém dados do PostgreSQL ${e.found}, e o embutido é o ${e.needed}; apague-a ou indique outra em PG_EMBEDDED_DIR`,
  embeddedNotData: (e: { dir: string }) =>
    `${e.dir} já contém outra coisa que não dados do PostgreSQL; esvazie a pasta ou indique em PG_EMBEDDED_DIR uma nova`,
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
