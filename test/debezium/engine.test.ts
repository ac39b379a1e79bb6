import assert from 'node:assert/strict';
import test from 'node:test';
import { withDatabase } from '../helpers/database.js';
import { startServers } from '../helpers/server.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { DebeziumEngine } from './engine.js';
import { findJava } from './java.js';

const { java, skip } = await findJava();
const servers = skip === false ? await startServers({ settings: { wal_level: 'logical' } }) : [];
if (servers.length === 0) test('Debezium captures what is written', { skip }, () => undefined);

interface Envelope {
  readonly op: string;
  readonly after: { readonly id: number; readonly nome: string } | null;
}

for (const server of servers) {
  test(`${server.version}: Debezium captures what is written, and goes on when it was killed`, async () => {
    await withTempFolder(async (folder) => {
      await withDatabase(server, async (db) => {
        assert.ok(java);
        const engine = await DebeziumEngine.start({ java, target: db.target, folder });
        try {
          const insert = (nome: string) =>
            db.query(
              `INSERT INTO medicos (nome, crm, especialidade) VALUES ($1, $1, 'clínica') RETURNING id`,
              [nome],
            );
          await insert('Ana');
          await engine.until(has('Ana'), 'the first row');
          await engine.kill();
          await insert('Bia');
          await engine.restart();
          await engine.until(has('Bia'), 'the row written while it was down');
          await engine.stop();
          assert.equal(engine.errors, '');
          const names = new Set(engine.lines().map((line) => nameOf(line)));
          names.delete(undefined);
          assert.deepEqual([...names], ['Ana', 'Bia']);
        } finally {
          await engine.stop();
          await db.query(`SELECT pg_drop_replication_slot('${engine.name}')`);
        }
      });
    });
  });
}

function has(nome: string): (lines: readonly string[]) => boolean {
  return (lines) => lines.some((line) => nameOf(line) === nome);
}

function nameOf(line: string): string | undefined {
  return (JSON.parse(line) as Envelope).after?.nome;
}
