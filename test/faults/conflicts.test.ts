import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { withConnection } from '../../src/postgres/connect.js';
import { assertExact } from '../helpers/audit.js';
import type { TestDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { logsOf, summaryOf, withStream } from '../helpers/stream-run.js';
import { waitFor } from '../helpers/wait-for.js';

const server = await startServer(18);

test('deadlocks with another program are retried, and no row is lost or counted twice', async () => {
  await withStream(
    server,
    // Batch after batch writes most of the patients, in the order of their ids.
    [
      ...['--rate', 'max', '--workers', '1', '--batch-size', '30', '--only', 'novo_paciente'],
      ...['--update-ratio', '1', '--delete-ratio', '0'],
    ],
    async ({ db, cwd, progress, interrupt }) => {
      await progress(100);
      await withConnection(db.target, async (client) => {
        // The program looks for deadlocks sooner, and so it is mostly the one that gives in.
        await client.query(`SET deadlock_timeout = '2s'`);
        await waitFor(async () => {
          await lockAgainstTheOrder(client);
          return logsOf(cwd).split('(40P01) — repeating the batch').length > 3;
        });
      });
      await progress(100);
      const summary = summaryOf(await interrupt());
      await assertExact(db, summary);
      assert.ok(summary.retries > 0);
      assert.deepEqual(summary.rejected, {});
      assert.equal(summary.reconnects, 0);
    },
    {
      prepare: async (db) => {
        await db.query(
          `INSERT INTO pacientes (nome, nascimento, cpf)
           SELECT 'Paciente', '1980-01-01', n FROM generate_series(1, 40) AS n`,
        );
        await db.query(`ALTER DATABASE ${db.name} SET deadlock_timeout = '200ms'`);
      },
    },
  );
});

test('serialization failures are retried, also those that COMMIT itself meets', async () => {
  const conflict = async (db: TestDatabase) => {
    await db.query(`CREATE FUNCTION audit.conflict() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF random() < 0.2 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;
        RETURN NULL;
      END $$`);
    await db.query(`CREATE TRIGGER conflict AFTER INSERT ON exames
      FOR EACH STATEMENT EXECUTE FUNCTION audit.conflict()`);
    await db.query(`CREATE CONSTRAINT TRIGGER conflict AFTER INSERT ON consultas
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit.conflict()`);
  };
  await withStream(
    server,
    [
      ...['--rate', 'max', '--workers', '2', '--batch-size', '4', '--max-events', '400'],
      ...['--only', 'exame,consulta'],
    ],
    async ({ db, cli }) => {
      const summary = summaryOf(await cli.ended());
      await assertExact(db, summary);
      assert.equal(summary.events, 400);
      assert.ok(summary.retries > 10, `${summary.retries} retries`);
      assert.equal(summary.transactions.rolled_back, summary.retries);
    },
    { prepare: conflict },
  );
});

test('a conflict without end is given up with a sentence, not retried for ever', async () => {
  const conflict = async (db: TestDatabase) => {
    await db.query(`CREATE FUNCTION audit.conflict() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`);
    await db.query(`CREATE TRIGGER conflict BEFORE INSERT ON pacientes
      FOR EACH ROW EXECUTE FUNCTION audit.conflict()`);
  };
  await withStream(
    server,
    ['--rate', 'max', '--workers', '1', '--batch-size', '5'],
    async ({ db, cli }) => {
      const result = await cli.ended();
      const summary = summaryOf(result, 4);
      await assertExact(db, summary);
      assert.equal(summary.stopped_by, 'critical');
      assert.match(result.stderr, /40001/);
    },
    { prepare: conflict },
  );
});

/** Locks patients from the highest id down, where the program goes up. */
async function lockAgainstTheOrder(client: Client): Promise<void> {
  await client.query('BEGIN');
  const { rows } = await client.query<{ ids: string[] }>(
    'SELECT array_agg(id ORDER BY id DESC) AS ids FROM pacientes',
  );
  try {
    for (const id of rows[0]?.ids ?? []) {
      await client.query('SELECT FROM pacientes WHERE id = $1 FOR UPDATE', [id]);
    }
  } catch (error) {
    if ((error as { code?: string }).code !== '40P01') throw error;
  } finally {
    await client.query('ROLLBACK');
  }
}
