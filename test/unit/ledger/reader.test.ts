import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { OperatorError } from '../../../src/errors.js';
import type { LedgerRecord } from '../../../src/ledger/format.js';
import { isRecordOf } from '../../../src/ledger/is-record.js';
import { type LedgerProblem, LedgerReader, readTail } from '../../../src/ledger/reader.js';
import { SealedLines } from '../../../src/ledger/sealed-lines.js';
import { LedgerWriter } from '../../../src/ledger/writer.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { committed, end, HEADER, intent, read, SCHEMA, textOf } from './sample-ledger.js';

const RECORDS = [
  HEADER,
  { leased: 'consultas', keys: '1000+99' } as const,
  intent(1),
  committed(1),
  intent(2),
  { aborted: 2 },
  intent(3),
  { doubt: 3 },
  end(1, 1, 1),
];

/** Calls `body` with the path of a file that does not exist yet. */
function withFile(body: (path: string) => Promise<void>): Promise<void> {
  return withTempFolder((folder) => body(join(folder, 'worker-001-00001.ndjson')));
}

const PATH = 'worker-001-00001.ndjson';

test('records are read as they were sealed', () => {
  const { records, problems } = read(PATH, textOf(RECORDS));
  assert.deepEqual(problems, []);
  assert.deepEqual(records.map(withoutSeal), RECORDS);
});

test('a file is read the same in pieces of any length, also if a piece ends inside a character', () => {
  const records = [{ ...HEADER, run: 'saúde-ção' }, ...RECORDS.slice(1)];
  const bytes = Buffer.from(textOf(records));
  for (const length of [1, 2, 3, 7, 100, bytes.length]) {
    const lines = new SealedLines(PATH, isRecordOf(SCHEMA.tables));
    const found = [];
    for (let at = 0; at < bytes.length; at += length) {
      found.push(...lines.push(bytes.subarray(at, at + length)));
    }
    found.push(...lines.finish());
    assert.deepEqual(
      found.map(({ number, record, problem }) => [number, withoutSeal(record!), problem]),
      records.map((record, i) => [i + 1, record, null]),
      `${length} bytes at a time`,
    );
  }
});

test('every single changed character is noticed', () => {
  const text = textOf(RECORDS);
  for (let at = 0; at < text.length; at++) {
    for (const character of ['x', '0', '}', '"', '{', ' ', '\n']) {
      if (text[at] === character) continue;
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      const noticed = () => {
        try {
          return read(PATH, changed).problems.length > 0;
        } catch (error) {
          return error instanceof OperatorError;
        }
      };
      const context = changed.slice(at - 40, at + 9);
      assert.ok(noticed(), `${JSON.stringify(character)} at ${at}: ${context}`);
    }
  }
});

test('a line that is lost, doubled or moved is noticed', () => {
  const lines = textOf(RECORDS).split('\n').slice(0, -1);
  const variants = lines
    .slice(0, -1)
    .flatMap((line, i) => [
      lines.toSpliced(i, 1),
      lines.toSpliced(i, 0, line),
      lines.toSpliced(i, 2, lines[i + 1] ?? '', line),
    ]);
  for (const variant of variants) {
    const { problems } = read(PATH, `${variant.join('\n')}\n`);
    assert.ok(problems.length > 0, variant.join('\n'));
  }
});

test('a last line that is cut off anywhere is ignored, also if lines follow', () =>
  withFile(async (path) => {
    const text = textOf(RECORDS.slice(0, -1));
    const begin = text.lastIndexOf('\n', text.length - 2) + 1;
    for (let length = begin; length < text.length; length++) {
      const whole = length === text.length - 1;
      const cut = read(path, text.slice(0, length));
      assert.deepEqual(cut.problems, [], text.slice(begin, length));
      assert.equal(cut.records.length, RECORDS.length - (whole ? 1 : 2));
      await writeFile(path, text.slice(0, length));
      const { writer, open } = LedgerWriter.reopen(SCHEMA.tables, path);
      assert.deepEqual(open, [3]);
      writer.resolve(3, 'committed', '703');
      writer.close();
      const { problems, records } = read(path, await readFile(path, 'utf8'));
      assert.deepEqual(problems, [], text.slice(begin, length));
      assert.equal(records.length, cut.records.length + 1);
    }
  }));

test('a growing file is read on from where it ended', () =>
  withFile(async (path) => {
    const text = textOf(RECORDS);
    const seen: unknown[] = [];
    const problems: LedgerProblem[] = [];
    await writeFile(path, '');
    const reader = new LedgerReader(SCHEMA.tables, path, {
      onHeader: ({ run }) => seen.push(run),
      onTransaction: ({ intent, outcome }) => seen.push([intent.intent, outcome]),
      onProblem: (problem) => problems.push(problem),
    });
    assert.equal(reader.read(), false);
    // The second piece begins in the middle of the outcome of transaction 1.
    const middle = text.indexOf('"committed":1') + 5;
    await appendFile(path, text.slice(0, middle));
    assert.equal(reader.read(), true);
    assert.deepEqual(seen, [HEADER.run]);
    assert.deepEqual(
      reader.open.map(({ intent }) => intent),
      [1],
    );
    await appendFile(path, text.slice(middle));
    assert.equal(reader.read(), true);
    assert.equal(reader.read(), false);
    assert.deepEqual(seen.slice(1), [
      [1, 'committed'],
      [2, 'aborted'],
    ]);
    reader.finish();
    assert.deepEqual(seen.slice(3), [[3, 'open']]);
    assert.deepEqual(problems, []);
  }));

test('the end of a long file is read without its beginning', () =>
  withFile(async (path) => {
    const count = 2_000;
    const records: LedgerRecord[] = [HEADER];
    for (let number = 1; number <= count; number++) {
      records.push(intent(number));
      if (number <= count - 3) records.push(committed(number));
    }
    const text = textOf(records);
    assert.ok(text.length > 4 * 65_536);
    await writeFile(path, text);
    const { open, header, cutOff } = readTail(SCHEMA.tables, path);
    assert.deepEqual(open, [count - 2, count - 1, count]);
    assert.equal(header?.run, HEADER.run);
    assert.equal(cutOff, false);
    // The chain goes on: a record that is added follows the last line.
    const { writer } = LedgerWriter.reopen(SCHEMA.tables, path);
    writer.abort(open);
    writer.close();
    assert.deepEqual(read(path, await readFile(path, 'utf8')).problems, []);
  }));

test('a file of another version is refused', () => {
  const text = textOf([{ ...HEADER, ledger: 5 }]);
  assert.throws(() => read(PATH, text), /is a ledger of format 5/);
});

test('a sealed line that is not a record is malformed', () => {
  const malformed = [
    { something: 1 },
    { intent: 1, at: 1, xid: '7', lsn: null, rows: { consultas: { insert: '1,' } }, digest: '' },
    { intent: 1, at: 1, xid: '7', lsn: null, rows: { nobody: { insert: '1' } }, digest: '' },
    { committed: 'x', at: 1, xid: null },
    { resolved: 1, verdict: 'perhaps', xid: null },
  ];
  for (const record of malformed) {
    const { problems } = read(PATH, textOf([HEADER, record as never]));
    assert.deepEqual(problems, [{ file: PATH, line: 2, kind: 'malformed' }]);
  }
});

/** A record as it was before `seal`. */
function withoutSeal({ crc: _, ...record }: { crc?: string } & object): object {
  return record;
}
