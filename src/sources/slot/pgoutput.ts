import { EPOCH_MS } from '../../postgres/binary-values.js';
import { ByteReader, DecodeError } from './byte-reader.js';

/** Stands for a value that an update left unchanged and that the WAL lacks, since it is stored out of line (TOAST). */
export const UNCHANGED: unique symbol = Symbol('unchanged TOAST value');

/** A value as the server's text; null is NULL. */
type TupleValue = string | null | typeof UNCHANGED;

/** Values in the order of the relation's columns. */
export type Tuple = readonly TupleValue[];

/** The old row. `key`: only its replica identity, all else null; `full`: all of it. */
interface OldTuple {
  readonly kind: 'key' | 'full';
  readonly tuple: Tuple;
}

interface RelationColumn {
  readonly name: string;
  /** Part of the replica identity. */
  readonly key: boolean;
  /** pg_type.oid */
  readonly type: number;
  /** pg_attribute.atttypmod; -1: none. */
  readonly modifier: number;
}

/** pg_class.relreplident, in words. */
type ReplicaIdentity = 'default' | 'nothing' | 'full' | 'index';

interface BeginMessage {
  readonly tag: 'begin';
  /** LSN of the COMMIT record. */
  readonly commitLsn: bigint;
  /** Microseconds since 1970, UTC. */
  readonly commitTime: bigint;
  /** 32 bits, without the epoch of `pg_current_xact_id()`. */
  readonly xid: number;
}

interface CommitMessage {
  readonly tag: 'commit';
  readonly commitLsn: bigint;
  /** LSN of the end of the COMMIT record, which acknowledges the transaction. */
  readonly endLsn: bigint;
  /** Microseconds since 1970, UTC. */
  readonly commitTime: bigint;
}

/** The transaction came from another server, by replication. */
interface OriginMessage {
  readonly tag: 'origin';
  readonly lsn: bigint;
  readonly name: string;
}

/** Describes a table. Sent before its first change on a connection, and again after the table was altered. */
export interface RelationMessage {
  readonly tag: 'relation';
  /** pg_class.oid, by which changes name their table. */
  readonly relation: number;
  readonly schema: string;
  readonly name: string;
  readonly identity: ReplicaIdentity;
  readonly columns: readonly RelationColumn[];
}

/** Describes a type that is not built in. */
interface TypeMessage {
  readonly tag: 'type';
  readonly type: number;
  readonly schema: string;
  readonly name: string;
}

interface InsertMessage {
  readonly tag: 'insert';
  readonly relation: number;
  readonly row: Tuple;
}

export interface UpdateMessage {
  readonly tag: 'update';
  readonly relation: number;
  /** Null where the replica identity did not change and is not the full row. */
  readonly old: OldTuple | null;
  readonly row: Tuple;
}

interface DeleteMessage {
  readonly tag: 'delete';
  readonly relation: number;
  readonly old: OldTuple;
}

