import assert from 'node:assert/strict';
import test from 'node:test';
import { en } from '../../../src/messages/en.js';
import { ptBR } from '../../../src/messages/pt-BR.js';
import { Intake } from '../../../src/sources/intake.js';
import { DocumentLines, isIndented } from '../../../src/sources/ndjson/lines.js';
import { anyScope } from '../../helpers/any-scope.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { DELETE, EXAME, envelope, FLAT_META, FLATTENED, INSERT } from './samples.js';

const bytesOf = (line: string | Buffer) => (typeof line === 'string' ? Buffer.from(line) : line);

/** Decodes lines, by an intake that has seen other events. */
function decoded(...lines: readonly (string | Buffer)[]): CollectingSink {
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope);
  for (const other of [INSERT, DELETE]) intake.line(Buffer.from(other), 0, 1, 0);
  sink.rows.length = 0;
  intake.lines(Buffer.concat(lines.flatMap((line) => [bytesOf(line), Buffer.from('\n')])), 0, 1, 0);
  return sink;
}

const [INSERTED] = decoded(INSERT).rows;
const quoted = (text: string) => JSON.stringify(text);
const head = (...bytes: number[]) => Buffer.from(bytes);
const headed = (start: Buffer, text = INSERT) => Buffer.concat([start, Buffer.from(text)]);
const GUID = Array.from({ length: 16 }, (_, i) => i + 2);

