import type { CheckName, FindingState } from '../../../src/doctor/finding.js';
import { PARTITIONED_CONSULTAS } from '../../helpers/partitioned.js';

/** A fault of a database, the doctor's finding about it, and the finding after the fix. */
export interface Ailment {
  readonly check: CheckName;
  readonly state: FindingState;
  /** Statements that cause it. */
  readonly cause: string;
  readonly evidence?: RegExp;
  /** Must match one of the advice. */
  readonly advice?: RegExp;
  readonly asked?: {
    readonly publication?: string;
    readonly slot?: string;
    readonly role?: string;
  };
  /** Connect as this role, made by `cause`, with its name as password. */
  readonly as?: string;
  /** State after the fix, `ok` by default. Null: no fix is printed; a person must decide, or somebody else run it. */
  readonly after?: FindingState | null;
  /** Cause or fix changes a setting of the database, which only new sessions have. */
  readonly setting?: true;
  /** The first version that has it; by default all have it. */
  readonly since?: number;
}

const ALL = 'pacientes, medicos, convenios, pacientes_convenios, consultas, exames, internacoes';
const without = (table: string) => ALL.replace(`, ${table}`, '');
const FATURAS = 'CREATE TABLE faturas (id int PRIMARY KEY, valor int, nota int)';
const cdc = { publication: 'cdc' };

const MODELLING: readonly Ailment[] = [
  { check: 'tables', state: 'fail', cause: 'DROP TABLE exames, internacoes' },
  {
    check: 'tables',
    state: 'fail',
    cause: 'ALTER TABLE exames DROP COLUMN resultado; DROP TABLE internacoes',
    advice: /by hand/,
    after: null,
  },
  {
    check: 'primary_keys',
    state: 'fail',
    cause: 'ALTER TABLE exames DROP CONSTRAINT exames_pkey',
    evidence: /^exames$/,
  },
  {
    check: 'primary_keys',
    state: 'fail',
    cause: `DROP TABLE exames; CREATE TABLE exames (id bigserial, paciente_id bigint NOT NULL,
              tipo_exame varchar(100) NOT NULL, data timestamp NOT NULL, resultado varchar(200),
              created_at timestamp NOT NULL DEFAULT now(), updated_at timestamp NOT NULL DEFAULT now())
              PARTITION BY RANGE (data);
            CREATE TABLE exames_all PARTITION OF exames DEFAULT`,
  },
  {
    check: 'primary_keys',
    state: 'fail',
    cause: `ALTER TABLE convenios DROP CONSTRAINT convenios_pkey CASCADE; UPDATE convenios SET id = 1`,
    advice: /SELECT id FROM convenios GROUP BY id HAVING count/,
    after: null,
  },
  {
    check: 'natural_keys',
    state: 'warn',
    cause: 'ALTER TABLE pacientes DROP CONSTRAINT pacientes_cpf_key',
    evidence: /^pacientes\.cpf$/,
  },
  {
    check: 'natural_keys',
    state: 'warn',
    cause: `ALTER TABLE convenios DROP CONSTRAINT convenios_cnpj_key; UPDATE convenios SET cnpj = '1'`,
    advice: /GROUP BY cnpj/,
    after: null,
  },
  {
    check: 'foreign_keys',
    state: 'warn',
    cause: 'ALTER TABLE consultas DROP CONSTRAINT consultas_medico_id_fkey',
    evidence: /^consultas\.medico_id$/,
  },
  {
    check: 'foreign_keys',
    state: 'warn',
    cause: `ALTER TABLE consultas DROP CONSTRAINT consultas_medico_id_fkey,
              ADD CONSTRAINT "Odd" FOREIGN KEY (medico_id) REFERENCES medicos NOT VALID`,
  },
  {
    check: 'foreign_keys',
    state: 'warn',
    cause: `ALTER TABLE consultas DROP CONSTRAINT consultas_medico_id_fkey,
              ADD CONSTRAINT "Odd" FOREIGN KEY (medico_id) REFERENCES medicos NOT ENFORCED`,
    since: 18,
  },
  {
    check: 'foreign_keys',
    state: 'warn',
    cause: 'ALTER TABLE medicos DROP CONSTRAINT medicos_pkey CASCADE',
    advice: /referenced key is missing/,
    after: null,
  },
  { check: 'timestamps', state: 'warn', cause: 'DROP TRIGGER exames_updated_at ON exames' },
  {
    check: 'timestamps',
    state: 'warn',
    cause: 'ALTER TABLE exames DISABLE TRIGGER exames_updated_at',
  },
  {
    check: 'timestamps',
    state: 'warn',
    cause: 'ALTER TABLE exames DROP COLUMN created_at; DROP FUNCTION set_updated_at CASCADE',
    evidence: /exames: created_at, BEFORE UPDATE/,
  },
  {
    check: 'triggers',
    state: 'info',
    cause: `CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER audit AFTER INSERT ON exames FOR EACH ROW EXECUTE FUNCTION audit()`,
    evidence: /^exames\.audit \(after insert; row\)$/,
    after: null,
  },
  {
    check: 'triggers',
    state: 'warn',
    cause: 'CREATE RULE quiet AS ON UPDATE TO exames DO ALSO NOTHING',
    evidence: /^exames\.quiet \(rule\)$/,
    after: null,
  },
  {
    check: 'generated_columns',
    state: 'info',
    cause: `ALTER TABLE consultas ADD busca text GENERATED ALWAYS AS (lower(motivo)) STORED;
            CREATE PUBLICATION cdc FOR TABLE ${ALL}`,
    evidence: /^consultas\.busca \(stored\)$/,
    after: null,
  },
  {
    check: 'generated_columns',
    state: 'fail',
    cause: `ALTER TABLE consultas ADD busca int GENERATED ALWAYS AS (id + 1) STORED, REPLICA IDENTITY FULL;
            CREATE PUBLICATION cdc FOR TABLE ${ALL}`,
    evidence: /REPLICA IDENTITY FULL: consultas$/,
    after: 'info',
    since: 18,
  },
  {
    check: 'row_security',
    state: 'warn',
    cause: `CREATE ROLE reader LOGIN REPLICATION; ALTER TABLE exames ENABLE ROW LEVEL SECURITY;
            CREATE POLICY recent ON exames USING (id > 5)`,
    evidence: /^reader: exames \(recent\)$/,
    asked: { role: 'reader' },
    after: 'info',
  },
];

