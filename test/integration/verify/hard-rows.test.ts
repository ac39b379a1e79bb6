import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { initDb } from '../../../src/database/scripts.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { scopeOfNames } from '../../../src/sources/scope.js';
import { currentWalLsn } from '../../../src/sources/slot/lsn.js';
import { SlotSource } from '../../../src/sources/slot/source.js';
import { DerivedRows } from '../../../src/verify/rows/derived-rows.js';
import { compareFinalState, type FinalState } from '../../../src/verify/rows/final-state.js';
import { printersOf } from '../../../src/verify/rows/fingerprint.js';
import { RowTracker } from '../../../src/verify/rows/tracker.js';
import { Results } from '../../../src/verify/verdict/accounting.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { columnsOf, type ReceivedRow } from '../../helpers/received-row.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers({ settings: { wal_level: 'logical' } });
const schema = schemaWith(['prontuario']);
const { tables } = schema;
const ITENS = 'faturamento."Itens da Conta"';
/** Bytes: enough for all rows of a test. */
const PLENTY = 2 ** 22;

/** Rows of every key and type, with values that are easily lost. */
const ROWS = `
  INSERT INTO pacientes (nome, nascimento, cpf, data_cadastro)
    VALUES ('Ana', '1980-01-31', '000.000.001-91', '2024-01-01');
  INSERT INTO medicos (nome, crm, especialidade) VALUES ('Rui', 'CRM/SP 000001', 'Clínica');
  INSERT INTO prontuarios (paciente_id, medico_id, aberto_em, situacao, texto, estrutura, anexo)
    SELECT 1, 1, '2026-01-02 10:00:00.5', 'aberto', string_agg(md5(i::text), ' '), '{"b": [1, null]}', '\\x00ff'
      FROM generate_series(1, 2000) i;
  INSERT INTO sinais_vitais (paciente_id, medido_em, temperatura, peso, glicemia, lactato, desde_ultima)
    VALUES (1, '2026-01-02 10:00:00.000001+00', 'NaN', 70.50, 'Infinity', '-Infinity', '1 mon -2 days 00:00:00.5'),
           (1, '2026-02-02 10:00:00+00', 36.5, 70.500, 1e30, 1e-7, NULL);
  INSERT INTO prescricoes (codigo, paciente_id, medico_id, medicamento, via, classe, controlado, estacao, em_uso, vigencia, alertas)
    VALUES ('00000000-0000-4000-8000-00000000000a', 1, 1, 'x', 'oral', 'AB', NULL, '10.0.0.0/8', true, '[2026-01-01,)', '{NULL,"a\\"b","c,d",""}');
  INSERT INTO auditoria VALUES ('2026-01-02', 'ana', 'login', '', false), ('2026-01-02', 'ana', 'login', '', false);
  INSERT INTO ${ITENS} ("Código", "Item Principal", "Paciente", "Descrição", "Quantidade", "Competência", "Valor", "Vencimento", "Glosa")
    VALUES ('A', NULL, 1, 'kit 😀', 1, 'infinity', 10.00, '-infinity', ''),
           ('B', 'A', 1, '', 2, '0044-03-15 BC', -0.50, '9999-12-31 23:59:59.999999', NULL);`;

const CHANGES = `
  UPDATE prontuarios SET situacao = 'assinado', assinado_em = aberto_em;
  UPDATE sinais_vitais SET temperatura = 37.0 WHERE temperatura = 'NaN';
  UPDATE ${ITENS} SET "Código" = 'C', "Valor" = 11.00 WHERE "Código" = 'A';
  DELETE FROM sinais_vitais WHERE medido_em = '2026-02-02 10:00:00+00';
  DELETE FROM auditoria WHERE ctid = (SELECT min(ctid) FROM auditoria)`;

/** Keyed rows that exist at the end, or were there once: a patient, a doctor, five rows, and the two that are gone. */
const KEYED = { present: 7, gone: 2 };