/** The event in Avro's JSON encoding: nullable values are in an object that names their type. */
const AVRO = INSERT.replace(`"after":${EXAME}`, `"after":{"oltp.public.exames.Value":${EXAME}}`)
  .replace(/"source":(\{.*?\}),"tr/, '"source":{"io.debezium.connector.postgresql.Source":$1},"tr')
  .replace(/"transaction":(\{.*?\})/, '"transaction":{"event.block":$1}')
  .replace(/"(ts_[mun]s|txId|lsn|created_at|updated_at|paciente_id)":(\d+)/g, '"$1":{"long":$2}')
  .replace(/"(sequence|snapshot|tipo_exame|op)":("(?:[^"\\]|\\.)*")/g, '"$1":{"string":$2}');

const READ: Readonly<Record<string, string | Buffer>> = {
  "Avro's JSON encoding": AVRO,
  'the same, of records without a namespace': AVRO.replaceAll(/"[\w.]+\.(\w+)":\{/g, '"$1":{'),
  'an envelope that may be null': `{"oltp.public.exames.Envelope":${AVRO}}`,
  'kcat -J': `{"topic":"a","partition":0,"offset":3,"tstype":"create","ts":1772366400700,"broker":1,"headers":["a","b"],"key":${quoted('{"id":1}')},"payload":${quoted(INSERT)}}`,
  'kcat -J of Avro': `{"topic":"a","partition":0,"offset":3,"tstype":"create","ts":1772366400700,"broker":1,"key":{"Key":{"id":1}},"payload":{"Envelope":${AVRO}}}`,
  'rpk topic consume': `{"topic":"a","key":${quoted('{"id":1}')},"value":${quoted(INSERT)},"timestamp":1772366400700,"partition":0,"offset":3}`,
  'rpk of Avro': `{"topic":"a","key":"{}","value":${quoted(AVRO)},"timestamp":1772366400700,"partition":0,"offset":3}`,
  'no txId, but the id of the transaction': INSERT.replace('"txId":571,', ''),
  'the same, null': INSERT.replace('"txId":571,', '"txId":null,'),
  'a flattened row with the id of the transaction': FLATTENED(
    EXAME,
    `${FLAT_META.replace('"__txId":571', '"__transaction_id":"571:24023200"')},"__db":"hospital","__schema":"public","__name":"oltp"`,
  ),
  'a key and a tab': `{"id":1}\t${INSERT}`,
  'a key with its schema': `{"schema":{"type":"struct","optional":false},"payload":{"id":1}}\t${INSERT}`,
  'a key that is a number': `1622\t${INSERT}`,
  'a key that is a string': `"1622"\t${INSERT}`,
  'no key': `null\t${INSERT}`,
  'a time': `CreateTime:1767225600000\t${INSERT}`,
  'all that a console prints': `CreateTime:1767225600000\tPartition:0\tOffset:7\ta:b,c:d\t{"id":1}\t${INSERT}`,
  'no headers': `NO_TIMESTAMP\tNO_HEADERS\t{"id":1}\t${INSERT}`,
  'another separator': `{"id":1}|${INSERT}`,
  'a longer one': `{"id":1} => ${INSERT}`,
  'a format of kcat': `0:12: ${INSERT}`,
  'a log of containers': `connector-1  | ${INSERT}`,
  'carriage returns': `{"id":1}\t${INSERT}\r`,
  'JSON in a string after a key': `{"id":1}\t${quoted(INSERT)}`,
  'the head of a registry': headed(head(0, 0, 0, 0, 7)),
  'one that is not UTF-8': headed(head(0, 0, 0, 3, 200)),
  'one with a line feed': headed(head(0, 0, 0, 10, 10)),
  'one that ends in an opening brace': headed(head(0, 0, 0, 0, 0x7b)),
  'heads before key and value': headed(head(0, 0, 0, 0, 7), `{"id":1}\t\0\0\0\0\u0008${INSERT}`),
  'a head that was printed as text': headed(head(0, 0, 0), `\ufffd\ufffd${INSERT}`),
  'one of 9 bytes': headed(head(0, 0, 0, 0, 0, 0, 0, 0, 9)),
  'one with a GUID': headed(head(1, ...GUID)),
  'one of AWS Glue': headed(head(3, 0, ...GUID)),
  'a head in kcat -J': `{"topic":"a","key":null,"payload":${quoted(`\0\0\0\0\u0007${INSERT}`)}}`,
  'marks of UTF-8': `\ufeff\ufeff${INSERT}`,
  'a JSON text sequence': `\x1e${INSERT}`,
};

for (const [input, line] of Object.entries(READ)) {
  test(`read: ${input}`, () => {
    const sink = decoded(line, line);
    assert.deepEqual(sink.problems, []);
    assert.deepEqual(sink.rows, [INSERTED, { ...INSERTED, position: 2 }]);
  });
}

test('JSON before a delete is its key; a key without a value is a tombstone', () => {
  const bare = envelope('d', {});
  for (const line of [`{"id":8}\t${bare}`, `CreateTime:1\t{"id":8}\t${bare}`]) {
    assert.deepEqual(
      decoded(line).rows.map(({ key }) => key),
      [8],
    );
  }
  assert.equal(decoded(`{"id":{"long":8}}\t${bare}`).rows[0]?.key, 8);
  assert.equal(decoded(`{"oltp.public.exames.Key":{"id":8}}\t${bare}`).rows[0]?.key, 8);
  const avro = envelope('d', { before: '{"oltp.public.exames.Value":{"id":8}}' });
  assert.equal(decoded(avro).rows[0]?.key, 8);
  for (const line of [
    '{"id":8}\tnull',
    '{"id":8}\tnull\r',
    '{"id":8}\t',
    '{"id":8}: ',
    'CreateTime:1767225600000\tnull',
    'Partition:0\tOffset:3\t{"id":8}\tnull',
    '1622\tnull',
    '{"topic":"a","partition":0,"offset":3,"key":"{\\"id\\":8}","payload":null}',
    // rpk
    '{"topic":"a","key":"{\\"id\\":8}","timestamp":1772366400700,"partition":0,"offset":3}',
  ]) {
    const sink = decoded(line);
    assert.deepEqual([sink.problems, sink.ignoredKinds], [[], ['tombstone']], line);
  }
});

const REFUSED: Readonly<Record<string, readonly [string | Buffer, RegExp]>> = {
  'UTF-16LE': [
    Buffer.from(`\ufeff${INSERT}`, 'utf16le'),
    /^UTF-16LE, not UTF-8: .*iconv -f UTF-16LE/,
  ],
  'UTF-16LE without a mark': [Buffer.from(INSERT, 'utf16le'), /^UTF-16LE/],
  'UTF-16BE': [Buffer.from(`\ufeff${INSERT}`, 'utf16le').swap16(), /^UTF-16BE/],
  'UTF-16BE without a mark': [Buffer.from(INSERT, 'utf16le').swap16(), /^UTF-16BE/],
  'UTF-32LE': [utf32(`\ufeff${INSERT}`, true), /^UTF-32LE/],
  'UTF-32BE without a mark': [utf32(INSERT, false), /^UTF-32BE/],
  'NUL bytes after an event': [`${INSERT}\0\0`, /NUL bytes/],
  'a hole': [`\0\0\0\0\0\0\0\0${INSERT}`, /NUL bytes/],
  'two values with a NUL between': [`${INSERT}\0${INSERT}`, /NUL bytes/],
  'Latin-1': [Buffer.from(INSERT.replaceAll(/[^\0-\xff]/g, '?'), 'latin1'), /not UTF-8: .*iconv/],
  'Avro of a registry': [
    headed(head(0, 0, 0, 0, 7, 0, 2, 8), 'abc\xff'),
    /registry.*JsonConverter/,
  ],
  'Protobuf of a registry': [
    headed(head(0, 0, 0, 0, 7, 0, 0x0b), 'abc'),
    /registry.*JsonConverter/,
  ],
  'Avro by a GUID': [headed(head(1, ...GUID, 0, 2), 'abc'), /registry.*JsonConverter/],
  'Avro in kcat -J': [
    `{"payload":${quoted('\0\0\0\0\u0007\u0002\u0008abc')}}`,
    /registry.*JsonConverter/,
  ],
  'an Avro container': [
    headed(head(0x4f, 0x62, 0x6a, 1), 'avro.schema'),
    /Avro container file.*tojson/,
  ],
  MessagePack: [
    headed(head(0x86, 0xa6), 'before'),
    /not JSON \(MessagePack, CBOR\?\).*JsonConverter/,
  ],
  CBOR: [headed(head(0xa6, 0x66), 'before'), /not JSON \(MessagePack, CBOR\?\)/],
  'rpk --meta-only': [
    '{"topic":"a","value_size":9,"timestamp":1,"partition":0,"offset":3}',
    /op is missing/,
  ],
  'a record and an event': [
    `{"topic":"a","partition":0,"offset":3}\t${INSERT}`,
    /more than one value/,
  ],
  'colours of jq': [`\x1b[1;39m${INSERT}`, /jq -M/],
  "kcat's own message": ['% Reached end of topic a [0] at offset 3', /2>\/dev\/null/],
  base64: [Buffer.from(INSERT).toString('base64'), /base64 -d/],
  'base64 in a string': [quoted(Buffer.from(INSERT).toString('base64')), /base64 -d/],
  'bytes of Python': [`b'${INSERT}'`, /json\.dumps/],
  'CSV of one column': [`"${INSERT.replaceAll('"', '""')}"`, /CSV/],
  'the first line of an array': ['[', /an array/],
  BSON: [headed(head(0x5d, 2, 0, 0, 3), 'after\0'), /^BSON, not JSON/],
  Protobuf: [headed(head(0x12, 0x24, 8, 1), 'abc'), /^binary, not JSON/],
  gzip: [head(0x1f, 0x8b, 8, 0), /gunzip/],
  zstd: [head(0x28, 0xb5, 0x2f, 0xfd), /zstd -d/],
  CSV: ['c,exames,571,24023200,"segredo, Maria"', /CSV.*JSON/],
  'CSV with JSON': ['c,1,"{""id"":1,""nome"":""segredo""}"', /CSV.*JSON/],
  'a Struct': ['Struct{before=null,after=Struct{id=1,nome=segredo}}', /Struct.*JsonConverter/],
  'a Struct after its key': ['Struct{id=1}\tStruct{after=Struct{id=1}}', /Struct.*JsonConverter/],
  'a Struct as the key': [`Struct{id=1}\t${INSERT}`, /Struct.*JsonConverter/],
  'a Struct after a key of JSON': ['{"id":1}\tStruct{after=Struct{id=1}}', /Struct.*JsonConverter/],
  'Avro of a registry after a key': ['{"id":1}\t\0\0\0\0\u0007\u0002', /registry.*JsonConverter/],
  'a map of Java': ['{before=null, after={id=1}}', /toString\(\).*JsonConverter/],
  "the engine's event": [
    'EmbeddedEngineChangeEvent [key=null, value={"a":1}]',
    /toString\(\).*JsonConverter/,
  ],
  "Python's": ["{'before': None, 'after': {'id': 1}}", /json\.dumps/],
  "JavaScript's": ['{ before: null, after: { id: 1 } }', /JSON\.stringify/],
  'an array': [`[${INSERT}]`, /an array: .*jq -c '\.\[\]'/],
  'two events': [`${INSERT}${INSERT}`, /more than one value.*jq -c/],
  'two events with a tab between': [`${INSERT}\t${INSERT}`, /more than one value.*jq -c/],
  'a heartbeat and an event': [`{"ts_ms":1}\t${INSERT}`, /more than one value/],
  'an event in a string and one more': [`${quoted(INSERT)}\t${INSERT}`, /more than one value/],
  'a key without anything between': [`{"id":1}${INSERT}`, /more than one value.*print\.key=false/],
  'an event and its offset': [`${INSERT}\t17`, /more than one value/],
  'headers with brackets': [`a:[1]\t${INSERT}`, /print\.headers=false.*kcat/],
  'the end of another event': [`ore":null,"op":"c"}${INSERT}`, /at byte 1: a value is missing/],
  'the beginning of another event': [`${INSERT.slice(0, 90)}${INSERT}`, /^invalid JSON/],
  'a line of many': ['{', /one event per line \(jq -c \.\)/],
  'a line within many': [' "before": null,', /one event per line \(jq -c \.\)/],
};

for (const [input, [line, words]] of Object.entries(REFUSED)) {
  test(`refused with its reason: ${input}`, () => {
    const sink = decoded(line);
    assert.deepEqual(sink.rows, []);
    assert.deepEqual(sink.ignoredKinds, []);
    const { reason } = sink.problems[0]!;
    assert.match(reason(en), words);
    assert.notEqual(reason(ptBR), reason(en));
    for (const language of [en, ptBR]) assert.doesNotMatch(reason(language), /segredo|Maria/);
  });
}

function utf32(text: string, littleEndian: boolean): Buffer {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(4 * codes.length);
  for (const [at, code] of codes.entries()) {
    if (littleEndian) bytes.writeUInt32LE(code, 4 * at);
    else bytes.writeUInt32BE(code, 4 * at);
  }
  return bytes;
}

test("a registry's head may be in one piece or two", () => {
  const sink = new CollectingSink();
  const intake = new Intake(sink, anyScope);
  const line = Buffer.concat([headed(head(0, 0, 0, 10, 10)), Buffer.from('\n')]);
  for (const cut of [4, 5]) {
    const next = intake.lines(line.subarray(0, cut), 0, 1, 0);
    assert.equal(next, 1);
    assert.equal(intake.lines(Buffer.concat([line.subarray(cut), line]), 0, next, 0), 3);
  }
  assert.deepEqual(sink.problems, []);
  assert.deepEqual(
    sink.rows.map(({ position }) => position),
    [1, 2, 1, 2],
  );
});

const indent = (text: string, by: number | string) => JSON.stringify(JSON.parse(text), null, by);
const SMALL = '{"a":"} \\" {","b":[{"c":[]}],"d":{"e":null}}';

test('indented events are joined into a line each, in pieces of any size', () => {
  const separators = ['\n', '\r\n', '\n\n', ''];
  for (const separator of separators) {
    const documents = [indent(SMALL, 2), 'null', indent(SMALL, '\t'), SMALL];
    const bytes = Buffer.from(`${documents.join(separator === '' ? '\n' : separator)}\n`);
    for (const size of [1, 7, bytes.length]) {
      const lines = new DocumentLines();
      const parts: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        parts.push(Buffer.from(lines.push(bytes.subarray(at, at + size))));
      }
      const got = Buffer.concat(parts).toString().trimEnd().split('\n');
      assert.deepEqual(
        got.map((line) => JSON.parse(line)),
        documents.map((text) => JSON.parse(text)),
      );
    }
  }
});

test('an indented event that is cut off does not swallow the next ones', () => {
  const whole = indent(SMALL, 2);
  for (let length = 2; length < whole.length - 1; length++) {
    const lines = new DocumentLines().push(
      Buffer.from(`${whole.slice(0, length)}\n${whole}\n${whole}`),
    );
    const got = lines.toString().trimEnd().split('\n');
    const read = got.filter((line) => isJson(line) && line.startsWith('{'));
    assert.equal(read.length, 2, `${length}: ${lines}`);
    assert.ok(got.length > 2, `${length}`);
  }
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('the first event decides whether events are indented', () => {
  const heads: readonly (readonly [string, boolean | 'more'])[] = [
    ['{\n', true],
    ['\ufeff\n {\r\n', true],
    ['{', 'more'],
    ['', 'more'],
    ['{ ', 'more'],
    ['{"', false],
    ['{}\n', false],
    ['null\n', false],
    ['[\n', false],
  ];
  for (const [text, indented] of heads) {
    assert.equal(isIndented(Buffer.from(text)), indented, quoted(text));
  }
  assert.equal(isIndented(Buffer.from('\ufeff').subarray(0, 2)), 'more');
});
