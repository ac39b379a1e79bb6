import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { Client } from 'pg';
import { checkLedger } from '../../../src/ledger/check.js';
import type { OtherLedger } from '../../../src/ledger/later-changes.js';
import { resolveLedger } from '../../../src/ledger/resolve.js';
import type { Change } from '../../../src/ledger/writer.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { CREATE_TABLES, SAMPLE } from '../../unit/ledger/sample-tables.js';
import { change, Run } from './recorded-run.js';

const servers = await startServers();

async function check(client: Client, { folder }: Run, others: OtherLedger[] = []) {
  const result = await checkLedger(
    SAMPLE.tables,
    client,
    folder,
    () => undefined,
    () => others,
  );
  assert.deepEqual(result.totals.problems, { count: 0, examples: [] });
  return result;
}

async function differing(client: Client, run: Run) {
  const { differences } = await check(client, run);
  return differences.examples.map(({ table, key, emptied }) => [table, key, emptied ?? false]);
}

function withRun(
  server: (typeof servers)[number],
  body: (client: Client, other: Client, run: Run, folder: string) => Promise<void>,
): Promise<void> {
  return withTempFolder((folder) =>
    withDatabase(server, ({ target }) =>
      withConnection(target, (client) =>
        withConnection(target, async (other) => {
          await client.query(CREATE_TABLES);
          await client.query(
            `INSERT INTO laudos SELECT n, 'antigo' FROM generate_series(1, 3) AS n`,
          );
          const run = await Run.begin(client, join(folder, 'one'), { laudos: [1, 2] });
          await body(client, other, run, folder);
        }),
      ),
    ),
  );
}

const report = (id: number, state: string | null = null) => [
  ...[id, 'texto', state, null, null, null, null],
];

function update(id: number, state: string): [string, Change] {
  const sql = `UPDATE laudos SET situacao = '${state}' WHERE id = ${id}`;
  const columns = ['situacao', 'resumo'];
  return [sql, { ...change('laudos', 'update', [id, state, null]), columns }];
}

