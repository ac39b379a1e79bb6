import { type PgOutputMessage, UNCHANGED } from '../../../../src/sources/slot/pgoutput.js';
import { bytes, cString, i16, i32, i64, letter, row, u8 } from './bytes.js';

/** 2026-03-01 12:34:56.789012 UTC, in microseconds since 2000. */
const MICROS = 825_683_696_789_012n;
const SINCE_1970 = 1_772_368_496_789_012n;
const LSN = 2n ** 53n + 1n;
/** More than a signed number of 32 bits holds. */
const OID = 4_000_000_001;

const PREPARED = {
  ...{ prepareLsn: LSN, endLsn: LSN + 8n, prepareTime: SINCE_1970 },
  ...{ xid: OID, gid: 'ação/1' },
};

/** A message of every kind, in bytes and decoded. */
export const SAMPLES: readonly (readonly [Buffer, PgOutputMessage])[] = [
  [
    bytes(letter('B'), i64(LSN), i64(MICROS), i32(4_294_967_295)),
    { tag: 'begin', commitLsn: LSN, commitTime: SINCE_1970, xid: 4_294_967_295 },
  ],
  [
    bytes(letter('C'), u8(0), i64(LSN), i64(2n ** 64n - 1n), i64(-1n)),
    {
      tag: 'commit',
      commitLsn: LSN,
      endLsn: 2n ** 64n - 1n,
      commitTime: 946_684_799_999_999n,
    },
  ],
  [bytes(letter('O'), i64(LSN), cString('pg_ação')), { tag: 'origin', lsn: LSN, name: 'pg_ação' }],
  [
    bytes(
      ...[letter('R'), i32(OID), cString('public'), cString('a "b"'), letter('i'), i16(2)],
      ...[u8(1), cString('id'), i32(20), i32(-1)],
      ...[u8(0), cString('nome 😀'), i32(OID), i32(54)],
    ),
    {
      tag: 'relation',
      relation: OID,
      schema: 'public',
      name: 'a "b"',
      identity: 'index',
      columns: [
        { key: true, name: 'id', type: 20, modifier: -1 },
        { key: false, name: 'nome 😀', type: OID, modifier: 54 },
      ],
    },
  ],
  [
    bytes(letter('R'), i32(1), cString(''), cString('x'), letter('d'), i16(0)),
    {
      tag: 'relation',
      relation: 1,
      schema: 'pg_catalog',
      name: 'x',
      identity: 'default',
      columns: [],
    },
  ],
  [
    bytes(letter('Y'), i32(OID), cString('s'), cString('t')),
    { tag: 'type', type: OID, schema: 's', name: 't' },
  ],
  [
    bytes(
      letter('I'),
      i32(OID),
      letter('N'),
      row('9223372036854775807', null, '', '\ufffd😀', '\ufeffx'),
    ),
    {
      tag: 'insert',
      relation: OID,
      row: ['9223372036854775807', null, '', '\ufffd😀', '\ufeffx'],
    },
  ],
  [
    bytes(letter('U'), i32(OID), letter('N'), row('1', undefined)),
    { tag: 'update', relation: OID, old: null, row: ['1', UNCHANGED] },
  ],
  [
    bytes(letter('U'), i32(7), letter('K'), row('1', null), letter('N'), row('2', 'a')),
    { tag: 'update', relation: 7, old: { kind: 'key', tuple: ['1', null] }, row: ['2', 'a'] },
  ],
  [
    bytes(letter('U'), i32(7), letter('O'), row('1', 'b'), letter('N'), row('2', 'a')),
    { tag: 'update', relation: 7, old: { kind: 'full', tuple: ['1', 'b'] }, row: ['2', 'a'] },
  ],
  [
    bytes(letter('D'), i32(7), letter('K'), row('1', null)),
    { tag: 'delete', relation: 7, old: { kind: 'key', tuple: ['1', null] } },
  ],
  [
    bytes(letter('D'), i32(7), letter('O'), row('1', 'b')),
    { tag: 'delete', relation: 7, old: { kind: 'full', tuple: ['1', 'b'] } },
  ],
  [
    bytes(letter('T'), i32(2), u8(3), i32(7), i32(OID)),
    { tag: 'truncate', relations: [7, OID], cascade: true, restartIdentity: true },
  ],
  [
    bytes(letter('T'), i32(1), u8(2), i32(7)),
    { tag: 'truncate', relations: [7], cascade: false, restartIdentity: true },
  ],
  [
    bytes(letter('M'), u8(1), i64(LSN), cString('p'), i32(3), Buffer.from([0, 255, 1])),
    {
      tag: 'message',
      transactional: true,
      lsn: LSN,
      prefix: 'p',
      content: Buffer.from([0, 255, 1]),
    },
  ],
  [
    bytes(letter('M'), u8(0), i64(0n), cString(''), i32(0)),
    { tag: 'message', transactional: false, lsn: 0n, prefix: '', content: Buffer.alloc(0) },
  ],
  [bytes(letter('S'), i32(OID), u8(1)), { tag: 'stream-start', xid: OID, first: true }],
  [bytes(letter('S'), i32(7), u8(0)), { tag: 'stream-start', xid: 7, first: false }],
  [letter('E'), { tag: 'stream-stop' }],
  [
    bytes(letter('c'), i32(OID), u8(0), i64(LSN), i64(LSN + 8n), i64(MICROS)),
    {
      ...{ tag: 'stream-commit', xid: OID },
      ...{ commitLsn: LSN, endLsn: LSN + 8n, commitTime: SINCE_1970 },
    },
  ],
  [bytes(letter('A'), i32(OID), i32(8)), { tag: 'stream-abort', xid: OID, subxid: 8 }],
  [
    bytes(letter('b'), i64(LSN), i64(LSN + 8n), i64(MICROS), i32(OID), cString('ação/1')),
    { tag: 'begin-prepare', ...PREPARED },
  ],
  [
    bytes(letter('P'), u8(0), i64(LSN), i64(LSN + 8n), i64(MICROS), i32(OID), cString('ação/1')),
    { tag: 'prepare', ...PREPARED },
  ],
  [
    bytes(letter('p'), u8(0), i64(LSN), i64(LSN + 8n), i64(MICROS), i32(OID), cString('ação/1')),
    { tag: 'stream-prepare', ...PREPARED },
  ],
  [
    bytes(letter('K'), u8(0), i64(LSN), i64(LSN + 8n), i64(MICROS), i32(OID), cString('')),
    {
      ...{ tag: 'commit-prepared', commitLsn: LSN, endLsn: LSN + 8n },
      ...{ commitTime: SINCE_1970, xid: OID, gid: '' },
    },
  ],
  [
    bytes(
      ...[letter('r'), u8(0), i64(LSN), i64(LSN + 8n), i64(MICROS), i64(MICROS + 1n)],
      ...[i32(OID), cString('g')],
    ),
    {
      ...{ tag: 'rollback-prepared', prepareEndLsn: LSN, endLsn: LSN + 8n },
      ...{ prepareTime: SINCE_1970, rollbackTime: SINCE_1970 + 1n, xid: OID, gid: 'g' },
    },
  ],
];
