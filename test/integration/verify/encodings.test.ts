import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { assertRefused } from '../cli/refusals.js';
import { type Envelope, type Recorded, withRecorded } from './recorded.js';
import { requireDocument, SOON } from './verifying.js';

/** A correct stream in the encodings of other tools: read and exact, or refused in one sentence. */

const lines = (events: readonly Envelope[], write: (event: Envelope) => string) =>
  Buffer.from(events.map((event) => `${write(event)}\n`).join(''));
const plain = (event: Envelope) => JSON.stringify(event);

/** The event in Avro's JSON encoding. */
function avro(event: Envelope): string {
  const { before, after, source, transaction, ...rest } = event;
  const typed = (name: string, value: object | null) => (value === null ? null : { [name]: value });
  return JSON.stringify({
    before: typed('oltp.public.t.Value', before),
    after: typed('oltp.public.t.Value', after),
    source: {
      ...source,
      txId: { long: source.txId },
      lsn: { long: source.lsn },
      ...(source.sequence === undefined ? {} : { sequence: { string: source.sequence } }),
    },
    transaction: typed('event.block', transaction),
    ...rest,
  });
}

function withoutTxId(event: Envelope): string {
  const { txId, ...source } = event.source;
  return JSON.stringify({ ...event, source, transaction: { id: `${txId}:${source.lsn}` } });
}

const READ: Readonly<Record<string, (events: readonly Envelope[]) => Buffer>> = {
  "Avro's JSON": (events) => lines(events, avro),
  'kcat -J': (events) =>
    lines(events, (event) =>
      JSON.stringify({ topic: 't', offset: 1, key: '', payload: avro(event) }),
    ),
  'no txId': (events) => lines(events, withoutTxId),
  'all that a console prints': (events) =>
    lines(events, (event) => {
      const { id } = (event.after ?? event.before) as { id: number };
      return `CreateTime:1767225600000\tPartition:0\t{"id":${id}}\t${plain(event)}`;
    }),
  'over several lines': (events) => lines(events, (event) => JSON.stringify(event, null, 2)),
  'heads of a registry': (events) => lines(events, (event) => `\0\0\0\n\n${plain(event)}`),
  'marks in the middle': (events) => lines(events, (event) => `\ufeff${plain(event)}`),
  'gzip with zeros between': (events) =>
    Buffer.concat(events.flatMap((event) => [gzipSync(`${plain(event)}\n`), Buffer.alloc(3)])),
};

const REFUSED: Readonly<
  Record<string, readonly [(events: readonly Envelope[]) => Buffer, RegExp]>
> = {
  'UTF-16': [
    (events) => Buffer.from(`\ufeff${lines(events, plain)}`, 'utf16le'),
    /input 1 is not an event: UTF-16LE.*iconv.*--skip-malformed/,
  ],
  'UTF-16 after UTF-8': [
    (events) =>
      Buffer.concat([
        lines(events.slice(0, 30), plain),
        Buffer.from(`${lines(events.slice(30), plain)}`, 'utf16le'),
      ]),
    /input 31 is not an event: UTF-16LE/,
  ],
  'Avro of a registry': [
    () => Buffer.concat([Buffer.from([0, 0, 0, 0, 7, 0, 2, 200]), Buffer.from('exames')]),
    /registry.*JsonConverter/,
  ],
  Struct: [
    (events) => lines(events, ({ source }) => `Struct{source=Struct{lsn=${source.lsn}}}`),
    /Struct.*JsonConverter/,
  ],
  'no id of a transaction': [
    (events) =>
      lines(events, ({ source: { txId: _, ...source }, ...event }) =>
        JSON.stringify({ ...event, source, transaction: null }),
      ),
    /its transaction id is missing.*source\.txId/,
  ],
  'two events a line': [
    (events) => lines([events[0] as Envelope], (event) => `${plain(event)}${plain(event)}`),
    /more than one value.*jq -c/,
  ],
};

test('the encodings of other tools are read, and exact', () =>
  withRecorded(2, 'plain', async (recorded) => {
    const { events } = recorded;
    for (const [encoding, make] of Object.entries(READ)) {
      const { document } = requireDocument(await verifyBytes(recorded, make(events)), 0);
      assert.equal(document.accounting.delivered, events.length, encoding);
      assert.equal(document.events.malformed, 0, encoding);
    }
  }));

test('unreadable input is refused in one sentence, or counted and not judged', () =>
  withRecorded(2, 'plain', async (recorded) => {
    const { events } = recorded;
    for (const [encoding, [make, words]] of Object.entries(REFUSED)) {
      const bytes = make(events);
      assertRefused(await verifyBytes(recorded, bytes, []), 2, words);
      const skipped = await verifyBytes(recorded, bytes, ['--json', '--skip-malformed']);
      const { document } = requireDocument(skipped, 8);
      assert.ok((document.doubts.malformed ?? 0) > 0, encoding);
    }
  }));

function verifyBytes({ cwd, run }: Recorded, bytes: Buffer, args = ['--json']) {
  writeFileSync(join(cwd, 'events.ndjson'), bytes);
  return run(['verify', '--source', 'ndjson:events.ndjson', ...SOON, ...args]);
}