for (const server of servers) {
  test(`${server.version}: of two connections that write a shared row, the one with the higher LSN counts`, () =>
    withRun(server, async (client, other, run) => {
      // The lower xid commits last: it waits for the row.
      await client.query('BEGIN; SELECT pg_current_xact_id()');
      await run.transact(2, ...listed(update(1, 'b')), 'COMMIT', true, {
        hazards: { names: ['hot-keys'] },
        client: other,
      });
      const [sql, changes] = update(1, 'a');
      // Within the transaction that is open already.
      await run.transact(1, sql, [changes], 'COMMIT', true, { hazards: { names: ['hot-keys'] } });
      run.end();
      const { differences, totals } = await check(client, run);
      assert.deepEqual(differences, { count: 0, examples: [] });
      assert.deepEqual(totals.hazards?.times, { 'hot-keys': 2 });
      await client.query("UPDATE laudos SET situacao = 'c' WHERE id = 1");
      assert.deepEqual(await differing(client, run), [['laudos', 1, false]]);
    }));

  test(`${server.version}: a row that is inserted, updated, deleted and inserted again is there`, () =>
    withRun(server, async (client, _, run) => {
      run.lease(1, 'laudos', [10, 11, 12]);
      const insert = (id: number) => `INSERT INTO laudos (id, texto) VALUES (${id}, 'texto')`;
      const [updates, updated] = update(10, 'x');
      const sql = `${insert(10)}; ${updates}; DELETE FROM laudos WHERE id = 10; ${insert(10)}`;
      const changes = [
        change('laudos', 'insert', report(10)),
        updated,
        change('laudos', 'delete', [10]),
        change('laudos', 'insert', report(10)),
      ];
      const hazards = { hazards: { names: ['same-row', 'rollback'] } } as const;
      await run.transact(1, sql, changes, 'ROLLBACK', true, hazards);
      await run.transact(1, sql, changes, 'COMMIT', true, hazards);
      // Inserted and deleted: it is not there.
      await run.transact(
        1,
        `${insert(11)}; DELETE FROM laudos WHERE id = 11`,
        [change('laudos', 'insert', report(11)), change('laudos', 'delete', [11])],
        'COMMIT',
        true,
        hazards,
      );
      run.end();
      assert.deepEqual((await check(client, run)).differences, { count: 0, examples: [] });
      await client.query(`DELETE FROM laudos WHERE id = 10; ${insert(11)}`);
      assert.deepEqual(await differing(client, run), [
        ['laudos', 10, false],
        ['laudos', 11, false],
      ]);
    }));

  test(`${server.version}: rows of a truncated table are gone, those of before the run too, and later ones are there`, () =>
    withRun(server, async (client, _, run, folder) => {
      run.lease(1, 'laudos', [10, 11]);
      const item = (code: string) => change('"Itens"', 'insert', [code, 1, null]);
      const insert = (id: number) => `INSERT INTO laudos (id, texto) VALUES (${id}, 'texto')`;
      await run.transact(1, `${insert(10)}; INSERT INTO "Itens" VALUES ('a', 1)`, [
        change('laudos', 'insert', report(10)),
        item('a'),
      ]);
      await run.transact(1, ...listed(update(3, 'x')));
      // By the worker whose file is read last.
      await run.transact(
        2,
        `TRUNCATE laudos, "Itens"; INSERT INTO "Itens" VALUES ('b', 1)`,
        [item('b')],
        'COMMIT',
        true,
        { hazards: { names: ['truncate'], truncated: ['laudos', '"Itens"'] } },
      );
      await run.transact(1, insert(11), [change('laudos', 'insert', report(11))]);
      run.end();
      assert.deepEqual((await check(client, run)).differences, { count: 0, examples: [] });
      await client.query(`${insert(10)}; ${insert(3)}; INSERT INTO "Itens" VALUES ('a', 1)`);
      assert.deepEqual(await differing(client, run), [
        ['laudos', 3, true],
        ['laudos', 10, true],
        ['"Itens"', 'a', true],
      ]);
      await client.query(
        `DELETE FROM laudos WHERE id IN (3, 10); DELETE FROM "Itens" WHERE "Código" = 'a'`,
      );

      // A later run's TRUNCATE explains what is missing.
      const later = await Run.begin(client, join(folder, 'two'), {});
      await later.transact(
        1,
        `TRUNCATE laudos; INSERT INTO "Itens" VALUES ('c', 1)`,
        [item('c')],
        'COMMIT',
        true,
        { hazards: { names: ['truncate'], truncated: ['laudos'] } },
      );
      later.end();
      assert.deepEqual(await differing(client, run), [['laudos', 11, false]]);
      const others = [{ run: 'two', folder: later.folder, tables: SAMPLE.tables }];
      const { differences, changedSince } = await check(client, run, others);
      assert.deepEqual(differences, { count: 0, examples: [] });
      assert.deepEqual(changedSince, { count: 1, runs: { two: 1 } });
    }));

  test(`${server.version}: a transaction without an answer is not taken for aborted because its table was truncated`, () =>
    withRun(server, async (client, _, run) => {
      const item = change('"Itens"', 'insert', ['a', 1, null]);
      await run.transact(1, `INSERT INTO "Itens" VALUES ('a', 1)`, [item], 'COMMIT', false);
      await run.transact(
        2,
        `TRUNCATE "Itens"; INSERT INTO "Itens" VALUES ('b', 1)`,
        [change('"Itens"', 'insert', ['b', 1, null])],
        'COMMIT',
        true,
        { hazards: { names: ['truncate'], truncated: ['"Itens"'] } },
      );
      run.end();
      const { verdicts } = await resolveLedger(SAMPLE.tables, client, run.folder);
      assert.deepEqual(verdicts, { committed: 1, aborted: 0, unknown: 0 });
      assert.deepEqual((await check(client, run)).differences, { count: 0, examples: [] });
    }));
}

function listed([sql, written]: [string, Change]): [string, Change[]] {
  return [sql, [written]];
}
