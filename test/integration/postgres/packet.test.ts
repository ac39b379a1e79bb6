import assert from 'node:assert/strict';
import test from 'node:test';
import { withConnection } from '../../../src/postgres/connect.js';
import { sendUnchecked } from '../../../src/postgres/packet.js';
import { BEGIN, COMMIT, insertRows, updateRows } from '../../../src/postgres/statements.js';
import type { Row, Table } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

const { tables } = schemaWith([]);

/** Rows that are hard to encode: nulls, quotes, characters of several bytes, extreme values. */
const MEDICOS = [
  [9_007_199_254_740_991, 'Ação "dupla" \\ {barra}, vírgula', 'CRM/SP 1', 'Clínica', null],
  [2 ** 32 + 7, '', 'CRM/SP 2', '😀 — emoji', '(11) 91234-5678'],
  [1, 'x'.repeat(150), 'CRM/SP 3', 'ç'.repeat(80), null],
] as const;

const PACIENTES = [
  [1, 'A', '1899-12-31', '1', null, null, '2026-02-28 23:59:59'],
  [2, 'B', '2024-02-29', '2', '', 'rua', '1999-12-31 00:00:01'],
] as const;

for (const server of await startServers()) {
  const { version } = server;

  const [together, oneByOne] = [
    (table: Table, rows: readonly Row[]) => [insertRows(table, rows, 'exact')],
    (table: Table, rows: readonly Row[]) => rows.map((row) => insertRows(table, [row], 'exact')),
  ];
  for (const [how, inserts] of [
    ['together', together],
    ['one by one', oneByOne],
  ] as const) {
    test(`${version}: rows sent ${how} arrive as they were, with any text in them`, async () => {
      await withDatabase(server, async (db) => {
        await withConnection(db.target, async (client) => {
          const { answers, error } = await sendUnchecked(client, [
            BEGIN,
            ...inserts(tables.get('medicos'), MEDICOS),
            ...inserts(tables.get('pacientes'), PACIENTES),
            COMMIT,
          ]);
          assert.equal(error, null);
          assert.equal(
            answers.reduce((sum, { count }) => sum + count, 0),
            5,
          );
        });
        const names = tables
          .get('medicos')
          .columns.map(({ name }) => name)
          .join(', ');
        const medicos = await db.query(`SELECT ${names} FROM medicos ORDER BY crm`);
        assert.deepEqual(
          medicos.map((row) => Object.values(row)),
          MEDICOS.map(([id, ...rest]) => [String(id), ...rest]),
        );
        const pacientes = await db.query(
          'SELECT nascimento::text, data_cadastro::text, telefone FROM pacientes ORDER BY id',
        );
        assert.deepEqual(pacientes, [
          { nascimento: '1899-12-31', data_cadastro: '2026-02-28 23:59:59', telefone: null },
          { nascimento: '2024-02-29', data_cadastro: '1999-12-31 00:00:01', telefone: '' },
        ]);
      });
    });
  }

  test(`${version}: a failure ends its packet, and the transactions before it stand`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        const insert = (id: number, crm: string) =>
          insertRows(tables.get('medicos'), [[id, 'Nome', crm, 'Clínica', null]], 'exact');
        const { answers, error } = await sendUnchecked(client, [
          ...[BEGIN, insert(1, 'a'), COMMIT],
          ...[BEGIN, insert(2, 'a'), COMMIT],
          ...[BEGIN, insert(3, 'c'), COMMIT],
        ]);
        assert.equal((error as { code?: string }).code, '23505');
        assert.equal(answers.length, 4);
        await client.query('ROLLBACK');
        // The failed statement can be used again, and so can one after it.
        const again = await sendUnchecked(client, [BEGIN, insert(4, 'd'), COMMIT]);
        assert.equal(again.error, null);
      });
      assert.deepEqual(await db.query('SELECT id::int FROM medicos ORDER BY id'), [
        { id: 1 },
        { id: 4 },
      ]);
    });
  });

  test(`${version}: an exact update of fewer rows than asked for fails`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        const update = (...ids: number[]) =>
          updateRows(
            tables.get('convenios'),
            {
              type: 'vinculo',
              change: { columns: ['cobertura'], open: "cobertura <> 'x'" },
            },
            ids.map((id) => [id, 'x']),
            'exact',
          );
        assert.equal((await sendUnchecked(client, [update(1)])).error, null);
        const short = await sendUnchecked(client, [update(1, 2)]);
        assert.equal((short.error as { code?: string }).code, '22012');
      });
      const changed = await db.query("SELECT id::int FROM convenios WHERE cobertura = 'x'");
      assert.deepEqual(changed, [{ id: 1 }]);
    });
  });

  test(`${version}: packets in flight are answered in their order, also after a failure`, async () => {
    await withDatabase(server, async (db) => {
      await db.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION USING ERRCODE = '23514'; END $$`);
      await db.query(`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON medicos DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.crm = 'late') EXECUTE FUNCTION refuse()`);
      await withConnection(db.target, async (client) => {
        const inserting = (...rows: [id: number, crm: string][]) =>
          sendUnchecked(
            client,
            rows.flatMap(([id, crm]) => [
              BEGIN,
              insertRows(tables.get('medicos'), [[id, 'Nome', crm, 'Clínica', null]], 'exact'),
              COMMIT,
            ]),
          );
        const inFlight = async (...packets: [id: number, crm: string][][]) => {
          const order: number[] = [];
          const replies = await Promise.all(
            packets.map(async (rows, i) => {
              const reply = await inserting(...rows);
              order.push(i);
              return reply;
            }),
          );
          assert.deepEqual(order, [0, 1]);
          return replies.map(({ answers, error }) => [
            answers.length,
            (error as { code?: string } | null)?.code ?? null,
          ]);
        };
        // The statements are prepared by the first packet, and by the second once more.
        assert.deepEqual(await inFlight([[1, 'a']], [[2, 'b']]), [
          [3, null],
          [3, null],
        ]);
        // Both are longer than what the socket takes at once.
        const long = (from: number): [id: number, crm: string][] =>
          Array.from({ length: 500 }, (_, i) => [from + i, `long ${from + i}`]);
        assert.deepEqual(await inFlight(long(1000), long(2000)), [
          [1500, null],
          [1500, null],
        ]);
        assert.deepEqual(
          await inFlight(
            [
              [3, 'c'],
              [4, 'c'],
            ],
            [[5, 'e']],
          ),
          [
            [4, '23505'],
            [0, '25P02'],
          ],
        );
        await client.query('ROLLBACK');
        // A COMMIT that fails ends its transaction.
        assert.deepEqual(await inFlight([[6, 'late']], [[7, 'g']]), [
          [2, '23514'],
          [3, null],
        ]);
        const lost = Promise.all([
          sendUnchecked(client, [
            { name: 'sleep', text: 'SELECT pg_sleep(60)', types: [], rows: [] },
          ]),
          inserting([8, 'h']),
        ]);
        await server.terminateBackends(db.name);
        for (const { answers, error } of await lost) {
          assert.equal(answers.length, 0);
          assert.ok(error instanceof Error);
        }
      });
      assert.deepEqual(
        await db.query('SELECT array_agg(id::int ORDER BY id) AS ids FROM medicos WHERE id < 1000'),
        [{ ids: [1, 2, 3, 7] }],
      );
    });
  });

  test(`${version}: a connection that is lost fails the packet`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        const lost = sendUnchecked(client, [
          { name: 'sleep', text: 'SELECT pg_sleep(60)', types: [], rows: [] },
        ]);
        await server.terminateBackends(db.name);
        const { answers, error } = await lost;
        assert.equal(answers.length, 0);
        assert.ok(error instanceof Error);
        assert.ok((await sendUnchecked(client, [BEGIN])).error instanceof Error);
      });
    });
  });
}
