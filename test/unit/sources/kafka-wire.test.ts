import '../../../src/messages/english.js';
import assert from 'node:assert/strict';
import test from 'node:test';
import { unpackLz4, unpackSnappy } from '../../../src/sources/kafka/compression.js';
import { reasonOf } from '../../../src/sources/kafka/connection.js';
import { KafkaError } from '../../../src/sources/kafka/failures.js';
import { Scram } from '../../../src/sources/kafka/login.js';
import { KafkaDecoder, KafkaEncoder } from '../../../src/sources/kafka/wire.js';

const bytes = (...parts: (number | string)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))),
  );

test('the decoder reads what the encoder wrote', () => {
  const written = new KafkaEncoder()
    .int8(-1)
    .int16(-2)
    .int32(1 << 30)
    .int64(-(2 ** 53) + 1)
    .string('ção')
    .string(null)
    .bytes(Buffer.alloc(1000, 7))
    .array([1, 2], () => undefined)
    .array(null, () => undefined)
    .done();
  const d = new KafkaDecoder(written);
  assert.deepEqual(
    [d.int8(), d.int16(), d.int32(), d.int64(), d.nullableString(), d.nullableString()],
    [-1, -2, 1 << 30, -(2 ** 53) + 1, 'ção', null],
  );
  assert.deepEqual(d.bytes(), Buffer.alloc(1000, 7));
  assert.equal(d.array(() => 'item').length, 2);
  assert.deepEqual(
    d.array(() => 'item'),
    [],
  );
  assert.equal(d.left, 0);
  assert.throws(() => d.int8(), RangeError);
});

test('numbers of variable length, also beyond 32 bits', () => {
  const cases: readonly [number, number[]][] = [
    [0, [0]],
    [-1, [1]],
    [1, [2]],
    [-64, [0x7f]],
    [64, [0x80, 1]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x10]],
    [1_700_000_000_000, [0x80, 0xa0, 0xab, 0xfe, 0xf9, 0x62]],
  ];
  for (const [value, encoded] of cases)
    assert.equal(new KafkaDecoder(Buffer.from(encoded)).varint(), value);
});

test('Snappy: literals and copies, also overlapping ones, in the frame of Java and without', () => {
  // "abcabcabc…": a literal, and a copy of 9 bytes from 3 before.
  const block = bytes(12, 2 << 2, 'abc', ((9 - 4) << 2) | 1, 3);
  assert.equal(unpackSnappy(block).toString(), 'abcabcabcabc');
  const far = bytes(7, 2 << 2, 'xyz', (3 << 2) | 2, 3, 0);
  assert.equal(unpackSnappy(far).toString(), 'xyzxyzx');
  const framed = Buffer.concat([
    bytes(0x82, 'SNAPPY', 0, 0, 0, 0, 1, 0, 0, 0, 1),
    new KafkaEncoder().bytes(block).bytes(far).done(),
  ]);
  assert.equal(unpackSnappy(framed).toString(), 'abcabcabcabcxyzxyzx');
  const long = Buffer.alloc(300, 'q');
  assert.deepEqual(unpackSnappy(Buffer.concat([bytes(0xac, 2, 61 << 2, 0x2b, 1), long])), long);
});

test('Snappy that is broken is refused', () => {
  for (const broken of [
    bytes(4, 2 << 2, 'ab'), // a literal that ends too early
    bytes(9, 2 << 2, 'abc'), // shorter than it says
    bytes(9, 2 << 2, 'abc', (2 << 2) | 1, 4), // a copy from before the beginning
    bytes(4, 2 << 2, 'abc', (5 << 2) | 1, 3), // a copy beyond the end
    bytes(0x80),
  ]) {
    assert.throws(() => unpackSnappy(broken), RangeError);
  }
});

const FRAME = [0x04, 0x22, 0x4d, 0x18];