const IDENTITIES: readonly Ailment[] = [
  { check: 'unlogged', state: 'fail', cause: 'ALTER TABLE exames SET UNLOGGED' },
  {
    check: 'unlogged',
    state: 'fail',
    cause: ALL.split(', ')
      .reverse()
      .map((table) => `ALTER TABLE ${table} SET UNLOGGED`)
      .join('; '),
  },
  {
    check: 'replica_identity',
    state: 'fail',
    cause: 'ALTER TABLE exames DROP CONSTRAINT exames_pkey',
  },
  {
    check: 'replica_identity',
    state: 'fail',
    cause:
      'ALTER TABLE exames REPLICA IDENTITY USING INDEX exames_pkey; ALTER TABLE exames DROP CONSTRAINT exames_pkey',
  },
  {
    check: 'replica_identity',
    state: 'warn',
    cause: 'ALTER TABLE pacientes REPLICA IDENTITY USING INDEX pacientes_cpf_key',
    evidence: /^pacientes: pacientes_cpf_key without id$/,
  },
  {
    check: 'replica_identity',
    state: 'warn',
    cause: `ALTER TABLE exames DROP CONSTRAINT exames_pkey;
            ALTER TABLE exames ADD CONSTRAINT odd PRIMARY KEY (tipo_exame)`,
    evidence: /^exames: odd without id$/,
  },
  {
    check: 'replica_identity',
    state: 'fail',
    cause: `${PARTITIONED_CONSULTAS}; CREATE SCHEMA archive; ALTER TABLE consultas_p1 SET SCHEMA archive;
            ALTER TABLE archive.consultas_p1 REPLICA IDENTITY NOTHING`,
    evidence: /^archive\.consultas_p1$/,
  },
  {
    check: 'replica_identity',
    state: 'warn',
    cause: `ALTER TABLE pacientes REPLICA IDENTITY USING INDEX pacientes_cpf_key;
            CREATE PUBLICATION cdc FOR TABLE pacientes (cpf, nome)`,
    advice: /UPDATE would fail/,
    after: null,
    since: 15,
  },
  { check: 'toast', state: 'warn', cause: 'ALTER TABLE exames ADD COLUMN laudo text' },
  {
    check: 'toast',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; ALTER TABLE consultas ADD COLUMN laudo text`,
    evidence: /^consultas \(2 \/ 2 partitions\)$/,
  },
  {
    check: 'toast',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; ALTER TABLE consultas ADD COLUMN laudo text;
            DROP TABLE consultas_p1;
            CREATE TABLE consultas_p1 PARTITION OF consultas FOR VALUES WITH (MODULUS 4, REMAINDER 1);
            CREATE TABLE "Consultas, 'outras'" PARTITION OF consultas
              FOR VALUES WITH (MODULUS 4, REMAINDER 3);
            ALTER TABLE consultas_p1 REPLICA IDENTITY FULL`,
    evidence: /^consultas \(2 \/ 3 partitions\)$/,
  },
  {
    check: 'unlogged',
    state: 'fail',
    cause: `${PARTITIONED_CONSULTAS};
            ALTER TABLE consultas_p0 SET UNLOGGED; ALTER TABLE consultas_p1 SET UNLOGGED`,
    evidence: /^consultas \(2 \/ 2 partitions\)$/,
  },
  {
    check: 'toast',
    state: 'warn',
    cause: `ALTER TABLE exames ADD laudo text, ADD busca int GENERATED ALWAYS AS (id + 1) STORED;
            CREATE PUBLICATION cdc FOR TABLE ${ALL}`,
    advice: /UPDATE would fail/,
    after: null,
    since: 18,
  },
];

