import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { readDatabaseFacts } from '../../../src/database/read-facts.js';
import { initDb } from '../../../src/database/scripts.js';
import { keyOf } from '../../../src/ledger/row-key.js';
import { withConnection } from '../../../src/postgres/connect.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type Scope, tableScope } from '../../../src/sources/scope.js';
import { SlotSource } from '../../../src/sources/slot/source.js';
import { currentWalLsn } from '../../../src/sources/slot/wal-position.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { PATIENT } from './collecting.js';
import { startLogicalServers } from './slot-database.js';

const EXTENDED = schemaWith(['prontuario']);
const { tables: TABLES } = EXTENDED;
const ITENS = 'faturamento."Itens da Conta"';

const servers = await startLogicalServers();

/** Formats of a database that would change the texts of a session which does not set its own. */
const OTHER_FORMATS = [
  `DateStyle = 'SQL, DMY'`,
  `TimeZone = 'America/Sao_Paulo'`,
  `IntervalStyle = 'sql_standard'`,
  'extra_float_digits = -3',
  `bytea_output = 'escape'`,
];

/** A database with the extension's tables, a patient, a doctor, and other formats. */
function withExtension(
  server: (typeof servers)[number],
  body: (db: TestDatabase) => Promise<void>,
): Promise<void> {
  return withDatabase(server, async (db) => {
    await withConnection(db.target, (client) => initDb(client, db.target, EXTENDED));
    for (const format of OTHER_FORMATS) await db.query(`ALTER DATABASE ${db.name} SET ${format}`);
    await db.query(
      `INSERT INTO pacientes (id, nome, nascimento, cpf) VALUES (1, 'Ana', '1990-01-01', '1');
       INSERT INTO medicos (id, nome, crm, especialidade) VALUES (1, 'Bia', '1', 'clínica')`,
    );
    await body(db);
  });
}

/** Where the database has the run's tables and their partitions. */
async function scopeOf(db: TestDatabase): Promise<Scope> {
  const { tables } = await withConnection(db.target, (client) => readDatabaseFacts(client, TABLES));
  return tableScope(TABLES, { database: db.name, tables });
}

/** The events of `changes`, a transaction each, from a slot with a publication of its own. */
async function eventsOf(db: TestDatabase, changes: readonly string[]): Promise<CollectingSink> {
  const scope = await scopeOf(db);
  const sink = new CollectingSink(TABLES);
  const source = new SlotSource({
    tables: TABLES,
    target: db.target,
    slot: 'extended',
    create: true,
    publications: null,
    reconnect: PATIENT,
  });
  await source.start();
  try {
    for (const change of changes) await db.query(change);
    const end = await withConnection(db.target, currentWalLsn);
    sink.progress = (lsn: number) => {
      if (lsn >= end) source.stop();
    };
  } catch (error) {
    source.stop();
    await source.close();
    throw error;
  }
  await source.run(sink, scope);
  assert.deepEqual([sink.problems, sink.keyless, sink.ignoredKinds], [[], [], []]);
  return sink;
}

const eventsWithKeys = ({ rows }: CollectingSink) =>
  rows.map(({ operation, table, key }) => `${operation} ${table} ${key}`);

