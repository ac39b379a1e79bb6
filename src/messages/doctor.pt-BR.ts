import type { CheckName, DoctorProfile, FindingState } from '../doctor/finding.js';
import type { Fix } from '../doctor/fix.js';

const checks = {
  tables: () => 'tabelas',
  primary_keys: () => 'chaves primárias',
  natural_keys: () => 'chaves naturais são únicas',
  foreign_keys: () => 'chaves estrangeiras',
  timestamps: () => 'created_at, updated_at e seu trigger',
  triggers: () => 'triggers, rules e cascatas',
  generated_columns: () => 'colunas geradas',
  row_security: () => 'segurança em nível de linha (RLS)',
  recovery: () => 'primário ou standby',
  wal_level: () => 'wal_level é logical',
  replication_role: () => 'a role pode replicar',
  replication_slots: () => 'há um slot livre',
  wal_senders: () => 'há um WAL sender livre',
  replication_connection: () => 'uma conexão de replicação funciona',
  publication: () => 'publicação',
  publication_rights: () => 'direito de criar uma publicação',
  replica_identity: () => 'replica identity',
  toast: () => 'valores grandes guardados à parte (TOAST)',
  unlogged: () => 'nenhuma tabela é UNLOGGED',
  slots: () => 'slots de replicação',
  slot_limits: () => 'limites dos slots',
  synchronous_standbys: () => 'standbys síncronos conectados',
  transactions: () => 'transações abertas e preparadas',
  durability: () => 'commits confirmados são duráveis',
  clock: () => 'relógios sincronizados',
  encoding: () => 'codificação',
  value_formats: () => 'os valores são impressos por inteiro',
} satisfies Record<CheckName, () => string>;

const run = ({ statement, by }: Fix): string => {
  if (by === null) return `rode: ${statement}`;
  const runner = {
    primary: () => 'no primário',
    superuser: () => 'como superusuário',
    role: (role: string) => `como ${role} ou superusuário`,
  };
  return `${by.kind === 'role' ? runner.role(by.role) : runner[by.kind]()}: ${statement}`;
};