const PUBLICATIONS: readonly Ailment[] = [
  { check: 'publication', state: 'info', cause: 'SELECT 1' },
  { check: 'publication', state: 'fail', cause: 'SELECT 1', asked: { publication: 'Odd "one"' } },
  { check: 'publication', state: 'fail', cause: 'SELECT 1', asked: { publication: 'table' } },
  {
    check: 'publication',
    state: 'fail',
    cause: "CREATE PUBLICATION cdc FOR TABLE pacientes, exames WITH (publish = 'insert, truncate')",
    asked: cdc,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `CREATE TABLE trilha (nota text);
            CREATE PUBLICATION cdc FOR TABLE ${ALL}, trilha WITH (publish = 'insert')`,
    advice: /would fail on trilha/,
    asked: cdc,
    after: null,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `CREATE PUBLICATION cdc FOR TABLE pacientes; ALTER TABLE exames DROP CONSTRAINT exames_pkey`,
    advice: /first fix: replica identity/,
    asked: cdc,
    after: null,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `CREATE PUBLICATION cdc FOR TABLE pacientes;
            ALTER TABLE exames ADD busca int GENERATED ALWAYS AS (id + 1) STORED, REPLICA IDENTITY FULL`,
    advice: /^exames: with REPLICA IDENTITY FULL UPDATE would fail/,
    asked: cdc,
    after: null,
    since: 18,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `CREATE PUBLICATION cdc FOR TABLE ${without('exames')}; ALTER TABLE exames SET UNLOGGED`,
    asked: cdc,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: 'ALTER TABLE exames SET UNLOGGED; CREATE PUBLICATION cdc FOR ALL TABLES',
    asked: cdc,
  },
  { check: 'publication', state: 'fail', cause: PARTITIONED_CONSULTAS, asked: cdc },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR TABLE ${ALL}`,
    evidence: /^cdc: 7 \/ 7, by partitions \(publish_via_partition_root = false\): consultas$/,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR TABLE ${ALL}, consultas_p0`,
    evidence: /by partitions/,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR ALL TABLES`,
    evidence: /by partitions/,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS};
            CREATE PUBLICATION cdc FOR TABLE ${without('consultas')}, consultas_p0, consultas_p1`,
    evidence: /by partitions/,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `${PARTITIONED_CONSULTAS}; CREATE PUBLICATION cdc FOR TABLE ${without('consultas')}, consultas_p0`,
    evidence: /^cdc: 6 \/ 7, without consultas$/,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `${PARTITIONED_CONSULTAS}; DROP TABLE consultas_p0, consultas_p1;
            CREATE PUBLICATION cdc FOR TABLE ${ALL}`,
    evidence: /^cdc: 6 \/ 7, without consultas$/,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${PARTITIONED_CONSULTAS}; CREATE TABLE faturas (id int PRIMARY KEY) PARTITION BY RANGE (id);
            CREATE TABLE faturas_1 PARTITION OF faturas DEFAULT;
            CREATE PUBLICATION cdc FOR TABLE ${ALL}, faturas`,
    advice: /publishes faturas_1/,
    after: null,
  },
  {
    check: 'publication',
    state: 'warn',
    cause: `${FATURAS}; CREATE TABLE faturas_2 () INHERITS (faturas);
            CREATE TABLE "Notas" (id int PRIMARY KEY, texto text, "or" int);
            CREATE PUBLICATION cdc FOR TABLE ${ALL.replace('exames', 'exames (id, data) WHERE (id > 5)')},
              ONLY faturas WHERE (id > 1), "Notas" (id, "or")`,
    evidence: /^cdc: 7 \/ 7, WHERE or column list: exames$/,
    since: 15,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `CREATE SCHEMA "Vendas"; CREATE TABLE "Vendas".faturas (id int PRIMARY KEY);
            CREATE PUBLICATION cdc FOR TABLE pacientes WHERE (id > 5), TABLES IN SCHEMA "Vendas"`,
    since: 15,
  },
  {
    check: 'publication',
    state: 'fail',
    cause: `CREATE ROLE keeper LOGIN PASSWORD 'keeper'; CREATE PUBLICATION cdc FOR TABLE pacientes`,
    advice: /^as postgres or a superuser: ALTER PUBLICATION cdc ADD TABLE/,
    as: 'keeper',
    after: null,
  },
  {
    check: 'publication_rights',
    state: 'warn',
    cause: `CREATE ROLE keeper; CREATE ROLE reader LOGIN REPLICATION;
            ${ALL.split(', ')
              .map((table) => `ALTER TABLE ${table} OWNER TO keeper`)
              .join('; ')}`,
    evidence: /^reader: no CREATE, owner of 0 \/ 7, no owner: pacientes, /,
    asked: { role: 'reader' },
  },
  {
    check: 'publication_rights',
    state: 'warn',
    cause: 'CREATE ROLE reader LOGIN REPLICATION',
    advice: /if postgres creates the publication/,
    asked: { role: 'reader' },
    after: null,
  },
];

/** SQL: sets a default of the current database. */
function forDatabase(assignment: string): string {
  return `DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET ${assignment}', current_database()); END $$`;
}

