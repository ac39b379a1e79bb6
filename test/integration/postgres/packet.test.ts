import assert from 'node:assert/strict';
import test from 'node:test';
import { withConnection } from '../../../src/postgres/connect.js';
import { sendUnchecked } from '../../../src/postgres/packet.js';
import { BEGIN, COMMIT, insertRows, updateRows } from '../../../src/postgres/statements.js';
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

for (const server of await startServers()) {
  const { version } = server;

  test(`${version}: rows arrive as they were, with any text in them`, async () => {
    await withDatabase(server, async (db) => {
      await withConnection(db.target, async (client) => {
        const { answers, error } = await sendUnchecked(client, [
          BEGIN,
          insertRows(tables.get('medicos'), MEDICOS, 'exact'),
          insertRows(
            tables.get('pacientes'),
            [
              [1, 'A', '1899-12-31', '1', null, null, '2026-02-28 23:59:59'],
              [2, 'B', '2024-02-29', '2', '', 'rua', '1999-12-31 00:00:01'],
            ],
            'exact',
          ),
          COMMIT,
        ]);
        assert.equal(error, null);
        assert.deepEqual(
          answers.map(({ count }) => count),
          [0, 3, 2, 0],
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
