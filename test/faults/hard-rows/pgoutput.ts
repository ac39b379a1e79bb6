/** Reads pgoutput's messages of protocol version 1: for the reference consumer, apart from the program's own reader. */

interface RelationColumn {
  readonly name: string;
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

export type Message =
  | { readonly tag: 'begin'; readonly committedAt: bigint; readonly xid: number }
  | { readonly tag: 'commit'; readonly lsn: bigint }
  | { readonly tag: 'relation'; readonly relation: Relation }
  | {
      readonly tag: 'change';
      readonly operation: 'insert' | 'update' | 'delete';
      readonly relation: number;
      /** `key`: its columns that are not of the key are null. */
      readonly old: { readonly kind: 'key' | 'full'; readonly tuple: Tuple } | null;
      readonly row: Tuple | null;
    }
  | { readonly tag: 'other' };

/** PostgreSQL counts microseconds from 2000. */
const EPOCH_MICROS = 946_684_800_000_000n;

const OPERATIONS = { I: 'insert', U: 'update', D: 'delete' } as const;

/** Throws on bytes that are no message. */
export function messageOf(bytes: Buffer): Message {
  const cursor = new Cursor(bytes);
  const tag = cursor.letter();
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
      return changeOf(OPERATIONS[tag], cursor);
    default:
      return { tag: 'other' };
  }
}

function relationOf(cursor: Cursor): Relation {
  const oid = cursor.int32();
  const schema = cursor.text();
  const name = cursor.text();
  cursor.skip(1);
  const columns = Array.from({ length: cursor.int16() }, () => {
    cursor.skip(1);
    const name = cursor.text();
    // The type's OID and modifier.
    cursor.skip(8);
    return { name };
  });
  return { oid, schema, name, columns };
}

function changeOf(operation: 'insert' | 'update' | 'delete', cursor: Cursor): Message {
  const relation = cursor.int32();
  let part = cursor.letter();
  let old: { kind: 'key' | 'full'; tuple: Tuple } | null = null;
  if (part === 'K' || part === 'O') {
    old = { kind: part === 'K' ? 'key' : 'full', tuple: tupleOf(cursor) };
    part = operation === 'delete' ? '' : cursor.letter();
  }
  const row = part === 'N' ? tupleOf(cursor) : null;
  return { tag: 'change', operation, relation, old, row };
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