const SERVER: readonly Ailment[] = [
  { check: 'replication_role', state: 'fail', cause: 'SELECT 1', asked: { role: 'reader' } },
  {
    check: 'replication_role',
    state: 'fail',
    cause: `CREATE ROLE reader; DO $$ BEGIN
              EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database()); END $$`,
    evidence: /^reader: NOLOGIN, NOREPLICATION, no CONNECT$/,
    asked: { role: 'reader' },
  },
  {
    check: 'transactions',
    state: 'not_visible',
    cause: "CREATE ROLE keeper LOGIN PASSWORD 'keeper'",
    evidence: /^pg_stat_activity: \d+ \/ \d+$/,
    advice: /^as a superuser: GRANT pg_read_all_stats TO keeper;$/,
    as: 'keeper',
    after: null,
  },
  {
    check: 'durability',
    state: 'warn',
    cause: `DO $$ BEGIN
              EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`,
    evidence: /synchronous_commit = off/,
    // The test servers have fsync = off on their command line.
    advice: /set fsync = on where the server gets it from \(command line\)/,
    after: 'warn',
    setting: true,
  },
  {
    check: 'value_formats',
    state: 'warn',
    cause: forDatabase('IntervalStyle = sql_standard'),
    evidence: /^IntervalStyle = sql_standard \(database\)$/,
    setting: true,
  },
  {
    check: 'value_formats',
    state: 'warn',
    cause: `CREATE ROLE reader LOGIN REPLICATION; ALTER ROLE reader SET bytea_output = 'escape';
            ${forDatabase('extra_float_digits = 0')};
            DO $$ BEGIN EXECUTE format('ALTER ROLE reader IN DATABASE %I SET extra_float_digits = -1',
                                       current_database()); END $$`,
    evidence:
      /^bytea_output = escape \(role reader\), extra_float_digits = -1 \(role reader in this database\), extra_float_digits = 0 \(database\)$/,
    advice: /restart the consumer/,
    asked: { role: 'reader' },
    setting: true,
  },
  {
    check: 'value_formats',
    state: 'warn',
    cause: `CREATE ROLE keeper LOGIN PASSWORD 'keeper'; ${forDatabase('bytea_output = escape')}`,
    advice: /^as postgres or a superuser: ALTER DATABASE \w+ RESET bytea_output;$/,
    as: 'keeper',
    after: null,
  },
  { check: 'slots', state: 'info', cause: 'SELECT 1', after: null },
  { check: 'slots', state: 'fail', cause: 'SELECT 1', asked: { slot: 'doctored' } },
  {
    check: 'slots',
    state: 'fail',
    cause: 'SELECT 1',
    advice: /cannot be the name of a slot/,
    asked: { slot: 'Odd-one' },
    after: null,
  },
  {
    check: 'slots',
    state: 'fail',
    cause: "SELECT pg_create_physical_replication_slot('ph')",
    evidence: /^ph: physical, inactive, .*holds no WAL$/,
    asked: { slot: 'ph' },
    after: null,
  },
  {
    check: 'slots',
    state: 'fail',
    cause: "SELECT pg_create_logical_replication_slot('other', 'test_decoding')",
    evidence: /^other: logical, test_decoding, inactive, /,
    asked: { slot: 'other' },
    after: null,
  },
  {
    check: 'slots',
    state: 'info',
    cause: "SELECT pg_create_logical_replication_slot('other', 'test_decoding')",
    evidence: /^other: logical, test_decoding, inactive, .*reserved, holds \d+\.\d MB/,
    after: null,
  },
];

export const AILMENTS = [...MODELLING, ...IDENTITIES, ...PUBLICATIONS, ...SERVER];
