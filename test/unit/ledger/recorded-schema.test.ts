import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { readFacts, writeFacts } from '../../../src/ledger/facts-file.js';
import { printedColumns } from '../../../src/ledger/fingerprint.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import { readHeader } from '../../../src/ledger/reader.js';
import { tablesOfLedger } from '../../../src/ledger/recorded-schema.js';
import { readLedger } from '../../../src/ledger/totals.js';
import { LedgerWriter } from '../../../src/ledger/writer.js';
import type { Tables } from '../../../src/schema/tables.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { HEADER, SCHEMA } from './sample-ledger.js';
import { SAMPLE } from './sample-tables.js';

const { ledger: _, started: __, ...MEMBERS } = HEADER;

/** Writes the ledger of a run with one committed row of a table, and returns the version in its header. */
function writeRun(
  folder: string,
  schema: Pick<typeof SCHEMA, 'extensions' | 'tables'>,
  row: string[],
) {
  mkdirSync(folder, { recursive: true });
  writeFacts(schema, folder, HEADER.run, HEADER.server, factsWithTriggers({}));
  const path = ledgerFile(folder, 1, 1);
  const writer = LedgerWriter.create(schema, path, MEMBERS);
  const table = schema.extensions.length > 0 ? '"Itens"' : 'exames';
  const changes = [{ table, operation: 'delete' as const, rows: [row] }];
  const name = { xid: '9', lsn: '0/9' };
  const [number = 0] = writer.intend([{ ...name, changes, subtransactions: false }]);
  writer.commit([{ ...name, number, dropped: [] }]);
  writer.end();
  writer.close();
  return readHeader(path)?.ledger;
}

const splitOf = (tables: Tables) =>
  tables.record((table) => printedColumns(table).map(({ name, part }) => `${name} ${part}`));

test('a run with an extension writes version 3, and its schema, with which it is read', () =>
  withTempFolder(async (folder) => {
    assert.equal(writeRun(folder, SAMPLE, ['Código 1']), 3);
    const { schema } = readFacts(folder);
    assert.deepEqual(schema?.extensions, ['amostra']);
    assert.deepEqual(schema?.changing.medidas, ['peso', 'nota']);
    const totals = await readLedger(SAMPLE.tables, folder);
    assert.deepEqual(totals.problems.examples, []);
    assert.equal(totals.rows['"Itens"']?.delete, 1);
  }));

test('a run without extensions writes version 2', () =>
  withTempFolder(async (folder) => {
    assert.equal(writeRun(folder, SCHEMA, ['7']), 2);
    const { schema } = readFacts(folder);
    assert.deepEqual(schema?.extensions, []);
    const tables = tablesOfLedger(SCHEMA, schema);
    assert.deepEqual(splitOf(tables), splitOf(SCHEMA.tables));
    assert.equal((await readLedger(tables, folder)).problems.count, 0);
  }));

test('the columns are split as the ledger says, and as the first ledgers had it where it does not', () => {
  const first = tablesOfLedger(SCHEMA, null);
  assert.deepEqual(splitOf(first).exames, [
    'id key',
    'paciente_id fixed',
    'tipo_exame fixed',
    'data fixed',
    'resultado changing',
  ]);
  const recorded = tablesOfLedger(SCHEMA, { extensions: [], changing: { exames: ['data'] } });
  assert.deepEqual(splitOf(recorded).exames?.slice(3), ['data changing', 'resultado fixed']);
  assert.deepEqual(
    recorded.map(({ name, code }) => [name, code]),
    SCHEMA.tables.map(({ name, code }) => [name, code]),
  );
});
