import assert from 'node:assert/strict';
import test from 'node:test';
import type { Client } from 'pg';
import { encodeWhole, Fingerprints } from '../../../src/ledger/fingerprint.js';
import { intentOf } from '../../../src/ledger/writer.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { send } from '../../../src/postgres/packet.js';
import type { ReturnMode } from '../../../src/postgres/statements.js';
import type { EventSpec } from '../../../src/schema/event.js';
import type { Row } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { BatchResult } from '../../../workers/batch-result.js';
import { isPredictable, readBackBy, statementOf, type Write } from '../../../workers/writes.js';
import { withDatabase } from '../../helpers/database.js';
import { startServers } from '../../helpers/server.js';

const schema = schemaWith([]);
const consulta = schema.event('consulta');

/** Event types on the table of `consulta`, with an UPDATE and a DELETE of their own. */
const remarcacao = sibling('remarcacao', ['data', 'status'], "status = 'cancelada'");
const troca = sibling('troca', ['motivo'], "status = 'faltou'");
/** Sets a part of the columns that `consulta` sets. */
const adiamento = sibling('adiamento', ['data'], "status = 'faltou'");

function sibling(type: string, columns: readonly string[], open: string): EventSpec {
  const change = { ...consulta.change, columns, open };
  return { ...consulta, type, change, deletable: open };
}

const STATUSES = ['agendada', 'cancelada', 'faltou'] as const;
const AT = '2026-03-02 09:00:00';
const LATER = '2026-03-03 10:30:00';

/** Consultas 1 to 3, one of each status. */
async function prepare(client: Client): Promise<void> {
  await client.query(
    `INSERT INTO pacientes (id, nome, nascimento, cpf) VALUES (1, 'A', '1990-01-01', '1')`,
  );
  await client.query(
    `INSERT INTO medicos (id, nome, crm, especialidade) VALUES (1, 'M', '1', 'Clínica')`,
  );
  for (const [i, status] of STATUSES.entries()) {
    await client.query(
      `INSERT INTO consultas (id, paciente_id, medico_id, data, motivo, status)
       VALUES (${i + 1}, 1, 1, '${AT}', 'retorno', '${status}')`,
    );
  }
}

async function consultas(client: Client): Promise<Row[]> {
  const { rows } = await client.query({
    text: `SELECT id::int, paciente_id::int, medico_id::int, data::text, motivo, status
             FROM consultas ORDER BY id`,
    rowMode: 'array',
  });
  return rows as Row[];
}

function update(spec: EventSpec, rows: readonly Row[]): Write {
  const candidates = rows.map(([id]) => ({ key: [id!], at: 0 }));
  return { table: schema.tables.get(spec.table), operation: 'update', rows, candidates, spec };
}

function remove(spec: EventSpec, ids: readonly number[]): Write {
  return {
    ...update(
      spec,
      ids.map((id) => [id]),
    ),
    operation: 'delete',
  };
}

for (const server of await startServers()) {
  const { version } = server;

  /** Runs writes of several event types on one connection, as a worker of all of them would. */
  const run = (writes: readonly Write[], returned: ReturnMode) =>
    withDatabase(server, ({ target }) =>
      withConnection(target, async (client) => {
        await prepare(client);
        for (const write of writes) await send(client, [statementOf(write, returned)]);
        return consultas(client);
      }),
    );

  test(`${version}: two event types on a table update their own columns, of their own open rows`, async () => {
    const writes = [
      update(consulta, [[1, 'realizada', LATER]]),
      update(remarcacao, [[2, LATER, 'agendada']]),
      update(troca, [[3, 'outro motivo']]),
    ];
    for (const returned of ['ids', 'rows', 'exact'] as const) {
      assert.deepEqual(await run(writes, returned), [
        [1, 1, 1, LATER, 'retorno', 'realizada'],
        [2, 1, 1, LATER, 'retorno', 'agendada'],
        [3, 1, 1, AT, 'outro motivo', 'faltou'],
      ]);
    }
    // Each finds only what is open to its own change.
    const closed = [update(remarcacao, [[1, LATER, 'agendada']]), update(troca, [[2, 'x']])];
    assert.deepEqual(
      (await run(closed, 'ids')).map((row) => row[3]),
      [AT, AT, AT],
    );
  });

  test(`${version}: two event types on a table delete the rows that each may delete`, async () => {
    const writes = [remove(remarcacao, [1, 2, 3]), remove(troca, [1, 2, 3])];
    const left = await run(writes, 'ids');
    assert.deepEqual(
      left.map(([id]) => id),
      [1],
    );
    assert.deepEqual(await run([...writes, remove(consulta, [1, 2, 3])], 'ids'), []);
  });

  test(`${version}: the ledger has of each event type's update what the row then holds`, async () => {
    const cases: [Write, number][] = [
      [update(consulta, [[1, 'realizada', LATER]]), 1],
      [update(remarcacao, [[2, LATER, 'agendada']]), 2],
      [update(adiamento, [[3, LATER]]), 3],
    ];
    for (const [write, id] of cases) {
      await withDatabase(server, ({ target }) =>
        withConnection(target, async (client) => {
          await prepare(client);
          const result = new BatchResult(null);
          if (isPredictable(write, {})) result.addExpected(write);
          else {
            const [answer] = await send(client, [statementOf(write, readBackBy(write, {}))]);
            result.add({ write, answer, cascades: [] });
          }
          if (isPredictable(write, {})) await send(client, [statementOf(write, 'exact')]);
          const { changes } = result.outcome();
          const intent = { xid: null, lsn: null, changes, subtransactions: false };
          const text = intentOf(schema.tables, intent, 1, 0).prints?.consultas?.update ?? '';
          const stored = (await consultas(client)).filter((row) => row[0] === id);
          const table = schema.tables.get('consultas');
          const expected = new Fingerprints(table, encodeWhole(table, stored), 1);
          assert.equal(new Fingerprints(table, text, 1).changing(0), expected.changing(0));
        }),
      );
    }
    // Its own columns do not say what the other changing ones hold: the row is read back.
    assert.equal(isPredictable(update(adiamento, [[3, LATER]]), {}), false);
    assert.equal(isPredictable(update(remarcacao, [[2, LATER, 'agendada']]), {}), true);
  });
}
