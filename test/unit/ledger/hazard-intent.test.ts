import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { encodeWhole } from '../../../src/ledger/fingerprint.js';
import type { KeysOf } from '../../../src/ledger/format.js';
import { isRecordOf } from '../../../src/ledger/is-record.js';
import { countKeys, decodeKeys, encodeKeys } from '../../../src/ledger/keys.js';
import { LedgerReader } from '../../../src/ledger/reader.js';
import {
  type Change,
  type EncodedChange,
  type HazardOutcome,
  intentOf,
  LedgerWriter,
} from '../../../src/ledger/writer.js';
import { gidOf, parseGid } from '../../../src/postgres/prepared.js';
import type { Operation } from '../../../src/schema/changes.js';
import type { Row } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { HEADER, SCHEMA } from './sample-ledger.js';

const { tables } = SCHEMA;
const EXAMES = tables.get('exames');
const NAME = { run: HEADER.run, worker: 2, connection: 3 };
const isRecord = isRecordOf(tables);

const exam = (id: number, result: string | null = null): Row => [
  id,
  12,
  'hemograma',
  '2026-01-31 08:15:00',
  result,
];

function recordOf(changes: readonly Change[], hazards: HazardOutcome) {
  const intent = { xid: '7', lsn: '0/1', changes, subtransactions: false, hazards };
  const record = intentOf(tables, intent, 5, 0, NAME);
  assert.ok(isRecord(record), JSON.stringify(record));
  return record;
}

const inserted = (...rows: Row[]): Change => ({ table: 'exames', operation: 'insert', rows });

function encodedOf(...rows: Row[]): EncodedChange {
  const keys = encodeKeys(rows.map(([id]) => Number(id)));
  const members = { table: 'exames', operation: 'insert', count: rows.length } as const;
  return { ...members, keys, prints: encodeWhole(EXAMES, rows) };
}

test('an id that is listed several times makes its list one of texts, in the order of writing', () => {
  const rows = [exam(9), exam(7, 'first'), exam(7, 'second')];
  const record = recordOf([inserted(...rows)], { names: ['same-row'] });
  assert.deepEqual(record.rows, { exames: { insert: ['7', '7', '9'] } });
  const ordered = [rows[1]!, rows[2]!, rows[0]!];
  assert.equal(record.prints?.exames?.insert, encodeWhole(EXAMES, ordered));
  assert.deepEqual(decodeKeys(EXAMES, record.rows.exames!.insert!), [7, 7, 9]);
  assert.equal(countKeys(record.rows.exames!.insert!), 3);
});

test('rows encoded in chunks are joined with those of the same table and operation', () => {
  const rows = Array.from({ length: 40 }, (_, i) => exam(100 + i, `${i}`));
  const chunks = [encodedOf(...rows.slice(3, 20)), encodedOf(...rows.slice(20))];
  for (const encoded of [chunks, chunks.toReversed()]) {
    const record = recordOf([inserted(...rows.slice(0, 3))], { names: ['huge'], encoded });
    assert.deepEqual(record.rows, { exames: { insert: '100+39' } });
    assert.equal(record.prints?.exames?.insert, encodeWhole(EXAMES, rows));
  }
});

test('of equal keys, those of the transaction come before those of its chunks', () => {
  const rows = [exam(7, 'first'), exam(7, 'second'), exam(8)];
  const encoded = [encodedOf(rows[1]!, rows[2]!)];
  const record = recordOf([inserted(rows[0]!)], { names: ['huge'], encoded });
  assert.deepEqual(record.rows, { exames: { insert: ['7', '7', '8'] } });
  assert.equal(record.prints?.exames?.insert, encodeWhole(EXAMES, rows));
});

test('deletes in chunks have no fingerprints', () => {
  const chunk = (...ids: number[]): EncodedChange => {
    const members = { table: 'exames', operation: 'delete', prints: null } as const;
    return { ...members, keys: encodeKeys(ids), count: ids.length };
  };
  const record = recordOf([], { names: ['huge'], encoded: [chunk(1, 2), chunk(4)] });
  assert.deepEqual(record.rows, { exames: { delete: '1+1,2' } });
  assert.deepEqual(record.prints, {});
});

test('an intent has what its hazards did, and the name that it is prepared under', () => {
  const ddl = [{ change: 'add-column', table: 'exames', columns: { nova: '7', outra: null } }];
  const messages = [{ content: 'a', transactional: false }];
  const record = recordOf([inserted(exam(1))], {
    names: ['savepoints', 'two-phase', 'message'],
    undone: [inserted(exam(4), exam(3)), { ...inserted([1, 'x']), operation: 'update' }],
    prepared: true,
    rollback: true,
    truncated: ['consultas'],
    ddl,
    messages,
  });
  assert.deepEqual(record.hazards, {
    names: ['savepoints', 'two-phase', 'message'],
    undone: { exames: { insert: '3+1', update: '1' } },
    gid: `oltp-simulator/${HEADER.run}/2/3/5`,
    rollback: true,
    truncated: ['consultas'],
    ddl,
    messages,
  });
});