for (const server of servers) {
  const { version } = server;

  test(`${version}: values are printed in the ledger's formats, any the database's are`, () =>
    withExtension(server, async (db) => {
      const sink = await eventsOf(db, [
        `INSERT INTO sinais_vitais (paciente_id, medido_em, temperatura, peso, glicemia, lactato, desde_ultima)
           VALUES (1, '2026-03-01 12:00:00.000001+00', 36, 'NaN', 'Infinity', 0.1, '1 day -2 hours')`,
        `INSERT INTO prontuarios (id, paciente_id, medico_id, aberto_em, situacao, texto, estrutura, anexo)
           VALUES (1, 1, 1, '2026-03-01 08:00:00', 'aberto', '', '{"b":1,"a":[]}', '\\x00ff')`,
        `INSERT INTO prescricoes (codigo, paciente_id, medico_id, medicamento, via, classe, estacao, em_uso, vigencia, alertas)
           VALUES ('b8a1d0de-0000-4000-8000-000000000001', 1, 1, 'Dipirona', 'tópica', 'N02', '10.0.0.1/8', true,
                   '[2026-01-01,)', ARRAY[NULL, 'a "b"'])`,
      ]);
      const values = (at: number, count: number) => sink.rows[at]?.values?.slice(0, count);
      assert.deepEqual(values(0, 7), [
        ...['1', '2026-03-01 12:00:00.000001+00', '36.0', 'NaN', 'Infinity', '0.1'],
        '1 day -02:00:00',
      ]);
      assert.deepEqual(values(1, 9), [
        ...['1', '1', '1', '2026-03-01 08:00:00', 'aberto', null, '', '{"a": [], "b": 1}'],
        '\\x00ff',
      ]);
      assert.deepEqual(values(2, 11), [
        ...['b8a1d0de-0000-4000-8000-000000000001', '1', '1', 'Dipirona', 'tópica', 'N02 ', null],
        ...['10.0.0.1/8', 't', '[2026-01-01,)', '{NULL,"a \\"b\\""}'],
      ]);
    }));

  test(`${version}: a changed key is a delete and an insert; its children follow as updates`, () =>
    withExtension(server, async (db) => {
      const item = (code: string, parent: string) =>
        `INSERT INTO ${ITENS} ("Código", "Item Principal", "Paciente", "Descrição", "Quantidade", "Competência", "Valor")
         VALUES ('${code}', ${parent}, 1, 'Diária', 1, 'infinity', 1.5)`;
      const vital = `INSERT INTO sinais_vitais (paciente_id, medido_em) VALUES (1, '2026-03-31 12:00+00')`;
      const sink = await eventsOf(db, [
        item('KIT-1', 'NULL'),
        item('KIT-1/A', `'KIT-1'`),
        `UPDATE ${ITENS} SET "Código" = 'KIT-2' WHERE "Código" = 'KIT-1'`,
        vital,
        // To another partition, and within it.
        `UPDATE sinais_vitais SET medido_em = '2026-04-01 12:00+00'`,
        `UPDATE sinais_vitais SET medido_em = '2026-04-02 12:00+00'`,
      ]);
      const at = (time: string) => JSON.stringify(['1', `${time} 12:00:00+00`]);
      assert.deepEqual(eventsWithKeys(sink), [
        `insert ${ITENS} KIT-1`,
        `insert ${ITENS} KIT-1/A`,
        `delete ${ITENS} KIT-1`,
        `insert ${ITENS} KIT-2`,
        `update ${ITENS} KIT-1/A`,
        `insert sinais_vitais ${at('2026-03-31')}`,
        `delete sinais_vitais ${at('2026-03-31')}`,
        `insert sinais_vitais ${at('2026-04-01')}`,
        `delete sinais_vitais ${at('2026-04-01')}`,
        `insert sinais_vitais ${at('2026-04-02')}`,
      ]);
      assert.equal(sink.rows[4]?.values?.[1], 'KIT-2');
    }));

  test(`${version}: equal rows of a table without a key have one key, and each change its event`, () =>
    withExtension(server, async (db) => {
      const sink = await eventsOf(db, [
        `INSERT INTO auditoria SELECT '2026-03-01', 'ana', 'leu', NULL, false FROM generate_series(1, 2)`,
        'UPDATE auditoria SET revisada = true WHERE ctid = (SELECT min(ctid) FROM auditoria)',
        'DELETE FROM auditoria',
      ]);
      const key = (reviewed: string) =>
        keyOf(TABLES.get('auditoria'), ['2026-03-01', 'ana', 'leu', null, reviewed]);
      assert.deepEqual(eventsWithKeys(sink).sort(), [
        ...[key('f'), key('t')].sort().map((each) => `delete auditoria ${each}`),
        `insert auditoria ${key('f')}`,
        `insert auditoria ${key('f')}`,
        `update auditoria ${key('f')}`,
      ]);
    }));
}
