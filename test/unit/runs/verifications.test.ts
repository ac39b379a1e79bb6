import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { VerificationRecord } from '../../../src/runs/verifications.js';
import { sampleRun } from '../../helpers/sample-run.js';
import { withTempFolder } from '../../helpers/temp-folder.js';

const written = sampleRun({ verdict: 'violation' }).verification ?? assert.fail();

/** Lends `body` a folder with a recorded verification. */
function withRecord(
  body: (folder: string, record: VerificationRecord) => Promise<void>,
): Promise<void> {
  return withTempFolder(async (folder) => {
    const record = new VerificationRecord(folder);
    for (const point of written.points) record.append(point);
    record.close(written.document);
    await body(folder, record);
  });
}

test('a verification is read as it was written, and stays when another one begins or fails', () =>
  withRecord(async (folder, record) => {
    assert.deepEqual(record.read(), written);
    const second = new VerificationRecord(folder);
    second.begin();
    second.append({ ...written.points[0]!, at: 1 });
    assert.deepEqual(record.read(), written);
    second.discard();
    assert.deepEqual(record.read(), written);
    assert.deepEqual(record.all(), [{ file: 'verify-1.json', document: written.document }]);
  }));

test('each verification has files of its own, also beside another one; the newest is verify.json', () =>
  withRecord(async (folder, record) => {
    const others = [new VerificationRecord(folder), new VerificationRecord(folder)] as const;
    for (const other of others) other.begin();
    const exact = { ...written.document, verdict: 'exact' as const };
    const doubtful = { ...written.document, verdict: 'indeterminate' as const };
    others[1].close(exact);
    assert.equal(record.read()?.document.verdict, 'exact');
    assert.deepEqual(record.read()?.points, []);
    others[0].close(doubtful);
    assert.equal(record.read()?.document.verdict, 'indeterminate');
    assert.deepEqual(
      record.all().map(({ file, document }) => [file, document.verdict]),
      [
        ['verify-3.json', 'exact'],
        ['verify-2.json', 'indeterminate'],
        ['verify-1.json', 'violation'],
      ],
    );
  }));

test('a verdict without a number, of an earlier version, gets one', () =>
  withTempFolder(async (folder) => {
    await writeFile(join(folder, 'verify.json'), JSON.stringify(written.document));
    const record = new VerificationRecord(folder);
    record.close({ ...written.document, verdict: 'exact' });
    const verdicts = record.all().map(({ document }) => document.verdict);
    assert.deepEqual(verdicts, ['exact', 'violation']);
  }));

test('lines of the series that are cut off or not points are skipped', () =>
  withRecord(async (folder, record) => {
    const lines = ['null', '[]', '{"at":1,"events":1,"p50":"1","p99":1,"max":1}', '{"at":17'];
    await appendFile(join(folder, 'verify-series.ndjson'), lines.join('\n'));
    assert.deepEqual(record.read()?.points, written.points);
  }));

test('a document that is half written, or of another kind, is rejected', () =>
  withRecord(async (folder, record) => {
    const text = JSON.stringify(written.document);
    const changed = (changes: object) => JSON.stringify({ ...written.document, ...changes });
    const [example] = written.document.examples;
    const documents = [
      '',
      text.slice(0, text.length / 2),
      'null',
      '[]',
      '"exact"',
      changed({ verdict: 'perfect' }),
      changed({ verdict: 'toString' }),
      changed({ doubts: { weather: 1 } }),
      changed({ began: 'yesterday' }),
      changed({ seconds: null }),
      changed({ events: { ...written.document.events, others: 4 } }),
      changed({ violations: { ...written.document.violations, unheard: 1 } }),
      changed({ examples: [{ ...example, detail: 'unheard' }] }),
      changed({ latency_ms: {} }),
    ];
    for (const document of documents) {
      await writeFile(join(folder, 'verify.json'), document);
      assert.equal(record.read(), null, document);
    }
    // Members that a later version adds are ignored.
    await writeFile(join(folder, 'verify.json'), changed({ more: true }));
    assert.equal(record.read()?.document.verdict, 'violation');
  }));
