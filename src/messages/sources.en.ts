import { listed } from './list.js';
import type { sourcesPtBR } from './sources.pt-BR.js';

/** Where change events come from: slots, publications, the HTTP receiver and Kafka, in English. */
export const sourcesEn: typeof sourcesPtBR = {
  slotExists: (e) =>
    `the server at ${e.where} already has a replication slot "${e.slot}"; use another name, read it without --create-slot, or drop it with pg_drop_replication_slot if it is unused`,
  slotInUse: (e) =>
    `the replication slot "${e.slot}" at the server at ${e.where} is in use by another consumer (${e.message}); stop that consumer or use another slot`,
  slotOtherPlugin: (e) =>
    `the replication slot "${e.slot}" at the server at ${e.where} decodes with ${e.plugin}, and only pgoutput can be read here; name a pgoutput slot, or pass --create-slot with a new name (a slot keeps its plugin)`,
  slotPhysical: (e) =>
    `the replication slot "${e.slot}" at the server at ${e.where} is physical, for a standby or a backup, and does not decode; name a logical slot (pgoutput), or pass --create-slot with a new name`,
  slotMoved: (e) =>
    `the replication slot "${e.slot}" at the server at ${e.where} was advanced or created again by another consumer while the connection was lost (from ${e.from} to ${e.to}), and the changes in between could not be read; verify again with a slot that no other consumer uses`,
  otherServer: (e) =>
    `the server at ${e.where} is no longer the one where the replication slot "${e.slot}" was opened; correct the address and verify again`,
  temporarySlotLost: (e) =>
    `the connection of the temporary replication slot "${e.slot}" was lost, and the slot with it (${e.message}); verify again, or create a permanent slot at the server at ${e.where} and read it without --create-slot`,
  unreadable: (e) =>
    `the replication slot "${e.slot}" at the server at ${e.where} delivered data that is not a pgoutput message (${e.message}); check that the slot's plugin is pgoutput`,
  preparedBefore: (e) =>
    `the replication slot "${e.slot}" at the server at ${e.where} delivers COMMIT PREPARED of "${e.gid}" without its changes: another consumer received them at PREPARE TRANSACTION; verify again with a new slot`,
  noTemporaryFile: (e) =>
    `a transaction that is not finished cannot be kept in a temporary file in ${e.folder} (${e.reason}); free space there, or name another folder in TMPDIR`,
  noPublication: (e) =>
    `no publication of the database "${e.database}" has tables of the hospital; create one (CREATE PUBLICATION cdc FOR TABLE ${e.tables}), name one with --publication, or use --create-slot`,
  publicationExists: (e) =>
    `the database "${e.database}" already has a publication "${e.publication}" that differs from the one --create-slot needs; use another name, or remove it (DROP PUBLICATION) if it is unused`,
  tablesMissing: (e) =>
    `tables of the hospital are missing in the database "${e.database}", search_path ${e.searchPath} (${e.tables}), and --create-slot publishes all of them; run \`init-db\` first, or correct PG_SEARCH_PATH`,
  addressWrong: (e) =>
    `"${e.text}" is not an address to receive events at; write http://127.0.0.1:PORT/path, with an IP address (or localhost) and a port from 1 to 65535`,
  portTaken: (e) =>
    `events cannot be received at ${e.at}: another program uses port ${e.port}; stop it or name another port`,
  noListen: (e) =>
    `events cannot be received at ${e.at} (${e.code}); name an address of this machine and a port that this user may use`,
  kafkaUnreachable: (e) =>
    `Kafka at ${e.where} does not answer (${e.message}); check that the broker runs, that its address is right and that its advertised listeners can be reached from this machine`,
  kafkaWantsTls: (e) =>
    `Kafka at ${e.where} requires TLS on this port, but the connection was plaintext; set ${e.setting} to ${e.wanted} (and KAFKA_SSL_CA to the certificate of its authority), or use a plaintext port`,
  kafkaNoTls: (e) =>
    `Kafka at ${e.where} has no TLS on this port, but ${e.setting} is ${e.protocol}; use its TLS port, or set it to ${e.wanted}`,
  kafkaCertificate: (e) =>
    `the certificate of Kafka at ${e.where} is not trusted (${e.message}); ${e.named ? `correct ${e.ca}` : `name the authority's file in ${e.ca}`}, the host name, or the broker's certificate`,
  kafkaWantsCertificate: (e) =>
    `Kafka at ${e.where} requires a client certificate (${e.message}); name it and its key in ${listed(e.settings, 'and')}`,
  kafkaCertificateRefused: (e) =>
    `Kafka at ${e.where} refuses the client certificate (${e.message}); correct ${listed(e.settings, 'and')}, or let the broker trust its authority`,
  kafkaHandshake: (e) =>
    `the TLS handshake with Kafka at ${e.where} failed (${e.message}); check which TLS versions and ciphers the broker accepts, and whether it requires a client certificate (${listed(e.settings, 'and')})`,
  kafkaWantsLogin: (e) =>
    `Kafka at ${e.where} requires a login by SASL, but none is configured; set ${e.setting} to ${e.wanted}, KAFKA_SASL_MECHANISM to ${e.offered.length === 0 ? "one of the broker's mechanisms" : listed(e.offered, 'or')}, and KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`,
  kafkaNoLogin: (e) =>
    `Kafka at ${e.where} has no SASL on this port, but ${e.setting} is ${e.protocol}; use its port with SASL, or set it to ${e.wanted}`,
  kafkaMechanism: (e) =>
    `Kafka at ${e.where} does not offer the SASL mechanism ${e.mechanism} (it offers ${e.offered.length === 0 ? 'none' : e.offered.join(', ')}); correct ${e.setting}, or enable it in the broker's sasl.enabled.mechanisms`,
  kafkaLoginRefused: (e) =>
    `Kafka at ${e.where} refuses the user "${e.user}" or the password; correct ${listed(e.settings, 'or')}`,
  kafkaUnproven: (e) =>
    `Kafka at ${e.where} did not prove by SCRAM that it knows the password (${e.message}); check that the address is the broker's`,
  kafkaTopicForbidden: (e) =>
    `Kafka at ${e.where} does not let ${e.user === '' ? 'this client' : `the user "${e.user}"`} read the topic "${e.topic}"; grant the ACL READ on it`,
  kafkaForbidden: (e) =>
    `Kafka at ${e.where} does not let ${e.user === '' ? 'this client' : `the user "${e.user}"`} read (${e.message}); grant the ACLs DESCRIBE and READ on the topics`,
  kafkaNoTopic: (e) =>
    `Kafka at ${e.where} has no topic that begins with "${e.prefix}"${e.user === null ? '' : `, or hides it from the user "${e.user}"`}; correct the prefix (Debezium's topic.prefix)${e.user === null ? '' : ', grant the ACLs DESCRIBE and READ'}, or wait until the connector has written its first event`,
  kafkaOtherTopics: (e) =>
    `the topics of Kafka at ${e.where} changed while they were read: "${e.topic}" was created, deleted or given more partitions; verify again, which reads everything from the beginning`,
  kafkaCut: (e) =>
    `records of Kafka at ${e.where} were deleted before they could be read; keep them longer (retention.ms, retention.bytes) and verify again with a new run`,
  kafkaRefused: (e) =>
    `Kafka at ${e.where} cannot be read (${e.message}); check the version of the broker, the ACLs of its topics and the compression of its records`,
  /** A file of events, or standard input. */
  file: {
    missing: (e) =>
      `there is no file of events ${e.path}; correct the path, or start \`verify next\` before the run if the file does not exist yet`,
    unreadable: (e) =>
      `the events of ${e.path} cannot be read (${e.code}); correct the path or the permissions`,
    truncated: (e) =>
      `the file of events ${e.path} was truncated or rewritten while it was read; let the pipeline only append to it, and verify again`,
    replaced: (e) =>
      `the file of events ${e.path} was deleted or replaced while it was read; turn its rotation off, and verify again`,
    gzipCutOff: (e) =>
      `the gzip data of ${e.path} are cut off; wait until they are complete, or fetch them again`,
    gzipBroken: (e) => `the gzip data of ${e.path} are damaged; fetch them again`,
  },
};