test('LZ4: literals and matches, blocks that are stored, checksums, frames one after the other', () => {
  const head = (flags: number, ...more: number[]) => bytes(...FRAME, flags, 0x40, ...more, 0);
  const size = (length: number) => bytes(length, 0, 0, 0);
  const end = size(0);
  // "abc", a match of 9 from 3 before, and the literals that a block ends with.
  const block = bytes((3 << 4) | (9 - 4), 'abc', 3, 0, 1 << 4, '!');
  const plain = Buffer.concat([head(0x60), size(block.length), block, end]);
  assert.equal(unpackLz4(plain).toString(), 'abcabcabcabc!');
  const stored = Buffer.concat([head(0x60), bytes(2, 0, 0, 0x80), bytes('hi'), end]);
  assert.equal(unpackLz4(stored).toString(), 'hi');
  const everything = Buffer.concat([
    head(0x7c, 13, 0, 0, 0, 0, 0, 0, 0),
    size(block.length),
    block,
    bytes(9, 9, 9, 9),
    end,
    bytes(9, 9, 9, 9),
  ]);
  assert.equal(unpackLz4(Buffer.concat([everything, stored])).toString(), 'abcabcabcabc!hi');
  const many = Buffer.concat([bytes(0xff, 0xff, 30), Buffer.alloc(300, 'z')]);
  const long = bytes(0xf0, 0xff, 30);
  const whole = Buffer.concat([head(0x60), bytes(0x2f, 1, 0, 0), long, many.subarray(3), end]);
  assert.deepEqual(unpackLz4(whole), Buffer.alloc(300, 'z'));
});

test('LZ4 that is broken is refused', () => {
  const framed = (...block: (number | string)[]) => {
    const body = bytes(...block);
    return Buffer.concat([bytes(...FRAME, 0x60, 0x40, 0, body.length, 0, 0, 0), body]);
  };
  for (const broken of [
    bytes('no frame at all'),
    bytes(...FRAME, 0x61, 0x40, 0, 0, 0, 0, 0, 0), // with a dictionary
    bytes(...FRAME, 0x60, 0x40, 0, 9, 0, 0, 0, 1), // cut off
    framed(5 << 4, 'ab'), // literals that end too early
    framed(1 << 4, 'a', 2, 0, 0), // a match from before the beginning
    framed(0xf0, 0xff),
  ]) {
    assert.throws(() => unpackLz4(broken), RangeError);
  }
});

test('SCRAM by the example of RFC 7677', async () => {
  const login = { username: 'user', password: 'pencil' };
  const scram = new Scram('sha256', login, 'rOprNGfwEbeRWgbNEkqO');
  assert.equal(scram.first(), 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const final = await scram.final(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  assert.equal(final, `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`);
  scram.check('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  assert.throws(() => scram.check('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl96G4='), KafkaError);
  assert.throws(() => scram.check('e=other-error'), KafkaError);
});

test('SCRAM: names are escaped; a wrong answer of a server is refused', async () => {
  const login = { username: 'a=b,c', password: 'x' };
  assert.equal(new Scram('sha512', login, 'nonce').first(), 'n,,n=a=3Db=2Cc,r=nonce');
  for (const first of [
    'r=other,s=c2FsdA==,i=4096',
    'r=nonce,s=c2FsdA==,i=4096',
    'r=nonce1,s=,i=4096',
    'r=nonce1,s=c2FsdA==,i=0',
    'r=nonce1,s=c2FsdA==,i=99999999',
    'nonsense',
  ]) {
    await assert.rejects(new Scram('sha512', login, 'nonce').final(first), KafkaError);
  }
});

test('errors of sockets have their reasons', () => {
  const kinds = {
    ECONNREFUSED: 'lost',
    ENOTFOUND: 'lost',
    ETIMEDOUT: 'lost',
    ECONNRESET: 'lost',
    EPROTO: 'noTls',
    ERR_SSL_WRONG_VERSION_NUMBER: 'noTls',
    ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'clientCertificate',
    ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'clientCertificate',
    ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'clientCertificate',
    ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'handshake',
    ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'handshake',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate',
    SELF_SIGNED_CERT_IN_CHAIN: 'certificate',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate',
    CERT_HAS_EXPIRED: 'certificate',
    CERT_NOT_YET_VALID: 'certificate',
    ERR_TLS_CERT_ALTNAME_INVALID: 'certificate',
  };
  for (const [code, kind] of Object.entries(kinds)) assert.equal(reasonOf(code).kind, kind, code);
});
