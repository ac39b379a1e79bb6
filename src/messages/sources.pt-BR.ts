import { listed } from './list.js';

/** Where change events come from: slots, publications, the HTTP receiver and Kafka, in Brazilian Portuguese. */
export const sourcesPtBR = {
  slotExists: (e: { slot: string; where: string }) =>
    `o servidor em ${e.where} já tem um slot de replicação "${e.slot}"; use outro nome, leia-o sem --create-slot, ou remova-o com pg_drop_replication_slot se ninguém o utiliza`,
  slotInUse: (e: { slot: string; where: string; message: string }) =>
    `o slot de replicação "${e.slot}" no servidor em ${e.where} está em uso por outro consumidor (${e.message}); encerre esse consumidor ou use outro slot`,
  slotOtherPlugin: (e: { slot: string; where: string; plugin: string }) =>
    `o slot de replicação "${e.slot}" no servidor em ${e.where} decodifica com ${e.plugin}, e aqui só se pode ler pgoutput; indique um slot pgoutput, ou use --create-slot com um nome novo (um slot não troca de plugin)`,
  slotPhysical: (e: { slot: string; where: string }) =>
    `o slot de replicação "${e.slot}" no servidor em ${e.where} é físico, para um standby ou backup, e não decodifica; indique um slot lógico (pgoutput), ou use --create-slot com um nome novo`,
  slotMoved: (e: { slot: string; where: string; from: string; to: string }) =>
    `o slot de replicação "${e.slot}" no servidor em ${e.where} foi avançado ou recriado por outro consumidor enquanto a conexão estava perdida (de ${e.from} para ${e.to}), e as alterações entre os dois não puderam ser lidas; repita a verificação com um slot que nenhum outro consumidor use`,
  otherServer: (e: { slot: string; where: string }) =>
    `o servidor em ${e.where} não é mais aquele em que o slot de replicação "${e.slot}" foi aberto; corrija o endereço e repita a verificação`,
  temporarySlotLost: (e: { slot: string; where: string; message: string }) =>
    `a conexão do slot de replicação temporário "${e.slot}" foi perdida, e com ela o slot (${e.message}); repita a verificação, ou crie um slot permanente no servidor em ${e.where} e leia-o sem --create-slot`,
  unreadable: (e: { slot: string; where: string; message: string }) =>
    `o slot de replicação "${e.slot}" no servidor em ${e.where} entregou dados que não são uma mensagem do pgoutput (${e.message}); confira se o plugin do slot é o pgoutput`,
  preparedBefore: (e: { slot: string; where: string; gid: string }) =>
    `o slot de replicação "${e.slot}" do servidor em ${e.where} entrega o COMMIT PREPARED de "${e.gid}" sem as alterações: outro consumidor as recebeu no PREPARE TRANSACTION; verifique de novo com um slot novo`,
  noTemporaryFile: (e: { folder: string; reason: string }) =>
    `uma transação não terminada não pôde ser guardada em um arquivo temporário em ${e.folder} (${e.reason}); libere espaço ali ou indique outra pasta em TMPDIR`,
  noPublication: (e: { database: string; tables: string }) =>
    `nenhuma publicação do banco "${e.database}" contém tabelas do hospital; crie uma (CREATE PUBLICATION cdc FOR TABLE ${e.tables}), indique uma com --publication, ou use --create-slot`,
  publicationExists: (e: { publication: string; database: string }) =>
    `o banco "${e.database}" já tem uma publicação "${e.publication}" que difere da que --create-slot precisa; use outro nome, ou remova-a (DROP PUBLICATION) se ninguém a utiliza`,
  tablesMissing: (e: { database: string; searchPath: string; tables: string }) =>
    `faltam tabelas do hospital no banco "${e.database}", search_path ${e.searchPath} (${e.tables}), e --create-slot publica todas; rode \`init-db\` antes ou corrija PG_SEARCH_PATH`,
  addressWrong: (e: { text: string }) =>
    `"${e.text}" não é um endereço para receber eventos; escreva http://127.0.0.1:PORTA/caminho, com um endereço IP (ou localhost) e uma porta de 1 a 65535`,
  portTaken: (e: { at: string; port: number }) =>
    `não é possível receber eventos em ${e.at}: outro programa usa a porta ${e.port}; encerre-o ou indique outra porta`,
  noListen: (e: { at: string; code: string }) =>
    `não é possível receber eventos em ${e.at} (${e.code}); indique um endereço desta máquina e uma porta que este usuário possa usar`,
  kafkaUnreachable: (e: { where: string; message: string }) =>
    `o Kafka em ${e.where} não responde (${e.message}); confira se o broker está no ar, se o endereço está certo e se os advertised listeners dele são alcançáveis a partir desta máquina`,
  kafkaWantsTls: (e: { where: string; setting: string; wanted: string }) =>
    `o Kafka em ${e.where} exige TLS nesta porta, mas a conexão foi em texto puro; defina ${e.setting} como ${e.wanted} (e KAFKA_SSL_CA como o certificado da autoridade dele), ou use uma porta sem TLS`,
  kafkaNoTls: (e: { where: string; setting: string; protocol: string; wanted: string }) =>
    `o Kafka em ${e.where} não tem TLS nesta porta, mas ${e.setting} é ${e.protocol}; use a porta com TLS, ou defina ${e.wanted}`,
  kafkaCertificate: (e: { where: string; message: string; ca: string; named: boolean }) =>
    `o certificado do Kafka em ${e.where} foi recusado (${e.message}); ${e.named ? `corrija ${e.ca}` : `indique o arquivo da autoridade em ${e.ca}`}, o nome do host, ou o certificado do broker`,
  kafkaWantsCertificate: (e: { where: string; message: string; settings: readonly string[] }) =>
    `o Kafka em ${e.where} exige um certificado do cliente (${e.message}); indique o certificado e a chave em ${listed(e.settings, 'e')}`,
  kafkaCertificateRefused: (e: { where: string; message: string; settings: readonly string[] }) =>
    `o Kafka em ${e.where} recusa o certificado do cliente (${e.message}); corrija ${listed(e.settings, 'e')}, ou faça o broker confiar na autoridade dele`,
  kafkaHandshake: (e: { where: string; message: string; settings: readonly string[] }) =>
    `a negociação TLS com o Kafka em ${e.where} falhou (${e.message}); confira quais versões de TLS e quais cifras o broker aceita, e se ele exige um certificado do cliente (${listed(e.settings, 'e')})`,
  kafkaWantsLogin: (e: {
    where: string;
    setting: string;
    wanted: string;
    offered: readonly string[];
  }) =>
    `o Kafka em ${e.where} exige login por SASL, mas nenhum foi configurado; defina ${e.setting} como ${e.wanted}, KAFKA_SASL_MECHANISM como ${e.offered.length === 0 ? 'um dos mecanismos do broker' : listed(e.offered, 'ou')}, e KAFKA_SASL_USERNAME e KAFKA_SASL_PASSWORD`,
  kafkaNoLogin: (e: { where: string; setting: string; protocol: string; wanted: string }) =>
    `o Kafka em ${e.where} não tem SASL nesta porta, mas ${e.setting} é ${e.protocol}; use a porta com SASL, ou defina ${e.wanted}`,
  kafkaMechanism: (e: {
    where: string;
    mechanism: string;
    offered: readonly string[];
    setting: string;
  }) =>
    `o Kafka em ${e.where} não oferece o mecanismo SASL ${e.mechanism} (oferece ${e.offered.length === 0 ? 'nenhum' : e.offered.join(', ')}); corrija ${e.setting}, ou habilite-o em sasl.enabled.mechanisms do broker`,
  kafkaLoginRefused: (e: { where: string; user: string; settings: readonly string[] }) =>
    `o Kafka em ${e.where} recusa o usuário "${e.user}" ou a senha; corrija ${listed(e.settings, 'ou')}`,
  kafkaUnproven: (e: { where: string; message: string }) =>
    `o Kafka em ${e.where} não provou por SCRAM que conhece a senha (${e.message}); confira se o endereço é o do broker`,
  kafkaTopicForbidden: (e: { where: string; topic: string; user: string }) =>
    `o Kafka em ${e.where} não deixa ${e.user === '' ? 'este cliente' : `o usuário "${e.user}"`} ler o tópico "${e.topic}"; conceda a permissão (ACL) READ sobre ele`,
  kafkaForbidden: (e: { where: string; user: string; message: string }) =>
    `o Kafka em ${e.where} não deixa ${e.user === '' ? 'este cliente' : `o usuário "${e.user}"`} ler (${e.message}); conceda as permissões (ACLs) DESCRIBE e READ sobre os tópicos`,
  kafkaNoTopic: (e: { where: string; prefix: string; user: string | null }) =>
    `o Kafka em ${e.where} não tem tópico que comece com "${e.prefix}"${e.user === null ? '' : `, ou o esconde do usuário "${e.user}"`}; corrija o prefixo (o topic.prefix do Debezium)${e.user === null ? '' : ', conceda as permissões (ACLs) DESCRIBE e READ'}, ou espere o conector escrever o primeiro evento`,
  kafkaOtherTopics: (e: { where: string; topic: string }) =>
    `os tópicos do Kafka em ${e.where} mudaram durante a leitura: "${e.topic}" foi criado, removido ou recebeu mais partições; repita a verificação, que lê tudo desde o começo`,
  kafkaCut: (e: { where: string }) =>
    `registros do Kafka em ${e.where} foram apagados antes de serem lidos; mantenha-os por mais tempo (retention.ms, retention.bytes) e repita a verificação com uma nova execução`,
  kafkaRefused: (e: { where: string; message: string }) =>
    `não é possível ler do Kafka em ${e.where} (${e.message}); confira a versão do broker, as permissões sobre os tópicos e a compressão dos registros`,
  /** A file of events, or standard input. */
  file: {
    missing: (e: { path: string }) =>
      `o arquivo de eventos ${e.path} não existe; corrija o caminho, ou inicie \`verify next\` antes da execução se ele ainda vai ser criado`,
    unreadable: (e: { path: string; code: string }) =>
      `não foi possível ler os eventos de ${e.path} (${e.code}); corrija o caminho ou as permissões`,
    truncated: (e: { path: string }) =>
      `o arquivo de eventos ${e.path} foi truncado ou reescrito durante a leitura; faça o pipeline apenas acrescentar a ele, e repita a verificação`,
    replaced: (e: { path: string }) =>
      `o arquivo de eventos ${e.path} foi removido ou substituído durante a leitura; desligue a rotação e repita a verificação`,
    gzipCutOff: (e: { path: string }) =>
      `os dados gzip de ${e.path} estão incompletos; espere até que terminem de ser gravados, ou obtenha-os de novo`,
    gzipBroken: (e: { path: string }) =>
      `os dados gzip de ${e.path} estão danificados; obtenha-os de novo`,
  },
};