test('a record whose hazards have members of another form is malformed', () => {
  const record = recordOf([inserted(exam(1))], { names: ['copy'] });
  const bad = [
    [],
    {},
    { names: 'copy' },
    { names: ['copy'], undone: { nenhuma: { insert: '1' } } },
    { names: ['copy'], gid: 7 },
    { names: ['copy'], rollback: false },
    { names: ['copy'], truncated: ['nenhuma'] },
    { names: ['copy'], ddl: [{ change: 'x', table: 'nenhuma' }] },
    { names: ['copy'], ddl: [{ change: 'x', table: 'exames', columns: { a: 1 } }] },
    { names: ['copy'], messages: [{ content: 'x' }] },
  ];
  for (const hazards of bad) {
    assert.ok(!isRecord({ ...record, hazards }), JSON.stringify(hazards));
  }
});

test('the name of a prepared transaction names its place in the ledger', () => {
  const place = { run: `${HEADER.run}-${'n'.repeat(40)}`, worker: 12, connection: 3, intent: 4567 };
  assert.deepEqual(parseGid(gidOf(place)), place);
  assert.throws(() => gidOf({ ...place, run: 'x'.repeat(200) }), /too long/);
  for (const gid of ['other/a/1/2/3', 'oltp-simulator/a/1/2', 'oltp-simulator/a/1/2/3/4', 'x']) {
    assert.equal(parseGid(gid), null, gid);
  }
});

test('a file of a run with hazards is of format 4, and its trailer counts every row', () =>
  withTempFolder(async (folder) => {
    const path = join(folder, 'worker-001-00001.ndjson');
    const { ledger: _, started: __, clock_ms: ___, ...members } = HEADER;
    const writer = LedgerWriter.create(SCHEMA, path, members, true);
    const changes = [
      inserted(exam(7), exam(7)),
      { ...inserted([7]), operation: 'delete' as const },
    ];
    const hazards: HazardOutcome = { names: ['same-row'], encoded: [encodedOf(exam(8), exam(9))] };
    const [number = 0] = writer.intend([
      { xid: '7', lsn: '0/1', changes, subtransactions: false, hazards },
    ]);
    writer.commit([{ number, xid: '7', lsn: '0/1', dropped: [] }]);
    writer.end();
    writer.close();
    assert.match(readFileSync(path, 'utf8'), /^\{"ledger":4,/);
    const problems: unknown[] = [];
    const reader = new LedgerReader(tables, path, { onProblem: (each) => problems.push(each) });
    await reader.readAll();
    assert.deepEqual(problems, []);
    assert.deepEqual(reader.transactions.rows.exames, { insert: 4, update: 0, delete: 1 });
  }));

test('a ledger of a run without hazards refuses to record one', () => {
  const intent = { xid: '7', lsn: '0/1', changes: [], subtransactions: false };
  assert.throws(() => intentOf(tables, { ...intent, hazards: { names: ['copy'] } }, 1, 0));
});

test('the examples of the page are intents, as the writer makes them', () => {
  const page = readFileSync('src/ledger/README.md', 'utf8');
  const examples = page
    .split('\n')
    .filter((line) => line.startsWith('{"intent"') && line.includes('"hazards"'))
    .map((line) => JSON.parse(line));
  assert.equal(examples.length, 6);
  const extended = schemaWith(['prontuario']).tables;
  for (const example of examples) {
    assert.ok(isRecordOf(extended)(example), JSON.stringify(example));
  }
  assert.deepEqual(
    new Set(examples.flatMap(({ hazards }) => Object.keys(hazards))),
    new Set(['names', 'undone', 'gid', 'rollback', 'truncated', 'ddl', 'messages']),
  );
  const place = { run: HEADER.run, worker: 1, connection: 1 };
  for (const { intent: number, at, ...example } of examples) {
    const { xid, lsn, rows, subtransactions = false, hazards } = example;
    const { undone, gid, ...others } = hazards;
    assert.equal(gid ?? gidOf({ ...place, intent: number }), gidOf({ ...place, intent: number }));
    const intent = {
      ...{ xid, lsn, subtransactions },
      changes: changesOf(rows),
      hazards: {
        ...others,
        ...(undone === undefined ? {} : { undone: changesOf(undone) }),
        ...(gid === undefined ? {} : { prepared: true as const }),
      },
    };
    const made = intentOf(extended, intent, number, at, place);
    assert.deepEqual(JSON.parse(JSON.stringify(made)), { intent: number, at, ...example });
  }
});

/** Changes with these keys: exams without a result, which updates set to `normal`. */
function changesOf(rows: KeysOf): Change[] {
  return Object.entries(rows).flatMap(([table, lists]) =>
    Object.entries(lists).map(([name, keys]): Change => {
      const operation = name as Operation;
      const ids = decodeKeys(EXAMES, keys) as number[];
      if (operation === 'insert') return { table, operation, rows: ids.map((id) => exam(id)) };
      if (operation === 'delete') return { table, operation, rows: ids.map((id) => [id]) };
      const updates = ids.map((id): Row => [id, 'normal']);
      return { table, operation, rows: updates, columns: ['resultado'] };
    }),
  );
}
