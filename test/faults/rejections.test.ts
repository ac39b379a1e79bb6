import assert from 'node:assert/strict';
import test from 'node:test';
import { cpf } from '../../src/schemas/hospital/identifiers.js';
import { assertExact } from '../helpers/audit.js';
import { runCli } from '../helpers/cli.js';
import type { TestDatabase } from '../helpers/database.js';
import { startServer } from '../helpers/server.js';
import { logsOf, summaryOf, withStream } from '../helpers/stream-run.js';
import { envOf } from '../helpers/test-target.js';

const server = await startServer(18);

const INSERTS_ONLY = ['--update-ratio', '0', '--delete-ratio', '0'];

test('a CPF that someone else took is skipped, logged without its value, and the rest committed', async () => {
  // CPFs of ids that one worker with batches of 50 reaches; the rows that take them have ids far above.
  const taken = [3, 57, 58, 140].map(cpf);
  const takeCpfs = (db: TestDatabase) =>
    db.query(
      `INSERT INTO pacientes (id, nome, nascimento, cpf)
       SELECT 1000000 + n, 'Outra Pessoa', '1980-01-01', c
         FROM unnest($1::text[]) WITH ORDINALITY AS u (c, n)`,
      [taken],
    );
  await withStream(
    server,
    [
      ...['--rate', 'max', '--workers', '1', '--batch-size', '50', '--only', 'novo_paciente'],
      ...['--max-events', '400', ...INSERTS_ONLY],
    ],
    async ({ db, cli, cwd }) => {
      const result = await cli.ended();
      const summary = summaryOf(result);
      await assertExact(db, summary);
      assert.equal(summary.events, 400);
      assert.deepEqual(summary.rejected, { '23505': taken.length });
      const logs = logsOf(cwd);
      const warning = 'pacientes: unique_violation cpf=*** duplicated — row skipped';
      assert.equal(
        logs.split(`WARNING oltp.simulator [stream] - ${warning}`).length - 1,
        3 * taken.length,
      );
      for (const value of taken) assert.ok(!(logs + result.stderr).includes(value));
    },
    { prepare: async (db) => void (await takeCpfs(db)) },
  );
});

test('patients deleted under the workers are replaced by others', async () => {
  await withStream(
    server,
    ['--rate', 'max', '--workers', '3', '--batch-size', '20', '--delete-ratio', '0'],
    async ({ db, progress, interrupt }) => {
      for (let round = 0; round < 4; round++) {
        await progress(300);
        await deletePatients(db);
      }
      await progress(300);
      const summary = summaryOf(await interrupt());
      await assertExact(db, summary);
      assert.equal(summary.stopped_by, 'signal');
      const [{ deleted } = { deleted: 0 }] = await db.query<{ deleted: number }>(
        `SELECT (SELECT sum(rows) FROM audit.changes WHERE name = 'pacientes' AND operation = 'insert')::int
              - count(*)::int AS deleted FROM pacientes`,
      );
      assert.ok(deleted > 100, `${deleted} were deleted`);
      // A row whose parents vanish again and again while it is tried is given up in the end.
      const { 23503: orphans = 0, ...others } = summary.rejected;
      assert.deepEqual(others, {});
      assert.ok(orphans <= deleted / 100, `${orphans} rejected`);
    },
  );
});

test('rows that a trigger or a constraint refuses are left out, and the others of their batches committed', async () => {
  const refuse = async (db: TestDatabase) => {
    await db.query('ALTER TABLE exames ADD CONSTRAINT impar CHECK (id % 10 <> 3)');
    await db.query(`CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.id % 7 = 0 THEN RAISE EXCEPTION 'no: %', NEW.motivo; END IF;
        RETURN NEW;
      END $$`);
    await db.query(`CREATE TRIGGER refuse BEFORE INSERT ON consultas
      FOR EACH ROW EXECUTE FUNCTION audit.refuse()`);
  };
  await withStream(
    server,
    [
      ...['--rate', 'max', '--workers', '2', '--batch-size', '20', '--max-events', '600'],
      // A patient deleted at the wrong moment would be a third reason.
      ...['--delete-ratio', '0'],
    ],
    async ({ db, cli }) => {
      const summary = summaryOf(await cli.ended());
      await assertExact(db, summary);
      assert.equal(summary.events, 600);
      assert.deepEqual(Object.keys(summary.rejected).sort(), ['23514', 'P0001']);
      const [gaps] = await db.query<{ exames: number; consultas: number }>(
        `SELECT (SELECT count(*)::int FROM exames WHERE id % 10 = 3) AS exames,
                (SELECT count(*)::int FROM consultas WHERE id % 7 = 0) AS consultas`,
      );
      assert.deepEqual(gaps, { exames: 0, consultas: 0 });
    },
    { prepare: refuse },
  );
});

