import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { connect, withConnection } from '../../../src/postgres/connect.js';
import { describeFailure, type Failure } from '../../../src/postgres/failures.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';

const PATIENT = "INSERT INTO pacientes (nome, nascimento, cpf) VALUES ('Ana', '1990-01-01', $1)";

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    return describeFailure(error);
  }
  throw new Error('it did not fail');
}

/** Runs `body` with two connections. */
async function withTwo(
  db: TestDatabase,
  body: (one: Client, two: Client) => Promise<void>,
): Promise<void> {
  await withConnection(db.target, (one) => withConnection(db.target, (two) => body(one, two)));
}

for (const server of await startServers()) {
  const { version } = server;

  test(`${version}: bad data in a row is a light failure, which names the column and contains no value`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        await client.query(PATIENT, ['111.111.111-11']);
        const cases: readonly (readonly [string | null, string, string | null])[] = [
          ['111.111.111-11', '23505', 'cpf'],
          ['999.999.999-99-too-long', '22001', null],
          [null, '23502', 'cpf'],
        ];
        for (const [cpf, sqlstate, column] of cases) {
          const failure = await failureOf(client.query(PATIENT, [cpf]));
          assert.equal(failure.class, 'light');
          assert.equal(failure.sqlstate, sqlstate);
          assert.equal(failure.column, column);
          assert.doesNotMatch(JSON.stringify(failure), /111|999|Ana/);
        }
        const missing = await failureOf(
          client.query(
            "INSERT INTO exames (paciente_id, tipo_exame, data) VALUES (987654, 'ECG', now())",
          ),
        );
        assert.deepEqual(
          [missing.class, missing.sqlstate, missing.table, missing.column],
          ['light', '23503', 'exames', 'paciente_id'],
        );
        assert.doesNotMatch(JSON.stringify(missing), /987654/);
        const malformed = await failureOf(client.query('SELECT $1::int', ['Ana Souza']));
        assert.equal(malformed.class, 'light');
        assert.doesNotMatch(malformed.message, /Ana/);
      });
    });
  });

  test(`${version}: a deadlock is to be retried`, async () => {
    await withDatabase(server, async (db) => {
      await withTwo(db, async (one, two) => {
        await one.query('BEGIN; SELECT pg_advisory_xact_lock(1)');
        await two.query('BEGIN; SELECT pg_advisory_xact_lock(2)');
        const both = [
          one.query('SELECT pg_advisory_xact_lock(2)'),
          two.query('SELECT pg_advisory_xact_lock(1)'),
        ];
        const outcomes = await Promise.allSettled(both);
        const failures = outcomes.flatMap((outcome) =>
          outcome.status === 'rejected' ? [describeFailure(outcome.reason)] : [],
        );
        assert.deepEqual(
          failures.map((failure) => [failure.class, failure.sqlstate]),
          [['retry', '40P01']],
        );
      });
    });
  });

  test(`${version}: a serialization failure is to be retried`, async () => {
    await withDatabase(server, async (db) => {
      await withTwo(db, async (one, two) => {
        await one.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM convenios');
        await two.query("UPDATE convenios SET nome = 'x'");
        const failure = await failureOf(one.query("UPDATE convenios SET nome = 'y'"));
        assert.deepEqual([failure.class, failure.sqlstate], ['retry', '40001']);
      });
    });
  });

  test(`${version}: a connection that an administrator ends is critical`, async () => {
    await withDatabase(server, async (db) => {
      const client = await connect(db.target);
      const work = failureOf(client.query('SELECT pg_sleep(60)'));
      await waitFor(async () => (await server.terminateBackends(db.name)) > 0);
      assert.equal((await work).class, 'critical');
      const later = await failureOf(client.query('SELECT 1'));
      assert.equal(later.class, 'critical');
      await client.end();
    });
  });

  test(`${version}: an idle connection that dies does not end the process`, async () => {
    await withDatabase(server, async (db) => {
      const client = await connect(db.target);
      const gone = new Promise((resolve) => client.once('end', resolve));
      await server.terminateBackends(db.name);
      await gone;
      assert.equal((await failureOf(client.query('SELECT 1'))).class, 'critical');
    });
  });

  test(`${version}: missing tables, columns and privileges are hopeless, a syntax error is a defect`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        const classOf = async (text: string) => (await failureOf(client.query(text))).class;
        assert.equal(await classOf('SELECT 1 FROM nowhere'), 'hopeless');
        assert.equal(await classOf('SELECT nothing FROM pacientes'), 'hopeless');
        assert.equal(await classOf('SELECT 1 FROM nowhere.pacientes'), 'hopeless');
        assert.equal(await classOf('SELEKT 1'), 'defect');
        await client.query('CREATE ROLE guest_of_failures');
        await client.query('SET ROLE guest_of_failures');
        assert.equal(await classOf('SELECT 1 FROM pacientes'), 'hopeless');
        await client.query('RESET ROLE; DROP ROLE guest_of_failures');
      });
    });
  });

  test(`${version}: a cancelled statement is to be retried`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        await client.query("SET statement_timeout = '10ms'");
        assert.equal((await failureOf(client.query('SELECT pg_sleep(60)'))).class, 'retry');
      });
    });
  });

  test(`${version}: an exception of a trigger is light, and its text is left out`, async () => {
    await withDatabase(server, async (db) => {
      const raising = "DO $$ BEGIN RAISE EXCEPTION 'paciente Ana Souza'; END $$";
      await withConnection(db.target, async (client) => {
        const failure = await failureOf(client.query(raising));
        assert.equal(failure.class, 'light');
        assert.doesNotMatch(failure.message, /Ana/);
      });
    });
  });

  test(`${version}: a server that stops during a query is critical`, async () => {
    const client = await connect(server.target());
    const work = failureOf(client.query('SELECT pg_sleep(60)'));
    await server.stop('immediate');
    assert.equal((await work).class, 'critical');
    assert.equal((await failureOf(connect(server.target()))).errno, 'ECONNREFUSED');
    await server.start();
    await withConnection(server.target(), (again) => again.query('SELECT 1'));
  });
}
