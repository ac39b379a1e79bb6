import type { ServerOptions } from '../../helpers/server.js';

/** A disturbance of a run that is under way. */
export type Disturbance =
  | 'none'
  /** Its backends are terminated, twice. */
  | 'backends'
  /** The server is stopped and started. */
  | 'restart'
  /** Its connections are cut at COMMIT: before it arrives, in the middle of it, or after it. */
  | 'cuts'
  /** It is killed, and `ledger resolve` settles it afterwards. */
  | 'kill';

/** A run whose correct stream is taken. */
export interface RunPlan {
  readonly name: string;
  readonly args: readonly string[];
  readonly disturbance: Disturbance;
  /** Statements that prepare the database. */
  readonly sql: readonly string[];
  /** Whether the foreign writer deletes rows. */
  readonly deletes: boolean;
  /** Whether the foreign writer changes the rows that were inserted last. */
  readonly newest: boolean;
}

export const SERVER: ServerOptions = {
  durable: true,
  settings: { wal_level: 'logical', max_replication_slots: '20', max_wal_senders: '20' },
};

/** Nulls and empty values in rows that runs change. */
export const PREPARATION: readonly string[] = [
  "UPDATE consultas SET motivo = '' WHERE id % 2 = 0",
  "UPDATE internacoes SET quarto = CASE id % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE quarto END",
  `UPDATE pacientes_convenios
      SET numero_carteira = CASE id % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE numero_carteira END`,
];

/** Rows that are refused one by one, which needs savepoints, and batches that are refused at COMMIT. */
const REFUSE = [
  'ALTER TABLE exames ADD CONSTRAINT impar CHECK (id % 10 <> 3) NOT VALID',
  `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION USING ERRCODE = '23514'; END $$`,
  `CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON consultas DEFERRABLE INITIALLY DEFERRED
     FOR EACH ROW WHEN (NEW.id % 40 = 0) EXECUTE FUNCTION refuse()`,
];
const DROP = [
  `CREATE FUNCTION fall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
  `CREATE TRIGGER fall BEFORE INSERT ON exames FOR EACH ROW WHEN (NEW.id % 5 = 0)
     EXECUTE FUNCTION fall()`,
];

/** Triggers write rows into a table of the run and into another schema. */
const FOLLOW = [
  `CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     INSERT INTO exames (paciente_id, tipo_exame, data)
       VALUES (NEW.paciente_id, 'controle', NEW.data);
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER follow AFTER INSERT ON consultas FOR EACH ROW EXECUTE FUNCTION follow()`,
  'CREATE SCHEMA arquivo',
  'CREATE TABLE arquivo.consultas (LIKE consultas)',
  `CREATE FUNCTION archive() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
     INSERT INTO arquivo.consultas SELECT OLD.*;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER archive AFTER DELETE ON consultas FOR EACH ROW EXECUTE FUNCTION archive()`,
];
/** A trigger changes rows before they are stored. */
const SHOUT = [
  `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN NEW.motivo := upper(NEW.motivo); RETURN NEW; END $$`,
  `CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON consultas FOR EACH ROW
     EXECUTE FUNCTION shout()`,
];

const run = (
  name: string,
  options: string,
  more: Partial<Omit<RunPlan, 'name' | 'args'>> = {},
): RunPlan => ({
  name,
  args: options.split(' '),
  disturbance: 'none',
  sql: [],
  deletes: false,
  newest: (more.disturbance ?? 'none') === 'none',
  ...more,
});

/** Runs that may go on at the same time: a disturbance concerns one of them. */
export const TOGETHER: readonly RunPlan[] = [
  run('ones', '--workers 3 --batch-size 1 --max-events 300 --update-ratio 0.4 --delete-ratio 0.2'),
  run('small', '--workers 4 --batch-size 6 --max-events 500 --update-ratio 0.3 --delete-ratio 0.1'),
  run('fifty', '--workers 2 --batch-size 50 --max-events 600 --update-ratio 0.2'),
  run('careful', '--workers 2 --batch-size 15 --max-events 500 --delete-ratio 0.05', {
    sql: REFUSE,
  }),
  run('dropping', '--workers 2 --batch-size 8 --max-events 300 --update-ratio 0.3', {
    sql: DROP,
    deletes: true,
  }),
  run(
    'derived',
    '--workers 3 --batch-size 5 --max-events 400 --update-ratio 0.2 --delete-ratio 0.1',
    {
      sql: FOLLOW,
      // A trigger's row cannot be proved after another writer has changed it.
      newest: false,
    },
  ),
  run('rewritten', '--workers 3 --batch-size 5 --max-events 400 --update-ratio 0.3', {
    sql: SHOUT,
  }),
  run('cut', '--workers 3 --batch-size 5 --max-events 300 --update-ratio 0.3 --delete-ratio 0.1', {
    disturbance: 'cuts',
  }),
  run('ended', '--workers 4 --batch-size 7 --rate 2500 --max-events 500 --update-ratio 0.2', {
    disturbance: 'backends',
  }),
  run('killed', '--workers 3 --batch-size 5 --rate 2000 --update-ratio 0.3', {
    disturbance: 'kill',
  }),
];

/** Runs that need the server for themselves, because it is stopped. */
export const ALONE: readonly RunPlan[] = [
  run('restarted', '--workers 3 --batch-size 4 --rate 1500 --max-events 400 --update-ratio 0.3', {
    disturbance: 'restart',
  }),
];