test('rows that a trigger drops and others that it refuses are left out of packets in flight', async () => {
  await withStream(
    server,
    [
      ...['--rate', 'max', '--workers', '2', '--batch-size', '5'],
      ...['--only', 'exame', '--update-ratio', '0.2', '--delete-ratio', '0'],
    ],
    async ({ db, cwd, progress, interrupt }) => {
      await progress(300);
      // So few that packets are sent again between two of them.
      await db.query(`CREATE FUNCTION audit.drop_or_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.id % 331 = 0 THEN RAISE EXCEPTION 'no'; END IF;
          IF NEW.id % 97 = 0 THEN RETURN NULL; END IF;
          RETURN NEW;
        END $$`);
      await db.query(`CREATE TRIGGER drop_or_refuse BEFORE INSERT ON exames
        FOR EACH ROW EXECUTE FUNCTION audit.drop_or_refuse()`);
      const [last] = await db.query<{ id: number }>('SELECT max(id)::int AS id FROM exames');
      await progress(3000);
      const summary = summaryOf(await interrupt());
      await assertExact(db, summary);
      assert.deepEqual(Object.keys(summary.rejected), ['P0001']);
      const [kept] = await db.query<{ gaps: number }>(
        'SELECT count(*)::int AS gaps FROM exames WHERE id > $1 AND (id % 97 = 0 OR id % 331 = 0)',
        [(last?.id ?? 0) + 1000],
      );
      assert.equal(kept?.gaps, 0);
      const checked = await runCli(['ledger', 'check', summary.run_id, '--json'], {
        cwd,
        env: envOf(db.target),
      });
      assert.equal(checked.code, 0, checked.stderr + checked.stdout);
    },
  );
});

test('rows refused at COMMIT cost their batch, which is counted as rejected', async () => {
  const refuse = async (db: TestDatabase) => {
    await db.query(`CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION USING ERRCODE = '23514'; END $$`);
    await db.query(`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON exames DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (NEW.id % 50 = 0) EXECUTE FUNCTION audit.refuse()`);
  };
  await withStream(
    server,
    [
      ...['--rate', 'max', '--workers', '2', '--batch-size', '5', '--max-events', '400'],
      ...['--only', 'exame', ...INSERTS_ONLY],
    ],
    async ({ db, cli }) => {
      const summary = summaryOf(await cli.ended());
      await assertExact(db, summary);
      assert.equal(summary.events, 400);
      assert.equal((summary.rejected['23514'] ?? 0) % 5, 0);
      assert.ok((summary.rejected['23514'] ?? 0) > 0);
      // The first batches have a line each, further ones a sum.
      const lost =
        /(?:… ([\d,]+) more like it: )?exames: COMMIT refused .*23514\) — the whole batch of 5 events is lost/g;
      const counts = [...cli.stderr().matchAll(lost)].map(([, sum = '1']) => Number(sum));
      const batches = counts.reduce((all, count) => all + count, 0);
      assert.equal(batches * 5, summary.rejected['23514']);
      assert.ok(counts.length < batches, String(counts));
    },
    { prepare: refuse },
  );
});

const REFUSALS = [
  {
    deed: 'refuses every row',
    body: `BEGIN RAISE EXCEPTION 'never'; END`,
    sentence: /a trigger or function .+ refuses the rows \(P0001\); look at the tables' triggers/,
  },
  {
    deed: 'swallows every row',
    body: 'BEGIN RETURN NULL; END',
    sentence: /writes no row; look at the tables' triggers/,
  },
];

for (const { deed, body, sentence } of REFUSALS) {
  test(`a trigger that ${deed} ends the run with a sentence`, async () => {
    const refuse = async (db: TestDatabase) => {
      await db.query(
        `CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ ${body} $$`,
      );
      await db.query(`CREATE TRIGGER refuse BEFORE INSERT ON pacientes
        FOR EACH ROW EXECUTE FUNCTION audit.refuse()`);
    };
    await withStream(
      server,
      ['--rate', 'max', '--workers', '2', '--batch-size', '10', '--only', 'novo_paciente'],
      async ({ db, cli }) => {
        const result = await cli.ended();
        const summary = summaryOf(result, 4);
        await assertExact(db, summary);
        assert.equal(summary.stopped_by, 'critical');
        assert.match(result.stderr, sentence);
      },
      { prepare: refuse },
    );
  });
}

/** Takes every third patient away, with what references them. */
async function deletePatients(db: TestDatabase): Promise<void> {
  const doomed = 'paciente_id % 3 = 0';
  // While no one else adds to them: else the deletion itself would be refused.
  await db.query(`DO $$ BEGIN
    LOCK TABLE consultas, exames, internacoes, pacientes_convenios IN SHARE ROW EXCLUSIVE MODE;
    DELETE FROM consultas WHERE ${doomed};
    DELETE FROM exames WHERE ${doomed};
    DELETE FROM internacoes WHERE ${doomed};
    DELETE FROM pacientes_convenios WHERE ${doomed};
    DELETE FROM pacientes WHERE id % 3 = 0;
  END $$`);
}
