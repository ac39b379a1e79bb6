import type { ServerOptions } from '../../helpers/server.js';

/** What happens to a run while it goes on. */
export type Disturbance =
  | 'none'
  /** Its connections are ended, and again. */
  | 'backends'
  /** The server is stopped and started. */
  | 'restart'
  /** Its connections are cut at COMMIT: before it arrives, amid it, or behind it. */
  | 'cuts'
  /** It is killed, and settled afterwards. */
  | 'kill';

/** A run of which a correct stream is taken. */
export interface RunPlan {
  readonly name: string;
  readonly args: readonly string[];
  readonly disturbance: Disturbance;
  /** Done to the database before. */
  readonly sql: readonly string[];
  /** Whether the foreign writer deletes rows. */
  readonly deletes: boolean;
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

/** Savepoints: rows that are refused one by one; and batches that are refused at COMMIT. */
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
  ...more,
});

/** These may go on side by side: what happens to one does not happen to the others. */
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

/** The whole server is stopped. */
export const ALONE: readonly RunPlan[] = [
  run('restarted', '--workers 3 --batch-size 4 --rate 1500 --max-events 400 --update-ratio 0.3', {
    disturbance: 'restart',
  }),
];
