import assert from 'node:assert/strict';
import test from 'node:test';
import { IdCache, slotsOf } from '../../../src/ids/cache.js';
import { loadIds } from '../../../src/ids/load.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { randomNumbers } from '../../helpers/random.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers();
const newest = servers.at(-1)!;
const { tables } = schemaWith([]);

const CAPACITY = 1_000;
const FEW = 600;
const MANY = 50_000;

/** A cache filled from the database, and what is in it: `data_cadastro` by patient. */
async function load(db: TestDatabase) {
  const cache = new IdCache(tables, CAPACITY, randomNumbers(1));
  await withConnection(db.target, (client) => loadIds(client, cache, tables));
  const { ids, since } = slotsOf(cache.buffers.get('pacientes')!);
  const size = cache.size('pacientes');
  return { cache, patients: new Map(Array.from({ length: size }, (_, i) => [ids[i]!, since[i]!])) };
}

async function insertPatients(db: TestDatabase, count: number): Promise<void> {
  await db.query(
    `INSERT INTO pacientes (nome, nascimento, cpf, endereco, data_cadastro)
     SELECT 'Maria da Silva', '1990-01-01', g, repeat('x', 60), '2026-01-01'::timestamp + g * interval '1 second'
       FROM generate_series(1, $1::int) AS g`,
    [count],
  );
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: tables that fit are read whole, with when each patient was registered`, async () => {
    await withDatabase(server, async (db) => {
      await insertPatients(db, FEW);
      await db.query(
        "INSERT INTO medicos (nome, crm, especialidade) VALUES ('Rui', 'CRM/SP 1', 'x')",
      );
      const { cache, patients } = await load(db);
      const start = Date.parse('2026-01-01T00:00:00Z');
      const expected = Array.from({ length: FEW }, (_, i) => [i + 1, start + (i + 1) * 1000]);
      assert.deepEqual(
        [...patients].sort(([a], [b]) => a - b),
        expected,
      );
      assert.equal(cache.size('medicos'), 1);
      assert.equal(cache.size('convenios'), 2);
    });
  });

  test(`${version}: of a large table a bounded sample is read, from all over it`, async () => {
    await withDatabase(server, async (db) => {
      await insertPatients(db, MANY);
      for (const statistics of ['never analyzed', 'analyzed']) {
        const { cache, patients } = await load(db);
        // A sample of some 20 blocks of 60 rows: a few hundred ids either way.
        assert.ok(patients.size > CAPACITY / 4, `${statistics}: ${patients.size}`);
        assert.ok(patients.size <= CAPACITY, `${statistics}: ${patients.size}`);
        const half = [...patients.keys()].filter((id) => id > MANY / 2).length;
        assert.ok(half > 0 && half < patients.size, `${statistics}: ${half} of the newer half`);

        // New ids get the place that one row of so many has, no more.
        for (let i = 0; i < 2 * CAPACITY; i++)
          cache.add('pacientes', { id: MANY + i + 1, since: 0 });
        const { ids } = slotsOf(cache.buffers.get('pacientes')!);
        const old = ids.filter((id) => id <= MANY).length;
        assert.ok(old > 0.8 * patients.size, `${statistics}: ${old} of ${patients.size} are left`);
        await db.query('ANALYZE pacientes');
      }
    });
  });
}

test('a moment between two milliseconds counts as the later one', async () => {
  await withDatabase(newest, async (db) => {
    await db.query(
      `INSERT INTO pacientes (nome, nascimento, cpf, data_cadastro) VALUES
        ('Ana', '1990-01-01', '1', '2026-05-06 07:08:09.123001'),
        ('Eva', '1990-01-01', '2', '2026-05-06 07:08:09.123')`,
    );
    const { patients } = await load(db);
    const millis = Date.parse('2026-05-06T07:08:09.123Z');
    assert.deepEqual([...patients.values()].sort(), [millis, millis + 1]);
  });
});

test('ids that JavaScript cannot hold exactly are left out', async () => {
  await withDatabase(newest, async (db) => {
    await db.query(
      `INSERT INTO pacientes (id, nome, nascimento, cpf)
       VALUES (9007199254740991, 'Ana', '1990-01-01', '1'), (9007199254740993, 'Eva', '1990-01-01', '2')`,
    );
    const { patients } = await load(db);
    assert.deepEqual([...patients.keys()], [Number.MAX_SAFE_INTEGER]);
  });
});

test('the few rows of a table that was large before are found', async () => {
  await withDatabase(newest, async (db) => {
    await db.query('ALTER TABLE pacientes SET (autovacuum_enabled = false)');
    await insertPatients(db, MANY);
    await db.query('ANALYZE pacientes');
    await db.query('DELETE FROM pacientes WHERE id % 5000 <> 0');
    const { patients } = await load(db);
    assert.equal(patients.size, MANY / 5000);
  });
});