export interface TruncateMessage {
  readonly tag: 'truncate';
  readonly relations: readonly number[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

/** Written by `pg_logical_emit_message`. */
export interface LogicalMessage {
  readonly tag: 'message';
  /** False: it arrives outside of transactions, before its own has ended. */
  readonly transactional: boolean;
  readonly lsn: bigint;
  readonly prefix: string;
  readonly content: Buffer;
}

/** A part of a transaction follows that is not finished: it has grown beyond `logical_decoding_work_mem`. */
interface StreamStartMessage {
  readonly tag: 'stream-start';
  /** The transaction's, not a subtransaction's. */
  readonly xid: number;
  /** It is the transaction's first part. */
  readonly first: boolean;
}

interface StreamStopMessage {
  readonly tag: 'stream-stop';
}

interface StreamCommitMessage extends Omit<CommitMessage, 'tag'> {
  readonly tag: 'stream-commit';
  readonly xid: number;
}

interface StreamAbortMessage {
  readonly tag: 'stream-abort';
  readonly xid: number;
  /** The subtransaction that is rolled back; `xid` itself: all of the transaction is. */
  readonly subxid: number;
}

/** The end of a transaction that is prepared: PREPARE TRANSACTION. */
interface Prepared {
  /** LSN of the PREPARE record. */
  readonly prepareLsn: bigint;
  /** LSN of its end. */
  readonly endLsn: bigint;
  /** Microseconds since 1970, UTC. */
  readonly prepareTime: bigint;
  readonly xid: number;
  readonly gid: string;
}

interface BeginPrepareMessage extends Prepared {
  readonly tag: 'begin-prepare';
}

interface PrepareMessage extends Prepared {
  readonly tag: 'prepare';
}

/** The end of a streamed transaction that is prepared. */
interface StreamPrepareMessage extends Prepared {
  readonly tag: 'stream-prepare';
}

interface CommitPreparedMessage extends Omit<CommitMessage, 'tag'> {
  readonly tag: 'commit-prepared';
  readonly xid: number;
  readonly gid: string;
}

interface RollbackPreparedMessage {
  readonly tag: 'rollback-prepared';
  /** LSN of the end of the PREPARE record. */
  readonly prepareEndLsn: bigint;
  /** LSN of the end of the ROLLBACK PREPARED record. */
  readonly endLsn: bigint;
  /** Microseconds since 1970, UTC. */
  readonly prepareTime: bigint;
  readonly rollbackTime: bigint;
  readonly xid: number;
  readonly gid: string;
}

export type PgOutputMessage =
  | BeginMessage
  | CommitMessage
  | OriginMessage
  | RelationMessage
  | TypeMessage
  | InsertMessage
  | UpdateMessage
  | DeleteMessage
  | TruncateMessage
  | LogicalMessage
  | StreamStartMessage
  | StreamStopMessage
  | StreamCommitMessage
  | StreamAbortMessage
  | BeginPrepareMessage
  | PrepareMessage
  | StreamPrepareMessage
  | CommitPreparedMessage
  | RollbackPreparedMessage;

/** Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01 UTC. */
export const EPOCH_MICROS = BigInt(EPOCH_MS) * 1000n;

const IDENTITIES: Readonly<Record<string, ReplicaIdentity>> = {
  d: 'default',
  n: 'nothing',
  f: 'full',
  i: 'index',
};

/** The flag of a column in the replica identity. */
const KEY_FLAG = 1;
const CASCADE_FLAG = 1;
const RESTART_IDENTITY_FLAG = 2;
const TRANSACTIONAL_FLAG = 1;
const FIRST_PART_FLAG = 1;

/** The kinds of a value: `t`, `n`, `u` and `b`. */
const TEXT_VALUE = 0x74;
const NULL_VALUE = 0x6e;
const UNCHANGED_VALUE = 0x75;
const BINARY_VALUE = 0x62;

const OID_BYTES = 4;

/** The types of messages that begin with the xid of their change within a streamed part of a transaction. */
const WITH_XID: ReadonlySet<string> = new Set('RYIUDTM');

/**
 * Decodes one message of pgoutput, of protocol version 1, 2 or 3. Throws a DecodeError on everything else. Lengths in
 * the bytes never make it read or allocate more than there is.
 *
 * @param streamed the message is between Stream Start and Stream Stop, where changes begin with their xid
 * @param begin the message is the bytes from here to before `end`
 */
export function decode(
  bytes: Buffer,
  streamed = false,
  begin = 0,
  end = bytes.length,
): PgOutputMessage {
  const reader = new ByteReader(bytes, begin, end);
  const type = letter(reader, 'its type');
  if (streamed && WITH_XID.has(type)) reader.uint32('the transaction id');
  const message = decodeBody(type, reader);
  reader.end();
  return message;
}

/**
 * The xid of a change within a streamed part of a transaction: the subtransaction's, or the transaction's own. Null:
 * messages of its type have none. Throws a DecodeError where the message ends within it.
 */
export function xidOfChange(bytes: Buffer): number | null {
  const reader = new ByteReader(bytes, 0, bytes.length);
  return WITH_XID.has(letter(reader, 'its type')) ? reader.uint32('the transaction id') : null;
}

function decodeBody(type: string, reader: ByteReader): PgOutputMessage {
  switch (type) {
    case 'B':
      return {
        tag: 'begin',
        commitLsn: reader.uint64('the LSN'),
        commitTime: time(reader),
        xid: xid(reader),
      };
    case 'C':
      return { tag: 'commit', ...commit(reader) };
    case 'O':
      return {
        tag: 'origin',
        lsn: reader.uint64('the LSN'),
        name: reader.cString("the origin's name"),
      };
    case 'R':
      return relation(reader);
    case 'Y':
      return {
        tag: 'type',
        type: reader.uint32("the type's oid"),
        schema: schema(reader),
        name: reader.cString("the type's name"),
      };
    case 'I':
      return { tag: 'insert', relation: relationOid(reader), row: newTuple(reader) };
    case 'U':
      return update(reader);
    case 'D': {
      const oid = relationOid(reader);
      const at = reader.offset;
      const kind = letter(reader, 'the kind of the row');
      const old = oldTuple(kind, reader);
      if (old === null) throw new DecodeError(`an old row of the kind ${quote(kind)}`, at);
      return { tag: 'delete', relation: oid, old };
    }
    case 'T':
      return truncate(reader);
    case 'M': {
      const transactional = flags(reader, TRANSACTIONAL_FLAG) !== 0;
      const lsn = reader.uint64('the LSN');
      const prefix = reader.cString('the prefix');
      const content = reader.copy(reader.length('the content'), 'the content');
      return { tag: 'message', transactional, lsn, prefix, content };
    }
    case 'S':
      return {
        tag: 'stream-start',
        xid: xid(reader),
        first: flags(reader, FIRST_PART_FLAG) !== 0,
      };
    case 'E':
      return { tag: 'stream-stop' };
    case 'c':
      return { tag: 'stream-commit', xid: xid(reader), ...commit(reader) };
    case 'A':
      return {
        tag: 'stream-abort',
        xid: xid(reader),
        subxid: reader.uint32("the subtransaction's id"),
      };
    case 'b':
      return { tag: 'begin-prepare', ...prepared(reader) };
    case 'P':
      flags(reader, 0);
      return { tag: 'prepare', ...prepared(reader) };
    case 'p':
      flags(reader, 0);
      return { tag: 'stream-prepare', ...prepared(reader) };
    case 'K':
      return { tag: 'commit-prepared', ...commit(reader), xid: xid(reader), gid: gid(reader) };
    case 'r':
      flags(reader, 0);
      return {
        tag: 'rollback-prepared',
        prepareEndLsn: reader.uint64('the end LSN of PREPARE'),
        endLsn: reader.uint64('the end LSN'),
        prepareTime: time(reader),
        rollbackTime: time(reader),
        xid: xid(reader),
        gid: gid(reader),
      };
  }
  throw new DecodeError(`no message has the type ${quote(type)}`, 0);
}

/** The end of a transaction, after the flags, of which there are none. */
function commit(reader: ByteReader): Omit<CommitMessage, 'tag'> {
  flags(reader, 0);
  return {
    commitLsn: reader.uint64('the LSN'),
    endLsn: reader.uint64('the end LSN'),
    commitTime: time(reader),
  };
}

function prepared(reader: ByteReader): Prepared {
  return {
    prepareLsn: reader.uint64('the LSN'),
    endLsn: reader.uint64('the end LSN'),
    prepareTime: time(reader),
    xid: xid(reader),
    gid: gid(reader),
  };
}

function relation(reader: ByteReader): RelationMessage {
  const oid = relationOid(reader);
  const relationSchema = schema(reader);
  const name = reader.cString("the relation's name");
  const at = reader.offset;
  const code = letter(reader, 'the replica identity');
  const identity = IDENTITIES[code];
  if (identity === undefined) throw new DecodeError(`a replica identity ${quote(code)}`, at);
  const columns: RelationColumn[] = [];
  for (let count = reader.uint16('the number of columns'); count > 0; count--) {
    columns.push({
      key: flags(reader, KEY_FLAG) !== 0,
      name: reader.cString("the column's name"),
      type: reader.uint32("the type's oid"),
      modifier: reader.int32("the type's modifier"),
    });
  }
  return { tag: 'relation', relation: oid, schema: relationSchema, name, identity, columns };
}

function update(reader: ByteReader): PgOutputMessage {
  const oid = relationOid(reader);
  const at = reader.offset;
  const kind = letter(reader, 'the kind of the row');
  if (kind === 'N') return { tag: 'update', relation: oid, old: null, row: tuple(reader) };
  const old = oldTuple(kind, reader);
  if (old === null) throw new DecodeError(`a row of the kind ${quote(kind)}`, at);
  return { tag: 'update', relation: oid, old, row: newTuple(reader) };
}

function truncate(reader: ByteReader): TruncateMessage {
  const at = reader.offset;
  const count = reader.int32('the number of relations');
  const options = flags(reader, CASCADE_FLAG | RESTART_IDENTITY_FLAG);
  if (count < 0 || count * OID_BYTES > reader.left) {
    throw new DecodeError(`${count} relations, and ${reader.left} bytes are left`, at);
  }
  const relations: number[] = [];
  for (let i = 0; i < count; i++) relations.push(relationOid(reader));
  return {
    tag: 'truncate',
    relations,
    cascade: (options & CASCADE_FLAG) !== 0,
    restartIdentity: (options & RESTART_IDENTITY_FLAG) !== 0,
  };
}

function newTuple(reader: ByteReader): Tuple {
  const at = reader.offset;
  const kind = letter(reader, 'the kind of the row');
  if (kind !== 'N') throw new DecodeError(`a new row of the kind ${quote(kind)}`, at);
  return tuple(reader);
}

/** Null: `kind` is not of an old row. */
function oldTuple(kind: string, reader: ByteReader): OldTuple | null {
  if (kind === 'K') return { kind: 'key', tuple: tuple(reader) };
  if (kind === 'O') return { kind: 'full', tuple: tuple(reader) };
  return null;
}

function tuple(reader: ByteReader): Tuple {
  const values: TupleValue[] = [];
  for (let count = reader.uint16('the number of values'); count > 0; count--) {
    values.push(value(reader));
  }
  return values;
}

function value(reader: ByteReader): TupleValue {
  const at = reader.offset;
  const kind = reader.uint8('the kind of a value');
  // By its code: a letter for each value costs as much as the rest.
  switch (kind) {
    case TEXT_VALUE:
      return reader.text(reader.length('a value'), 'a value');
    case NULL_VALUE:
      return null;
    case UNCHANGED_VALUE:
      return UNCHANGED;
    case BINARY_VALUE:
      throw new DecodeError('a value is in the binary format, which was not asked for', at);
  }
  throw new DecodeError(`a value of the kind ${quote(String.fromCharCode(kind))}`, at);
}

function xid(reader: ByteReader): number {
  return reader.uint32('the transaction id');
}

function gid(reader: ByteReader): string {
  return reader.cString('the name of the prepared transaction');
}

function relationOid(reader: ByteReader): number {
  return reader.uint32("the relation's oid");
}

/** The server leaves out the name of its own schema. */
function schema(reader: ByteReader): string {
  const name = reader.cString("the schema's name");
  return name === '' ? 'pg_catalog' : name;
}

function time(reader: ByteReader): bigint {
  return reader.int64('the time') + EPOCH_MICROS;
}

/** A byte of flags. Throws on an unknown one, whose meaning would be missed. */
function flags(reader: ByteReader, known: number): number {
  const at = reader.offset;
  const byte = reader.uint8('the flags');
  if ((byte & ~known) !== 0) throw new DecodeError(`unknown flags ${byte}`, at);
  return byte;
}

function letter(reader: ByteReader, field: string): string {
  return String.fromCharCode(reader.uint8(field));
}

function quote(code: string): string {
  return JSON.stringify(code);
}
