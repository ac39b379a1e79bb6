import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { undoLeftovers } from '../../../src/database/hazard-leftovers.js';
import { leave, readMembership } from '../../../src/database/membership.js';
import { readDatabaseFacts } from '../../../src/database/read-facts.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { schemaWith } from '../../../src/schemas/index.js';
import type { TestDatabase } from '../../helpers/database.js';
import { type HazardRun, withHazardRun } from '../../helpers/hazard-run.js';
import { startServers } from '../../helpers/server.js';
import { waitFor } from '../../helpers/wait-for.js';
import { EXTENSION, run, withExtendedWorkspace } from '../../helpers/workspace.js';
import { catalogue } from './catalogue.js';

const schema = schemaWith(['prontuario']);
const { changes, unpublish } = schema.hazards;
const ALL = `FOR TABLE ${schema.tables.names.join(', ')}`;
const HAZARDS = {
  ddl: { everyMs: 60 },
  publication: { everyMs: 250, name: 'cdc' },
  truncate: { everyMs: 400 },
};

for (const server of await startServers({ settings: { wal_level: 'logical' } })) {
  const { version } = server;

  test(`${version}: a run leaves the schema as it was, though threads and connections are lost amid the cycle`, () =>
    withExtendedWorkspace(server, async ({ db, cwd }) => {
      await db.query(`CREATE PUBLICATION cdc ${ALL}`);
      const before = await withConnection(db.target, catalogue);
      const facts = await factsOf(db);
      const load = { rate: 100 };
      await withHazardRun(db, cwd, schema, HAZARDS, load, async (run) => {
        const ended = run.engine.start();
        await happened(run, 'rename-column');
        for (const thread of run.engine.hazardThreads) await thread.terminate();
        await happened(run, 'undo');
        await happened(run, 'create-partition');
        await server.terminateBackends(db.name);
        await happened(run, 'undo');
        await happened(run, 'rename-column');
        run.engine.stop();
        const outcome = await ended;
        assert.ok((outcome.hazards.publication ?? 0) > 1, JSON.stringify(outcome.hazards));
        return outcome;
      });
      const after = await withConnection(db.target, catalogue);
      assert.deepEqual(after, { ...before, routes: [...before.routes, 'inalatória'] });
      assert.deepEqual(await factsOf(db), facts);
    }));

  test(`${version}: a run ends in its grace though another session has a lock on what is to be undone`, () =>
    withExtendedWorkspace(server, async ({ db, cwd }) => {
      // The next change comes after the end.
      const hazards = { ddl: { everyMs: 1_500 } };
      await withHazardRun(db, cwd, schema, hazards, { rate: 100, mayFail: true }, (run) =>
        withConnection(db.target, async (other) => {
          const ended = run.engine.start();
          await happened(run, 'add-column-default');
          await other.query('BEGIN; SELECT FROM prontuarios LIMIT 1');
          run.engine.stop();
          const outcome = await ended;
          assert.deepEqual([outcome.stoppedBy, outcome.cutOff], ['signal', false]);
          return outcome;
        }),
      );
      const undone = await withConnection(db.target, (client) => undoLeftovers(client, schema));
      assert.deepEqual(undone, ['prontuarios']);
    }));

  test(`${version}: init-db undoes what a killed run left, of the publication, too`, () =>
    withExtendedWorkspace(server, async (workspace) => {
      const { db } = workspace;
      // Version 14 has no row filters.
      const filter = version === 14 ? '' : " WHERE (usuario <> 'ninguém')";
      await db.query(`CREATE PUBLICATION cdc ${ALL.replace(unpublish!, `${unpublish}${filter}`)}`);
      const table = schema.tables.get(unpublish!);
      const before = await withConnection(db.target, async (client) => {
        const found = await catalogue(client);
        for (const { statements } of changes.slice(0, 12)) {
          for (const statement of statements) await client.query(statement);
        }
        const membership = await readMembership(client, 'cdc', table);
        await client.query(leave(table, membership!));
        return found;
      });
      const { code, stderr } = await run(workspace, ['init-db', ...EXTENSION]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /prontuarios.*auditoria/);
      const after = await withConnection(db.target, catalogue);
      assert.deepEqual(after, { ...before, routes: [...before.routes, 'inalatória'] });
      const again = await run(workspace, ['init-db', ...EXTENSION]);
      assert.doesNotMatch(again.stderr, /prontuarios/);
    }));
}

/** The database as the ledger has it at the begin and at the end of a run. */
async function factsOf(db: TestDatabase) {
  const read = (client: Client) => readDatabaseFacts(client, schema.tables);
  const { tables, publications } = await withConnection(db.target, read);
  return { tables, publications };
}

/** Waits for a change of the schema. */
async function happened({ reports }: HazardRun, change: string): Promise<void> {
  const from = reports.length;
  const isThere = async () => reports.slice(from).some(({ detail }) => detail?.change === change);
  await waitFor(isThere, { what: change });
}
