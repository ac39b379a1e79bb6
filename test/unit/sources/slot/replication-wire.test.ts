import assert from 'node:assert/strict';
import test from 'node:test';
import { DecodeError } from '../../../../src/sources/slot/byte-reader.js';
import {
  parseKeepalive,
  parseXLogData,
  standbyStatus,
  startReplication,
} from '../../../../src/sources/slot/replication.js';
import { bytes, i64, letter, u8 } from './bytes.js';

/** 2000-01-01 in milliseconds and in microseconds since 1970. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const EPOCH_MICROS = BigInt(EPOCH_MS) * 1000n;

test('data and keepalives are parsed, to the last digit', () => {
  const last = 2n ** 53n - 1n;
  const message = bytes(letter('w'), i64(last), i64(7n), i64(-3n), letter('xyz'));
  const sent = bytes(letter('before'), message, letter('after'));
  assert.deepEqual(parseXLogData(sent, 6, 6 + message.length), {
    lsn: Number(last),
    sentAt: Number(EPOCH_MICROS) - 3,
    bytes: sent,
    begin: sent.indexOf('xyz'),
    end: sent.indexOf('after'),
  });
  const lsn = 2n ** 64n - 1n;
  for (const asked of [0, 1]) {
    const keepalive = bytes(letter('xk'), i64(lsn), i64(3n), u8(asked));
    assert.deepEqual(parseKeepalive(keepalive, 1, keepalive.length), {
      walEnd: lsn,
      sentAt: EPOCH_MICROS + 3n,
      replyAsked: asked === 1,
    });
  }
});

test('another message, or one that is cut short, is a DecodeError', () => {
  for (const [parse, sample] of [
    [parseKeepalive, 'k12345678123456781'],
    [parseXLogData, 'w123456781234567812345678'],
  ] as const) {
    parse(letter(sample), 0, sample.length);
    for (let end = 0; end < sample.length; end++) {
      assert.throws(() => parse(letter(sample), 0, end), DecodeError);
    }
  }
  assert.throws(() => parseKeepalive(letter('x12345678123456781'), 0, 18), DecodeError);
});

test('a status has the position three times, the clock and the request for a reply', () => {
  const lsn = 2n ** 53n + 1n;
  assert.deepEqual(
    standbyStatus(lsn, EPOCH_MS + 5, true),
    bytes(letter('r'), i64(lsn), i64(lsn), i64(lsn), i64(5000n), u8(1)),
  );
  assert.equal(standbyStatus(lsn, EPOCH_MS, false).at(-1), 0);
});

test('names are quoted for both grammars', () => {
  const plain = { messages: false, streaming: false, twoPhase: false };
  assert.equal(
    startReplication('s"1', ['a', `b",'c`], plain),
    `START_REPLICATION SLOT "s""1" LOGICAL 0/0 (proto_version '1', publication_names '"a","b"",''c"')`,
  );
  assert.match(startReplication('s', ['a'], { ...plain, messages: true }), /, messages 'true'\)$/);
});

test('each option asks for the lowest version of the protocol that has it', () => {
  const command = (streaming: boolean, twoPhase: boolean) =>
    startReplication('s', ['a'], { messages: false, streaming, twoPhase });
  assert.match(command(true, false), /\(proto_version '2', .*, streaming 'on'\)$/);
  assert.match(command(false, true), /\(proto_version '3', .*, two_phase 'on'\)$/);
  assert.match(command(true, true), /\(proto_version '3', .*, streaming 'on', two_phase 'on'\)$/);
});