/** The events of the rows and their changes, from a slot. */
async function events(db: TestDatabase): Promise<readonly ReceivedRow[]> {
  await withConnection(db.target, (client) => initDb(client, db.target, schema));
  const names = tables.names.join(', ');
  await db.query(`CREATE PUBLICATION hard FOR TABLE ${names} WITH (publish_via_partition_root)`);
  await db.query("SELECT pg_create_logical_replication_slot('hard', 'pgoutput')");
  await db.query(ROWS);
  await db.query(CHANGES);
  const sink = new CollectingSink(tables);
  const source = new SlotSource({
    tables,
    target: db.target,
    slot: 'hard',
    create: false,
    publications: ['hard'],
    reconnect: { attempts: 1, baseMs: 10, maxMs: 10, failFast: true },
  });
  const end = await withConnection(db.target, currentWalLsn);
  Object.assign(sink, { progress: (lsn: number) => lsn >= end && source.stop() });
  await source.run(sink, scopeOfNames(tables));
  // Inserts, then: two updates, a key change as delete and insert, its cascade, two deletes.
  assert.equal(sink.rows.length, 10 + 7);
  assert.deepEqual(sink.keyless, []);
  await db.query("SELECT pg_drop_replication_slot('hard')");
  return sink.rows;
}

/** Compares the rows of a stream with the tables. */
async function compared(
  { target }: TestDatabase,
  rows: readonly ReceivedRow[],
): Promise<FinalState & { readonly wrong: readonly unknown[] }> {
  const printers = printersOf(tables, 3);
  const tracker = new RowTracker(tables, PLENTY, 1);
  for (const row of rows) {
    const detail = tracker.fold(row, printers.get(row.table)!.print(row, columnsOf(row)));
    // The cascade's: the ledger of a run has the stored row.
    const isCascade = row.table === ITENS && row.key === 'B';
    if (detail !== null && !isCascade) assert.fail(`${row.table} ${row.key}: ${detail}`);
  }
  const results = new Results();
  const derived = new DerivedRows(tables);
  const state = await withConnection(target, (client) =>
    compareFinalState(client, { tables, results, tracker, derived }),
  );
  const wrong = results.findings.causes.flatMap(({ examples }) =>
    examples.map(({ table, key }) => [table, key]),
  );
  return { ...state, wrong };
}

for (const server of servers) {
  const { version } = server;

  test(`${version}: rows of every key and type equal the tables, and an altered one does not`, async () => {
    await withDatabase(server, async (db) => {
      const rows = await events(db);
      const { checked, superseded, wrong } = await compared(db, rows);
      assert.deepEqual(wrong, []);
      // The last event of the chart lacks its text, which did not change: that of its insert is carried.
      const chart = rows.findLast(({ table }) => table === ('prontuarios' as string));
      assert.deepEqual(chart?.unchanged, [6]);
      assert.deepEqual([checked, superseded], [KEYED.present + KEYED.gone, 0]);
      const last = rows.findLastIndex(({ table }) => table === (ITENS as string));
      const price = tables.get(ITENS).columns.findIndex(({ name }) => name === 'Valor');
      for (const [at, place] of [
        [last, price],
        [rows.findIndex(({ table }) => table === 'prescricoes'), 5],
      ] as const) {
        const row = rows[at]!;
        const altered = { ...row, values: row.values?.with(place, '0') ?? null };
        const found = await compared(db, rows.with(at, altered));
        assert.deepEqual(found.wrong, [[row.table, row.key]]);
      }
    });
  });

  test(`${version}: rows that the server added are proved by any key`, async () => {
    await withDatabase(server, async (db) => {
      const rows = await events(db);
      const derived = new DerivedRows(tables);
      const keyed = rows.filter(({ table, operation }) => {
        return operation === 'insert' && tables.get(table).keyKind === 'columns';
      });
      for (const row of keyed) derived.add(row, true);
      await withConnection(db.target, (client) => derived.prove(client));
      // A vital sign was updated by another transaction and one is gone; the items changed as well.
      const kept = keyed.filter(({ table, key }) => {
        return table === 'prescricoes' || key === 'C';
      });
      assert.deepEqual(
        [derived.proved, derived.unproved],
        [kept.length, keyed.length - kept.length],
      );
    });
  });
}
