import { withConnection } from '../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import { Tables } from '../../src/schema/tables.js';
import { HOSPITAL_TABLES } from '../helpers/any-scope.js';

/** The server decodes with as little memory as it can, so that it streams. */
export const STREAMING_SERVER: Readonly<Record<string, string>> = {
  wal_level: 'logical',
  logical_decoding_work_mem: '64kB',
  max_prepared_transactions: '10',
};

/** The tables of the hospital, with the column that a transaction adds. */
export const STREAMED_TABLES = new Tables(
  HOSPITAL_TABLES.map((table) =>
    table.name === 'exames' ? { ...table, addedColumns: [{ name: 'laudo', type: 'text' }] } : table,
  ),
);

/** By the id of an exam: the values of that column in its events, in order. */
export const ADDED_VALUES: readonly (readonly [number, string | undefined])[] = [
  [2, undefined],
  [10, undefined],
  [12, undefined],
  [13, 'com'],
  [10, 'lido'],
  [14, 'sem'],
  [15, 'sem'],
];

/** Before anything captures. */
export const STREAMED_BEFORE: readonly string[] = [
  'CREATE TABLE oculta (texto text)',
  'CREATE PUBLICATION streamed FOR TABLE pacientes, medicos, exames, internacoes',
  `INSERT INTO pacientes (id, nome, nascimento, cpf) VALUES (1, 'Zoé', '1899-12-31', 'cpf 1')`,
];

/** Twice the server's memory, in a table that is not published: so the server streams, and sends nothing of it. */
const GROW = `INSERT INTO oculta SELECT repeat('x', 1000) FROM generate_series(1, 130)`;

const doctor = (id: number) =>
  `INSERT INTO medicos (id, nome, crm, especialidade) VALUES (${id}, 'D ${id}', 'CRM ${id}', 'clínica')`;
const exam = (id: number, columns = '', values = '') =>
  `INSERT INTO exames (id, paciente_id, tipo_exame, data${columns})
     VALUES (${id}, 1, 'sangue', '2026-03-02'${values})`;

/** The id of the doctor that is inserted last. */
export const LAST_DOCTOR = 999;

type Step =
  | readonly ['a' | 'b', string]
  /** The reader gets what is in the WAL now, before the transactions end. */
  | 'read';

const PLAIN_STEPS: readonly Step[] = [
  // Savepoints that are released, others that are rolled back after their changes were sent.
  ['a', 'BEGIN'],
  ['a', doctor(1)],
  ['a', GROW],
  ['b', doctor(100)],
  'read',
  ['a', 'SAVEPOINT s1'],
  ['a', doctor(2)],
  ['a', `UPDATE medicos SET nome = 'novo' WHERE id = 1`],
  ['a', 'SAVEPOINT s2'],
  ['a', doctor(3)],
  ['a', exam(1)],
  ['a', GROW],
  ['b', doctor(101)],
  'read',
  ['a', 'ROLLBACK TO s2'],
  ['a', doctor(4)],
  ['a', exam(2)],
  ['a', 'RELEASE s1'],
  ['a', 'SAVEPOINT s3'],
  ['a', doctor(5)],
  ['a', GROW],
  ['b', `SELECT pg_logical_emit_message(false, 'oltp-simulator', 'at once')`],
  ['b', doctor(102)],
  'read',
  ['a', 'ROLLBACK TO s3'],
  ['a', 'DELETE FROM medicos WHERE id = 2'],
  ['a', `UPDATE medicos SET id = 6 WHERE id = 4`],
  ['a', `SELECT pg_logical_emit_message(true, 'oltp-simulator', 'marca')`],
  ['a', `SELECT pg_logical_emit_message(true, 'other', 'marca')`],
  ['a', 'COMMIT'],
  // The schema changes in the middle, and is rolled back once.
  ['a', 'BEGIN'],
  ['a', exam(10)],
  ['a', GROW],
  ['b', doctor(103)],
  'read',
  ['a', 'SAVEPOINT s4'],
  ['a', 'ALTER TABLE exames ADD COLUMN nota text'],
  ['a', exam(11, ', nota', `, 'undone'`)],
  ['a', GROW],
  ['b', doctor(104)],
  'read',
  ['a', 'ROLLBACK TO s4'],
  ['a', exam(12)],
  ['a', `ALTER TABLE exames ADD COLUMN laudo text DEFAULT 'sem'`],
  ['a', exam(13, ', laudo', `, 'com'`)],
  ['a', 'ALTER TABLE exames DROP COLUMN resultado'],
  ['a', `UPDATE exames SET laudo = 'lido' WHERE id = 10`],
  ['a', GROW],
  ['b', doctor(105)],
  'read',
  ['a', 'TRUNCATE internacoes, exames'],
  ['a', exam(14)],
  ['a', 'COMMIT'],
  ['b', exam(15)],
  // Rolled back as a whole.
  ['a', 'BEGIN'],
  ['a', doctor(50)],
  ['a', GROW],
  ['b', doctor(106)],
  'read',
  ['a', 'ROLLBACK'],
  // Two that are under way at once.
  ['a', 'BEGIN'],
  ['b', 'BEGIN'],
  ['a', doctor(20)],
  ['b', doctor(30)],
  ['a', GROW],
  ['b', GROW],
  ['a', doctor(21)],
  ['b', doctor(31)],
  ['a', GROW],
  ['b', GROW],
  ['b', 'COMMIT'],
  ['a', doctor(22)],
  ['a', 'COMMIT'],
];

const PREPARED_STEPS: readonly Step[] = [
  ['a', 'BEGIN'],
  ['a', doctor(60)],
  ['a', `PREPARE TRANSACTION 'small'`],
  ['b', doctor(107)],
  'read',
  ['b', `COMMIT PREPARED 'small'`],
  ['a', 'BEGIN'],
  ['a', doctor(61)],
  ['a', GROW],
  ['b', doctor(108)],
  'read',
  ['a', doctor(62)],
  ['a', `PREPARE TRANSACTION 'large'`],
  ['a', 'BEGIN'],
  ['a', doctor(63)],
  ['a', `PREPARE TRANSACTION 'undone'`],
  ['a', 'BEGIN'],
  ['a', doctor(64)],
  ['a', GROW],
  ['b', doctor(109)],
  'read',
  ['a', `PREPARE TRANSACTION 'undone, large'`],
  ['b', doctor(110)],
  'read',
  ['a', `ROLLBACK PREPARED 'undone'`],
  ['b', `COMMIT PREPARED 'large'`],
  ['b', doctor(111)],
  ['a', `ROLLBACK PREPARED 'undone, large'`],
];

/** Does all steps, in transactions of two connections. `read` waits until the reader has what is in the WAL. */
export async function playStreamed(
  target: ConnectionTarget,
  read: () => Promise<void>,
): Promise<void> {
  await withConnection(target, (a) =>
    withConnection(target, async (b) => {
      for (const step of [...PLAIN_STEPS, ...PREPARED_STEPS, ['b', doctor(LAST_DOCTOR)] as const]) {
        if (step === 'read') await read();
        else await (step[0] === 'a' ? a : b).query(step[1]);
      }
    }),
  );
}
