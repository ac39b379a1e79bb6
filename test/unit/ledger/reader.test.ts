import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { OperatorError } from '../../../src/errors.js';
import { LedgerWriter } from '../../../src/ledger/writer.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { committed, end, HEADER, intent, read, textOf } from './sample-ledger.js';

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

/** Lends `body` the path of a file. */
function withFile(body: (path: string) => Promise<void>): Promise<void> {
  return withTempFolder((folder) => body(join(folder, 'worker-001-00001.ndjson')));
}

test('records are read as they were sealed', () =>
  withFile(async (path) => {
    const { records, problems } = await read(path, textOf(RECORDS));
    assert.deepEqual(problems, []);
    assert.deepEqual(
      records.map(({ crc: _, ...record }: { crc?: string } & object) => record),
      RECORDS,
    );
  }));

test('every single changed letter is noticed', () =>
  withFile(async (path) => {
    const text = textOf(RECORDS);
    for (let at = 0; at < text.length; at++) {
      for (const letter of ['x', '0', '}', '"', '{', ' ', '\n']) {
        if (text[at] === letter) continue;
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        const noticed = await read(path, changed).then(
          ({ problems }) => problems.length > 0,
          (error) => error instanceof OperatorError,
        );
        assert.ok(noticed, `${JSON.stringify(letter)} at ${at}: ${changed.slice(at - 40, at + 9)}`);
      }
    }
  }));

test('a line that is lost, doubled or moved is noticed', () =>
  withFile(async (path) => {
    const lines = textOf(RECORDS).split('\n').slice(0, -1);
    const variants = lines
      .slice(0, -1)
      .flatMap((line, i) => [
        lines.toSpliced(i, 1),
        lines.toSpliced(i, 0, line),
        lines.toSpliced(i, 2, lines[i + 1] ?? '', line),
      ]);
    for (const variant of variants) {
      const { problems } = await read(path, `${variant.join('\n')}\n`);
      assert.ok(problems.length > 0, variant.join('\n'));
    }
  }));

test('a last line that is cut off anywhere is passed over, also when lines follow', () =>
  withFile(async (path) => {
    const text = textOf(RECORDS.slice(0, -1));
    const begin = text.lastIndexOf('\n', text.length - 2) + 1;
    for (let length = begin; length < text.length; length++) {
      const whole = length === text.length - 1;
      const torn = await read(path, text.slice(0, length));
      assert.deepEqual(torn.problems, [], text.slice(begin, length));
      assert.equal(torn.records.length, RECORDS.length - (whole ? 1 : 2));
      await writeFile(path, text.slice(0, length));
      const { writer, open } = LedgerWriter.reopen(path);
      assert.deepEqual(open, [3]);
      writer.resolve(3, 'committed', '703');
      writer.close();
      const { problems, records } = await read(path, await readFile(path, 'utf8'));
      assert.deepEqual(problems, [], text.slice(begin, length));
      assert.equal(records.length, torn.records.length + 1);
    }
  }));

test('a file of another version is refused', () =>
  withFile(async (path) => {
    const text = textOf([{ ...HEADER, ledger: 3 }]);
    await assert.rejects(read(path, text), /is a ledger of format 3/);
  }));

test('what is sealed and yet no record is a problem', () =>
  withFile(async (path) => {
    const strange = [
      { something: 1 },
      { intent: 1, at: 1, xid: '7', lsn: null, rows: { consultas: { insert: '1,' } }, digest: '' },
      { intent: 1, at: 1, xid: '7', lsn: null, rows: { nobody: { insert: '1' } }, digest: '' },
      { committed: 'x', at: 1, xid: null },
      { resolved: 1, verdict: 'perhaps', xid: null },
    ];
    for (const record of strange) {
      const { problems } = await read(path, textOf([HEADER, record as never]));
      assert.deepEqual(problems, [{ file: path, line: 2, kind: 'malformed' }]);
    }
  }));
