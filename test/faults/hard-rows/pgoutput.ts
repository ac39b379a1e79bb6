/** Reads pgoutput's messages of protocol versions 1 to 3: for the reference consumers, apart from the program's own reader. */

export interface RelationColumn {
  readonly name: string;
  readonly inKey: boolean;
  /** OID and modifier. */
  readonly type: number;
  readonly modifier: number;
}

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly RelationColumn[];
}

/** A value that an update leaves alone, and that the WAL lacks (unchanged TOAST). */
export const UNCHANGED = Symbol('unchanged');
/** As PostgreSQL prints it; null: NULL. */
export type TupleValue = string | null | typeof UNCHANGED;
export type Tuple = readonly TupleValue[];

/** `subxid`: of the subtransaction, in a block of a streamed transaction; null: outside of such blocks. */
export type Message =
  | { readonly tag: 'begin'; readonly committedAt: bigint; readonly xid: number }
  | { readonly tag: 'commit'; readonly lsn: bigint }
  | { readonly tag: 'relation'; readonly relation: Relation }
  | {
      readonly tag: 'change';
      readonly subxid: number | null;
      readonly operation: 'insert' | 'update' | 'delete';
      readonly relation: number;
      /** `key`: its columns that are not of the key are null. */
      readonly old: { readonly kind: 'key' | 'full'; readonly tuple: Tuple } | null;
      readonly row: Tuple | null;
    }
  | {
      readonly tag: 'truncate';
      readonly subxid: number | null;
      readonly relations: readonly number[];
    }
  | {
      readonly tag: 'message';
      readonly subxid: number | null;
      readonly transactional: boolean;
      readonly prefix: string;
      readonly content: string;
    }
  | { readonly tag: 'stream start'; readonly xid: number }
  | { readonly tag: 'stream stop' }
  | { readonly tag: 'stream abort'; readonly xid: number; readonly subxid: number }
  | Ending<'stream commit'>
  | { readonly tag: 'begin prepare'; readonly xid: number }
  | { readonly tag: 'prepare' }
  | { readonly tag: 'stream prepare'; readonly xid: number }
  | Ending<'commit prepared'>
  | { readonly tag: 'rollback prepared'; readonly xid: number }
  | { readonly tag: 'other' };

interface Ending<Tag> {
  readonly tag: Tag;
  readonly xid: number;
  readonly lsn: bigint;
  readonly committedAt: bigint;
}

/** PostgreSQL counts microseconds from 2000. */
const EPOCH_MICROS = 946_684_800_000_000n;

const OPERATIONS = { I: 'insert', U: 'update', D: 'delete' } as const;

/** Changes within a block of a streamed transaction begin with an xid. */
const CHANGES = new Set(['R', 'I', 'U', 'D', 'T', 'M', 'Y']);

/**
 * Throws on bytes that are no message.
 *
 * @param streamed the message is in a block of a streamed transaction
 */
export function messageOf(bytes: Buffer, streamed = false): Message {
  const cursor = new Cursor(bytes);
  const tag = cursor.letter();
  const subxid = streamed && CHANGES.has(tag) ? cursor.int32() : null;
  switch (tag) {
    case 'B': {
      cursor.int64();
      return { tag: 'begin', committedAt: cursor.int64() + EPOCH_MICROS, xid: cursor.int32() };
    }
    case 'C':
      cursor.skip(1);
      return { tag: 'commit', lsn: cursor.int64() };
    case 'R':
      return { tag: 'relation', relation: relationOf(cursor) };
    case 'I':
    case 'U':
    case 'D':
      return changeOf(OPERATIONS[tag], subxid, cursor);
    case 'T': {
      const count = cursor.int32();
      cursor.skip(1);
      const relations = Array.from({ length: count }, () => cursor.int32());
      return { tag: 'truncate', subxid, relations };
    }
    case 'M': {
      const transactional = cursor.int8() === 1;
      cursor.skip(8);
      const prefix = cursor.text();
      return {
        ...{ tag: 'message', subxid, transactional, prefix },
        content: cursor.sized(cursor.int32()),
      };
    }
    case 'S':
      return { tag: 'stream start', xid: cursor.int32() };
    case 'E':
      return { tag: 'stream stop' };
    case 'A':
      return { tag: 'stream abort', xid: cursor.int32(), subxid: cursor.int32() };
    case 'c': {
      const xid = cursor.int32();
      return { tag: 'stream commit', xid, ...endOf(cursor) };
    }
    case 'b':
      cursor.skip(3 * 8);
      return { tag: 'begin prepare', xid: cursor.int32() };
    case 'P':
      return { tag: 'prepare' };
    case 'p':
      cursor.skip(1 + 3 * 8);
      return { tag: 'stream prepare', xid: cursor.int32() };
    case 'K': {
      const end = endOf(cursor);
      return { tag: 'commit prepared', xid: cursor.int32(), ...end };
    }
    case 'r':
      cursor.skip(1 + 4 * 8);
      return { tag: 'rollback prepared', xid: cursor.int32() };
    default:
      return { tag: 'other' };
  }
}

/** Flags, the LSN of COMMIT, the end's LSN and the time. */
function endOf(cursor: Cursor): { readonly lsn: bigint; readonly committedAt: bigint } {
  cursor.skip(1);
  const lsn = cursor.int64();
  cursor.skip(8);
  return { lsn, committedAt: cursor.int64() + EPOCH_MICROS };
}

function relationOf(cursor: Cursor): Relation {
  const oid = cursor.int32();
  const schema = cursor.text();
  const name = cursor.text();
  cursor.skip(1);
  const columns = Array.from({ length: cursor.int16() }, () => {
    const inKey = (cursor.int8() & 1) === 1;
    const name = cursor.text();
    return { name, inKey, type: cursor.int32(), modifier: cursor.int32() | 0 };
  });
  return { oid, schema, name, columns };
}

function changeOf(
  operation: 'insert' | 'update' | 'delete',
  subxid: number | null,
  cursor: Cursor,
): Message {
  const relation = cursor.int32();
  let part = cursor.letter();
  let old: { kind: 'key' | 'full'; tuple: Tuple } | null = null;
  if (part === 'K' || part === 'O') {
    old = { kind: part === 'K' ? 'key' : 'full', tuple: tupleOf(cursor) };
    part = operation === 'delete' ? '' : cursor.letter();
  }
  const row = part === 'N' ? tupleOf(cursor) : null;
  return { tag: 'change', subxid, operation, relation, old, row };
}

function tupleOf(cursor: Cursor): Tuple {
  return Array.from({ length: cursor.int16() }, () => {
    const form = cursor.letter();
    if (form === 'n') return null;
    if (form === 'u') return UNCHANGED;
    if (form !== 't') throw new Error(`no value has the form ${form}`);
    return cursor.sized(cursor.int32());
  });
}

class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  letter(): string {
    return String.fromCharCode(this.#bytes[this.#at++]!);
  }

  int8(): number {
    return this.#bytes[this.#at++]!;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  /** Unsigned, as OIDs, xids and sizes are. */
  int32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  /** Up to a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  sized(bytes: number): string {
    this.#at += bytes;
    return this.#bytes.toString('utf8', this.#at - bytes, this.#at);
  }
}
