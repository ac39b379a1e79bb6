import { randomInt } from 'node:crypto';
import type { Client } from 'pg';
import { sleep } from '../../../src/lib/clock.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';

/** Ids beyond those of any run. */
const FIRST_ID = 800_000_000;
const PAUSE_MS = 2;

const NEW_PATIENT = `INSERT INTO pacientes (id, nome, nascimento, cpf, telefone, endereco)
  SELECT n, 'Outra Pessoa', '1980-01-01', 'F' || n, NULL, '' FROM generate_series($1::bigint, $1 + 2) n`;
/** Changes of rows that the run changes, too, and of columns that it does not set. */
const CHANGES = [
  ['pacientes', "nome = 'Nome ' || id, telefone = NULL"],
  ['exames', "tipo_exame = 'outro'"],
  ['consultas', "motivo = ''"],
  ['internacoes', 'quarto = NULL'],
] as const;
const NEWEST = (table: string) =>
  `id = (SELECT id FROM ${table} WHERE id < ${FIRST_ID} ORDER BY id DESC LIMIT 1 OFFSET $1)`;
const OLDEST = (table: string) => `id = (SELECT id FROM ${table} ORDER BY id LIMIT 1 OFFSET $1)`;
/** Old rows: a run may take a new row that is deleted at once for one that was never stored. */
const REMOVAL = `DELETE FROM exames WHERE ${OLDEST('exames')}`;

export interface Habits {
  /** Deletes rows that the run may change. */
  readonly deletes: boolean;
  /**
   * Changes rows that the run has just inserted. Not possible if such a row is the witness of a COMMIT without an
   * answer.
   */
  readonly newest: boolean;
}

/** Writes to a run's tables until `stopped`: whole transactions, rolled-back ones, and ones with savepoints. */
export async function writeBeside(
  target: ConnectionTarget,
  stopped: AbortSignal,
  habits: Habits,
): Promise<void> {
  let next = FIRST_ID;
  while (!stopped.aborted) {
    try {
      await withConnection(target, async (client) => {
        while (!stopped.aborted) {
          await writeOne(client, next, habits);
          next += 10;
          await sleep(PAUSE_MS);
        }
      });
    } catch {
      // Some runs stop the server, which is soon back; deadlocks are normal.
      await sleep(PAUSE_MS);
      next += 10;
    }
  }
}

async function writeOne(client: Client, id: number, { deletes, newest }: Habits): Promise<void> {
  const some = () => randomInt(20);
  const [table, change] = CHANGES[randomInt(CHANGES.length)]!;
  const which = newest && randomInt(3) > 0 ? NEWEST(table) : OLDEST(table);
  await client.query('BEGIN');
  if (randomInt(3) > 0) await client.query(NEW_PATIENT, [id]);
  await client.query('SAVEPOINT s');
  await client.query(`UPDATE ${table} SET ${change} WHERE ${which}`, [some()]);
  if (randomInt(4) === 0) await client.query('ROLLBACK TO s');
  if (deletes && randomInt(2) === 0) await client.query(REMOVAL, [some()]);
  await client.query(randomInt(4) === 0 ? 'ROLLBACK' : 'COMMIT');
}