export const doctorPtBR = {
  profiles: (profile: DoctorProfile) =>
    ({
      compatible: 'Compatível com CDC: a modelagem',
      ready: 'Pronto para CDC: o servidor, para um consumidor por decodificação lógica',
    })[profile],
  states: (state: FindingState) =>
    ({ ok: 'ok', info: 'info', warn: 'AVISO', fail: 'FALHA', not_visible: 'não visível' })[state],
  checks,
  fixes: () => 'Para corrigir:',
  /** `names`: of checks that failed; the first few. */
  verdict: (e: {
    checks: number;
    failed: number;
    names: readonly string[];
    warnings: number;
    notVisible: number;
  }) =>
    [
      e.failed > 0
        ? `Não está pronto para CDC: ${e.failed} de ${e.checks} verificações ${e.failed === 1 ? 'falhou' : 'falharam'} (${e.names.join(', ')})`
        : `Pronto para CDC: nenhuma de ${e.checks} verificações falhou`,
      ...(e.warnings > 0 ? [`${e.warnings} ${e.warnings === 1 ? 'aviso' : 'avisos'}`] : []),
      ...(e.notVisible > 0
        ? [`${e.notVisible} ${e.notVisible === 1 ? 'não visível' : 'não visíveis'}`]
        : []),
    ].join(', '),
  advice: {
    run,
    after: (e: { check: CheckName }) => `primeiro corrija: ${checks[e.check]()}`,
    restart: () => 'depois reinicie o servidor',
    setElsewhere: (e: { name: string; value: string; place: string }) =>
      `defina ${e.name} = ${e.value} onde o servidor o recebe (${e.place}), pois ALTER SYSTEM não teria efeito; depois reinicie o servidor`,
    otherShape: () =>
      'altere essas tabelas à mão, ou aponte PG_SEARCH_PATH ou PG_DATABASE para outro lugar: init-db não altera tabelas que já existem',
    noSchema: () => 'nenhum esquema do search_path existe; crie um ou corrija PG_SEARCH_PATH',
    constraintImpossible: () =>
      'esta tabela não aceita a restrição no momento: falta a coluna ou a chave referenciada, a tabela referenciada é UNLOGGED, ou a chave de partição não faz parte da restrição',
    contradicted: (e: { query: string; statement: string }) =>
      `há registros que contradizem a restrição; encontre-os com ${e.query} e depois rode ${e.statement}`,
    rules: () => 'stream não escreve em tabelas com rules: troque-as por triggers ou desative-as',
    rowTriggers: () =>
      'estes triggers podem alterar ou descartar registros antes da gravação; o ledger registra o que foi gravado',
    generatedUnpublished: () =>
      'colunas geradas não são publicadas antes do PostgreSQL 18, e a partir dele só com publish_generated_columns = stored',
    identityListed: (e: { relation: string }) =>
      `${e.relation}: com outra replica identity, UPDATE falharia, pois uma publicação tem um filtro ou uma lista de colunas para ela; primeiro corrija: ${checks.publication()}`,
    identityGenerated: (e: { relation: string }) =>
      `${e.relation}: com REPLICA IDENTITY FULL, UPDATE falharia, pois suas colunas geradas não são publicadas`,
    identityKeyless: (e: { relation: string; key: string }) =>
      `${e.relation}: dê a ela uma chave primária com ${e.key}`,
    hiddenRows: () =>
      'as políticas escondem registros desta role: um snapshot fica incompleto; a decodificação lógica vê todos',
    standbyTooOld: () =>
      'a decodificação lógica em um standby existe a partir do PostgreSQL 16; conecte-se ao primário',
    primaryUnseen: () =>
      'daqui não se vê o primário: lá wal_level precisa ser logical, e lá se alteram publicações e tabelas; um slot novo espera por ele: SELECT pg_log_standby_snapshot() no primário',
    noReceiver: () =>
      'este standby não está recebendo WAL: verifique primary_conninfo e o primário',
    noFeedback: () =>
      'sem hot_standby_feedback o primário remove linhas do catálogo de que o slot precisa, e o slot é invalidado',
    feedbackUnslotted: () =>
      'sem primary_slot_name, hot_standby_feedback não protege os slots enquanto a conexão com o primário está caída: crie um slot físico lá',
    commitWaits: () =>
      'todo COMMIT espera para sempre por um standby que não está conectado: conecte-o, ou retire-o de synchronous_standby_names',
    decodingWaits: (e: { slots: string }) =>
      `slots com failover não entregam nada enquanto estes slots físicos não estiverem ativos: ${e.slots} (synchronized_standby_slots)`,
    password: (e: { role: string }) => `depois dê uma senha à role ${e.role}: \\password no psql`,
    prepared: (e: { gid: string; database: string }) =>
      `a criação de um slot espera por ela: COMMIT PREPARED ${e.gid} ou ROLLBACK PREPARED ${e.gid}, no banco ${e.database}; pergunte a quem a preparou qual dos dois`,
    longTransaction: (e: { pid: number }) =>
      `a criação de um slot espera por ela: termine-a, ou SELECT pg_terminate_backend(${e.pid})`,
    clocks: () => 'sincronize os relógios das duas máquinas por NTP (chrony, systemd-timesyncd)',
    encoding: () =>
      "a codificação de um banco não muda: crie outro com ENCODING 'UTF8' TEMPLATE template0",
    valuesSpoiled: () =>
      'os consumidores recebem os valores como a sessão deles os imprime: o Debezium entrega então intervalos como 0 (IntervalStyle), floats arredondados (extra_float_digits) e outros bytes (bytea_output); reinicie o consumidor depois da correção',
    onlyOwnConnection: (e: { user: string; role: string }) =>
      `doctor só pode se conectar como ${e.user}; rode-o com PG_USER=${e.role} para saber`,
    hostEntry: (e: { line: string }) => `acrescente ao pg_hba.conf e recarregue-o: ${e.line}`,
    slotPhysical: (e: { name: string }) =>
      `o slot ${e.name} é físico, para um standby ou backup, e não decodifica; escolha outro nome com --slot`,
    slotElsewhere: (e: { name: string; database: string }) =>
      `o slot ${e.name} é do banco ${e.database}, e os nomes valem para o servidor todo; conecte-se àquele banco ou escolha outro nome com --slot`,
    slotPlugin: (e: { name: string; plugin: string; expected: string }) =>
      `o slot ${e.name} decodifica com ${e.plugin}, não com ${e.expected}, e o plugin de um slot não muda; escolha outro nome com --slot`,
    slotSynced: (e: { name: string }) =>
      `o slot ${e.name} é uma cópia do slot do primário: serve só depois da promoção`,
    slotInvalid: (e: { name: string }) =>
      `o slot ${e.name} foi invalidado e não entrega mais nada; o consumidor precisa de um novo`,
    slotRestart: (e: { name: string }) =>
      `as alterações confirmadas desde que o slot ${e.name} se perdeu não serão entregues: o consumidor precisa de um novo snapshot`,
    slotUnreserved: (e: { name: string }) =>
      `o slot ${e.name} se perde no próximo checkpoint: inicie já o consumidor dele, ou aumente max_slot_wal_keep_size`,
    slotBehind: (e: { name: string }) =>
      `o consumidor do slot ${e.name} está conectado e não confirma: está atrasado, ou suas tabelas estão paradas e ele precisa de um heartbeat`,
    slotAbandoned: (e: { name: string; statement: string }) =>
      `inicie o consumidor do slot ${e.name}; se ele não existe mais: ${e.statement}`,
    slotName: (e: { name: string }) =>
      `"${e.name}" não pode ser nome de slot: até 63 letras minúsculas, algarismos e _`,
    widening: (e: { publication: string; tables: string }) =>
      `se a publicação ${e.publication} publicasse mais operações, UPDATE ou DELETE falhariam em ${e.tables} (sem replica identity, ou com filtro ou lista de colunas); corrija isso primeiro, ou use outra publicação para estas tabelas`,
    rooting: (e: { publication: string; tables: string }) =>
      `publish_via_partition_root mudaria também o nome com que a publicação ${e.publication} publica ${e.tables}; use outra publicação para estas tabelas`,
    ownerPublishes: (e: { owners: string }) =>
      `sem esses direitos também funciona se ${e.owners} criar a publicação e o conector não tentar (publication.autocreate.mode=disabled)`,
  },
};
