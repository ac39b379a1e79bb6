import assert from 'node:assert/strict';
import test from 'node:test';
import { isQuietLeft, requireHazards } from '../../../src/database/hazards.js';
import { leave, readMembership } from '../../../src/database/membership.js';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { QUIET_SCHEMA } from '../../../src/hazards/hazards.js';
import { chosenHazards, parseHazards } from '../../../src/hazards/parse.js';
import { messagesIn } from '../../../src/messages/index.js';
import { connect, withConnection } from '../../../src/postgres/connect.js';
import { readTableOids } from '../../../src/postgres/table-oids.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { joinStream } from '../../../src/seed/locks.js';
import { runCli } from '../../helpers/cli.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { envOf } from '../../helpers/test-target.js';
import { VOLUMES } from '../../helpers/workspace.js';
import { assertRefused } from '../cli/refusals.js';

const servers = await startServers({
  settings: { wal_level: 'logical', max_prepared_transactions: '0' },
});
const extended = schemaWith(['prontuario']);
const WORKERS = 2;

/** The sentences of the refusal, one for each need; none where the hazards can happen. */
async function refusals(target: ConnectionTarget, hazards: string): Promise<string[]> {
  const chosen = chosenHazards(parseHazards(hazards)!, extended.hazards);
  return withConnection(target, async (client) => {
    try {
      await requireHazards(client, extended, chosen, WORKERS);
      return [];
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      assert.equal(error.exitCode, EXIT.state);
      const [first = '', ...others] = error.sentence(messagesIn('en')).split('\n');
      return others.length > 0 ? others.map((line) => line.replace('  - ', '')) : [first];
    }
  });
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: what the server, the database or the role lacks is refused by name`, () =>
    withDatabase(server, (db) =>
      withTempFolder(async (cwd) => {
        const run = (args: string, more: Readonly<Record<string, string>> = {}) =>
          runCli(args.split(' '), { cwd, env: { ...envOf(db.target), ...more } });
        assert.equal((await run('init-db --with prontuario')).code, EXIT.done);

        // The tables are empty, and no transaction can be prepared.
        assertRefused(
          await run(`stream --workers ${WORKERS} --hazard rollback,two-phase`),
          EXIT.state,
          /^the database "\w+" cannot have the hazard two-phase: max_prepared_transactions is 0, and 2 is the least with 2 workers; raise it in postgresql\.conf and restart the server, or leave the hazard out$/,
        );
        const all = await run('stream --with prontuario --hazard all', { APP_LANG: 'pt-BR' });
        assert.equal(all.code, EXIT.state);
        assert.match(all.stderr, / - hot-keys: medicos tem 0 registros, e o mínimo é 4; /);
        assert.match(all.stderr, / - two-phase: max_prepared_transactions é 0/);
        await db.query(
          `INSERT INTO medicos (nome, crm, especialidade)
             SELECT 'Medico ' || i, '1000' || i || '-SP', 'Cardiologia' FROM generate_series(1, 4) AS i`,
        );
        assert.deepEqual(await refusals(db.target, 'all,two-phase=off'), []);

        await db.query(
          `ALTER DATABASE ${db.name} SET idle_in_transaction_session_timeout = '1500ms'`,
        );
        assert.match(
          (await refusals(db.target, 'long,quiet')).join(),
          /long: its transaction is open for 20s, and idle_in_transaction_session_timeout ends the session after 1500ms; ALTER ROLE/,
        );
        assert.deepEqual(await refusals(db.target, 'long=1s/5s,quiet'), []);
        await db.query(`ALTER DATABASE ${db.name} RESET idle_in_transaction_session_timeout`);

        // Publications.
        assert.match(
          (await refusals(db.target, 'publication=cdc')).join(),
          /publication: there is no publication "cdc" in the database; it has none at all: create it/,
        );
        await db.query('CREATE PUBLICATION everything FOR ALL TABLES');
        await db.query('CREATE PUBLICATION cdc FOR TABLE pacientes');
        const of = async (name: string) =>
          (await refusals(db.target, `publication=${name}`)).join();
        assert.match(await of('CDC'), /no publication "CDC" .*; name cdc or everything/);
        assert.match(await of('everything'), /"everything" is FOR ALL TABLES/);
        assert.match(await of('cdc'), /"cdc" does not list auditoria; ALTER PUBLICATION cdc ADD/);
        await db.query('ALTER PUBLICATION cdc ADD TABLE auditoria');
        assert.equal(await of('cdc'), '');
        // As a run leaves it that is killed while the table is out.
        const auditoria = extended.tables.get('auditoria');
        const membership = await withConnection(db.target, (client) =>
          readMembership(client, 'cdc', auditoria),
        );
        await db.query(leave(auditoria, membership!));
        const listed = async () =>
          (
            await db.query(
              "SELECT FROM pg_publication_tables WHERE pubname = 'cdc' AND tablename = 'auditoria'",
            )
          ).length;
        assert.equal(await listed(), 0);
        assert.equal(await of('cdc'), '');
        const back = await run('init-db --with prontuario');
        assert.match(back.stderr, /undid what the hazards of a run left in auditoria/);
        assert.equal(await listed(), 1);
        assert.doesNotMatch((await run('init-db --with prontuario')).stderr, /undid/);

        if (version !== 14) {
          await db.query('ALTER PUBLICATION cdc ADD TABLES IN SCHEMA public');
          assert.match(await of('cdc'), /"cdc" has the whole schema of auditoria/);
          await db.query('ALTER PUBLICATION cdc DROP TABLES IN SCHEMA public');
        }

        // A role that may do what every run does.
        const role = `clerk_${process.pid}`;
        await db.query(`CREATE ROLE ${role} LOGIN PASSWORD 'clerk'`);
        try {
          await db.query(
            `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
          );
          await db.query(`GRANT USAGE ON SCHEMA faturamento TO ${role}`);
          const clerk = { ...db.target, user: role, password: 'clerk' };
          const lacking = await refusals(clerk, 'all,publication=cdc,two-phase=off');
          assert.deepEqual(
            [...new Set(lacking.map((line) => line.split(':')[0]))],
            ['truncate', 'quiet', 'ddl', 'publication'],
          );
          const text = lacking.join('\n');
          assert.match(text, new RegExp(`GRANT TRUNCATE ON auditoria, prescricoes TO ${role}`));
          assert.match(text, new RegExp(`GRANT CREATE ON DATABASE ${db.name} TO ${role}`));
          assert.match(text, /does not own prontuarios, /);
          assert.match(text, /does not own the publication "cdc"/);
          await db.query(`GRANT TRUNCATE ON auditoria, prescricoes TO ${role}`);
          assert.deepEqual(await refusals(clerk, 'truncate,copy'), []);
          await db.query('ALTER TABLE exames ENABLE ROW LEVEL SECURITY');
          await db.query('CREATE POLICY everybody ON exames USING (true)');
          assert.match((await refusals(clerk, 'copy')).join(), /row-level security .* in exames/);
        } finally {
          await db.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
        }
      }),
    ));

  test(`${version}: init-db and reset drop what the hazard quiet left, unless a run is under way`, () =>
    withDatabase(server, (db) =>
      withTempFolder(async (cwd) => {
        const env = { ...envOf(db.target), ...VOLUMES };
        const run = async (args: string) => {
          const { code, stderr } = await runCli(args.split(' '), { cwd, env });
          assert.equal(code, EXIT.done, stderr);
          return withConnection(db.target, isQuietLeft);
        };
        const leaveBehind = () =>
          db.query(`CREATE SCHEMA ${QUIET_SCHEMA} CREATE TABLE ${QUIET_SCHEMA}.t (id int)`);
        await leaveBehind();
        const stream = await connect(db.target);
        try {
          const { tables } = schemaWith([]);
          assert.ok(await joinStream(stream, await readTableOids(stream, tables)));
          assert.equal(await run('init-db'), true);
        } finally {
          await stream.end();
        }
        assert.equal(await run('init-db'), false);
        await leaveBehind();
        assert.equal(await run('reset --yes'), false);
      }),
    ));
}
