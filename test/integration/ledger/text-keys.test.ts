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

/** The keys of measurements, in the form in which the server prints them. */
const AT = ['2026-01-31 08:15:00.5+00', '2031-02-28 23:59:59.999999+00'];

/** A run with every kind of change. The second worker changes a key, and the server a row of the first. */
async function sampleRun(client: Client, folder: string): Promise<Run> {
  const run = await Run.begin(client, folder);
  const rows = AT.map((at) => [12, at, '70.50', '1 day', 'um']);
  await run.transact(
    1,
    `INSERT INTO medidas VALUES (12, '${AT[0]}', 70.50, '1 day', 'um'), (12, '${AT[1]}', 70.50, '1 day', 'um')`,
    [change('medidas', 'insert', ...rows)],
  );
  await run.transact(1, `UPDATE medidas SET nota = 'dois' WHERE medido_em = '${AT[1]}'`, [
    { ...change('medidas', 'update', [12, AT[1]!, '70.50', 'dois']), columns: ['peso', 'nota'] },
  ]);
  await run.transact(
    1,
    `INSERT INTO "Itens" VALUES ('a''"\\,{é', 1, NULL), ('velho', 3, NULL), ('filho', 2, 'velho')`,
    [
      change(
        '"Itens"',
        'insert',
        ['a\'"\\,{é', 1, null],
        ['filho', 2, 'velho'],
        ['velho', 3, null],
      ),
    ],
  );
  await run.transact(2, `UPDATE "Itens" SET "Código" = 'novo' WHERE n = 3`, [
    change('"Itens"', 'delete', ['velho']),
    change('"Itens"', 'insert', ['novo', 3, null]),
    {
      ...change('"Itens"', 'update', ['filho', 'novo']),
      columns: ['Principal'],
      stored: [['filho', 2, 'novo']],
    },
  ]);
  await run.transact(1, `DELETE FROM "Itens" WHERE n = 1`, [
    change('"Itens"', 'delete', ['a\'"\\,{é']),
  ]);
  await run.transact(2, `DELETE FROM "Itens"`, [change('"Itens"', 'delete', ['novo'])], 'ROLLBACK');
  const line = ['2026-01-31', 'ana', 'f'];
  await run.transact(
    2,
    `INSERT INTO rastros VALUES ('2026-01-31', 'ana', false), ('2026-01-31', 'ana', false)`,
    [change('rastros', 'insert', line, line)],
  );
  run.end();
  return run;
}

/** Changes that no ledger has, one after the other, each with the row that then differs too. */
const CONTRADICTIONS: readonly (readonly [string, string, string])[] = [
  [`UPDATE medidas SET nota = nota WHERE medido_em = '${AT[0]}'`, 'medidas', `["12","${AT[0]}"]`],
  [
    `UPDATE medidas SET paciente_id = 9 WHERE medido_em = '${AT[1]}'`,
    'medidas',
    `["12","${AT[1]}"]`,
  ],
  [`INSERT INTO "Itens" VALUES ('a''"\\,{é', 1)`, '"Itens"', 'a\'"\\,{é'],
  [`INSERT INTO "Itens" VALUES ('velho', 3)`, '"Itens"', 'velho'],
  [`UPDATE "Itens" SET n = n WHERE "Código" = 'filho'`, '"Itens"', 'filho'],
  [`DELETE FROM "Itens" WHERE "Código" IN ('novo', 'filho')`, '"Itens"', 'novo'],
];

for (const server of servers) {
  test(`rows with other keys than ids are compared with their tables, on ${server.version}`, () =>
    withTempFolder((folder) =>
      withDatabase(server, ({ target }) =>
        withConnection(target, async (client) => {
          await client.query(CREATE_TABLES);
          const run = await sampleRun(client, join(folder, 'one'));
          const { differences, unchecked, totals } = await check(client, run);
          assert.deepEqual(differences, { count: 0, examples: [] });
          assert.deepEqual(unchecked, ['rastros']);
          assert.deepEqual(totals.rows['"Itens"'], { insert: 4, update: 1, delete: 2 });
          for (const [i, [sql, table, key]] of CONTRADICTIONS.entries()) {
            await client.query(sql);
            const { differences } = await check(client, run);
            assert.equal(differences.count, i + 1, sql);
            const named = differences.examples.find((found) => found.key === key);
            assert.deepEqual([named?.table, named?.committed], [table, true], sql);
            assert.notEqual(named?.intent, null);
          }
        }),
      ),
    ));

  test(`rows with other keys that a later run changed are no differences, on ${server.version}`, () =>
    withTempFolder((folder) =>
      withDatabase(server, ({ target }) =>
        withConnection(target, async (client) => {
          await client.query(CREATE_TABLES);
          const run = await sampleRun(client, join(folder, 'one'));
          const later = await Run.begin(client, join(folder, 'two'));
          await later.transact(1, `UPDATE "Itens" SET n = 5; UPDATE medidas SET paciente_id = 9`, [
            {
              ...change('"Itens"', 'update', ['novo', 5, null], ['filho', 5, 'novo']),
              columns: ['n'],
              stored: [
                ['novo', 5, null],
                ['filho', 5, 'novo'],
              ],
            },
            change('medidas', 'delete', ...AT.map((at) => [12, at])),
            change('medidas', 'insert', ...AT.map((at) => [9, at, '70.50', '1 day', 'um'])),
          ]);
          await later.transact(2, `DELETE FROM "Itens" WHERE "Código" = 'filho'`, [
            change('"Itens"', 'delete', ['filho']),
          ]);
          later.end();
          assert.equal((await check(client, run)).differences.count, 4);
          const other = { run: 'two', folder: later.folder, tables: SAMPLE.tables };
          const { differences, changedSince } = await check(client, run, [other]);
          assert.deepEqual(differences, { count: 0, examples: [] });
          assert.deepEqual(changedSince, { count: 4, runs: { two: 4 } });
          assert.equal((await check(client, later)).differences.count, 0);
        }),
      ),
    ));

  test(`transactions without an answer are resolved by any key, on ${server.version}`, () =>
    withTempFolder((folder) =>
      withDatabase(server, ({ target }) =>
        withConnection(target, async (client) => {
          await client.query(CREATE_TABLES);
          const run = await Run.begin(client, folder);
          const [at = ''] = AT;
          const line = ['2026-01-31', 'ana', 'f'];
          const item = change('"Itens"', 'insert', ["d'água", 1, null]);
          const measure = change('medidas', 'insert', [12, at, '1', null, null]);
          const trace = change('rastros', 'insert', line);
          const sent: [string, Change][] = [
            [`INSERT INTO "Itens" VALUES ('d''água', 1)`, item],
            [`INSERT INTO medidas VALUES (12, '${at}', 1)`, measure],
            [`INSERT INTO rastros VALUES ('2026-01-31', 'ana', false)`, trace],
          ];
          for (const [sql, changes] of sent) {
            await run.transact(1, sql, [changes], 'ROLLBACK', false);
            await run.transact(2, sql, [changes], 'COMMIT', false);
          }
          run.end();
          const { verdicts } = await resolveLedger(SAMPLE.tables, client, folder);
          assert.deepEqual(verdicts, { committed: 3, aborted: 3, unknown: 0 });
          const { differences, totals } = await check(client, run);
          assert.deepEqual(differences, { count: 0, examples: [] });
          assert.equal(totals.rows['"Itens"']?.insert, 1);
        }),
      ),
    ));
}
