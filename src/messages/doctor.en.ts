import type { CheckName } from '../doctor/finding.js';
import type { Fix } from '../doctor/fix.js';
import type { doctorPtBR } from './doctor.pt-BR.js';

const plural = (count: number, one: string): string =>
  `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;

const checks = {
  tables: () => 'tables',
  primary_keys: () => 'primary keys',
  natural_keys: () => 'natural keys are unique',
  foreign_keys: () => 'foreign keys',
  timestamps: () => 'created_at, updated_at and their trigger',
  triggers: () => 'triggers, rules and cascades',
  generated_columns: () => 'generated columns',
  row_security: () => 'row-level security',
  recovery: () => 'primary or standby',
  wal_level: () => 'wal_level is logical',
  replication_role: () => 'role may replicate',
  replication_slots: () => 'a slot is free',
  wal_senders: () => 'a WAL sender is free',
  replication_connection: () => 'a replication connection succeeds',
  publication: () => 'publication',
  publication_rights: () => 'rights to make a publication',
  replica_identity: () => 'replica identity',
  toast: () => 'values stored out of line (TOAST)',
  unlogged: () => 'tables are logged',
  slots: () => 'replication slots',
  slot_limits: () => 'limits of slots',
  synchronous_standbys: () => 'synchronous standbys are connected',
  transactions: () => 'open and prepared transactions',
  durability: () => 'acknowledged commits are durable',
  clock: () => 'clocks agree',
  encoding: () => 'encoding',
  value_formats: () => 'values are printed whole',
} satisfies Record<CheckName, () => string>;

const run = ({ statement, by }: Fix): string => {
  if (by === null) return `run: ${statement}`;
  const runner = {
    primary: () => 'on the primary',
    superuser: () => 'as a superuser',
    role: (role: string) => `as ${role} or a superuser`,
  };
  return `${by.kind === 'role' ? runner.role(by.role) : runner[by.kind]()}: ${statement}`;
};

export const doctorEn: typeof doctorPtBR = {
  profiles: (profile) =>
    ({
      compatible: 'CDC-compatible: the modelling',
      ready: 'CDC-ready: the server, for a consumer by logical decoding',
    })[profile],
  states: (state) =>
    ({ ok: 'ok', info: 'info', warn: 'WARN', fail: 'FAIL', not_visible: 'not visible' })[state],
  checks,
  fixes: () => 'To fix it:',
  verdict: (e) =>
    [
      e.failed > 0
        ? `Not ready for CDC: ${e.failed} of ${plural(e.checks, 'check')} failed (${e.names.join(', ')})`
        : `Ready for CDC: none of ${plural(e.checks, 'check')} failed`,
      ...(e.warnings > 0 ? [plural(e.warnings, 'warning')] : []),
      ...(e.notVisible > 0 ? [`${e.notVisible} not visible`] : []),
    ].join(', '),
  advice: {
    run,
    after: (e) => `first fix: ${checks[e.check]()}`,
    restart: () => 'then restart the server',
    setElsewhere: (e) =>
      `set ${e.name} = ${e.value} where the server gets it from (${e.place}), since ALTER SYSTEM would have no effect; then restart the server`,
    otherShape: () =>
      'change these tables by hand, or point PG_SEARCH_PATH or PG_DATABASE elsewhere: init-db does not alter existing tables',
    noSchema: () => 'no schema of the search_path exists; create one or correct PG_SEARCH_PATH',
    constraintImpossible: () =>
      'this table cannot have the constraint at present: the column or the referenced key is missing, the referenced table is unlogged, or its partition key is not part of the constraint',
    contradicted: (e) =>
      `rows contradict the constraint; find them with ${e.query} and then run ${e.statement}`,
    rules: () =>
      'stream does not write to tables with rules: use triggers instead, or disable the rules',
    rowTriggers: () =>
      'these triggers may change or drop rows before they are stored; the ledger records what was stored',
    generatedUnpublished: () =>
      'generated columns are not published before PostgreSQL 18, and from 18 on only with publish_generated_columns = stored',
    identityListed: (e) =>
      `${e.relation}: with another replica identity UPDATE would fail, because a publication has a row filter or column list for it; first fix: ${checks.publication()}`,
    identityGenerated: (e) =>
      `${e.relation}: with REPLICA IDENTITY FULL UPDATE would fail, because its generated columns are not published`,
    identityKeyless: (e) => `${e.relation}: give it a primary key with ${e.key}`,
    hiddenRows: () =>
      'policies hide rows from this role: a snapshot is incomplete; logical decoding sees all rows',
    standbyTooOld: () =>
      'logical decoding on a standby exists from PostgreSQL 16 on; connect to the primary',
    primaryUnseen: () =>
      'the primary cannot be seen from here: wal_level must be logical there, and publications and tables are changed there; a new slot waits for it: SELECT pg_log_standby_snapshot() on the primary',
    noReceiver: () => 'this standby receives no WAL: check primary_conninfo and the primary',
    noFeedback: () =>
      'without hot_standby_feedback the primary removes catalog rows that the slot needs, and the slot is invalidated',
    feedbackUnslotted: () =>
      'without primary_slot_name, hot_standby_feedback does not protect slots while the connection to the primary is down: create a physical slot there',
    commitWaits: () =>
      'every COMMIT waits forever for a standby that is not connected: connect it, or remove it from synchronous_standby_names',
    decodingWaits: (e) =>
      `slots with failover deliver nothing until these physical slots are active: ${e.slots} (synchronized_standby_slots)`,
    password: (e) => `then give the role ${e.role} a password: \\password in psql`,
    prepared: (e) =>
      `the creation of a slot waits for it: COMMIT PREPARED ${e.gid} or ROLLBACK PREPARED ${e.gid}, in the database ${e.database}; ask whoever prepared it which`,
    longTransaction: (e) =>
      `the creation of a slot waits for it: end it, or SELECT pg_terminate_backend(${e.pid})`,
    clocks: () => 'synchronize the clocks of the two machines by NTP (chrony, systemd-timesyncd)',
    encoding: () =>
      "a database keeps its encoding: create another with ENCODING 'UTF8' TEMPLATE template0",
    valuesSpoiled: () =>
      'consumers get values as their session prints them: Debezium then delivers intervals as 0 (IntervalStyle), rounded floats (extra_float_digits) and other bytes (bytea_output); restart the consumer after the fix',
    onlyOwnConnection: (e) =>
      `doctor can connect only as ${e.user}; run it with PG_USER=${e.role} to find out`,
    hostEntry: (e) => `add to pg_hba.conf and reload it: ${e.line}`,
    slotPhysical: (e) =>
      `slot ${e.name} is physical, for a standby or a backup, and does not decode; choose another name with --slot`,
    slotElsewhere: (e) =>
      `slot ${e.name} belongs to the database ${e.database}, and names count for the whole server; connect to that database or choose another name with --slot`,
    slotPlugin: (e) =>
      `slot ${e.name} decodes with ${e.plugin}, not ${e.expected}, and a slot keeps its plugin; choose another name with --slot`,
    slotSynced: (e) =>
      `slot ${e.name} is a copy of the primary's slot: usable only after promotion`,
    slotInvalid: (e) =>
      `slot ${e.name} was invalidated and delivers nothing any more; its consumer needs a new one`,
    slotRestart: (e) =>
      `changes committed since slot ${e.name} was lost will not be delivered: its consumer needs a new snapshot`,
    slotUnreserved: (e) =>
      `slot ${e.name} is lost at the next checkpoint: start its consumer now, or raise max_slot_wal_keep_size`,
    slotBehind: (e) =>
      `the consumer of slot ${e.name} is connected and does not acknowledge: it is late, or its tables are idle and it needs a heartbeat`,
    slotAbandoned: (e) =>
      `start the consumer of slot ${e.name}; if it no longer exists: ${e.statement}`,
    slotName: (e) =>
      `"${e.name}" cannot be the name of a slot: up to 63 lower-case letters, digits and _`,
    widening: (e) =>
      `if publication ${e.publication} published more operations, UPDATE or DELETE would fail on ${e.tables} (no replica identity, or a row filter or column list); fix that first, or use another publication for these tables`,
    rooting: (e) =>
      `publish_via_partition_root would also change the name under which publication ${e.publication} publishes ${e.tables}; use another publication for these tables`,
    ownerPublishes: (e) =>
      `it also works without these rights if ${e.owners} creates the publication and the connector does not try to (publication.autocreate.mode=disabled)`,
  },
};
