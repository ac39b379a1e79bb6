import { MOST_BYTES_PER_UNIT, writeUtf8 } from '../lib/utf8.js';
import type { Row, Value } from '../schema/value.js';
import { type BinaryType, BinaryValues } from './binary-values.js';

/** A prepared statement. Its parameters are one array a column, so that its text fits any number of rows, or the values of one row. */
export interface Statement {
  /** The text's name on a connection, which prepares it once. */
  readonly name: string;
  readonly text: string;
  /** Types of the columns, whose arrays or values are `$1`, `$2`, … */
  readonly types: readonly BinaryType[];
  readonly rows: readonly Row[];
  /** Left out or false: the parameters are arrays. True: they are the values of the one row. */
  readonly isOneRow?: boolean;
}

/** pg_type.oid of the elements of an array parameter; those of built-in types never change. */
const OID: Readonly<Record<BinaryType, number>> = {
  bigint: 20,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
};

/** Bytes of the first buffer: a batch of 50 rows takes 5 to 10 thousand. */
const FIRST_BYTES = 1 << 16;
/** Bytes of an array's header, or of the fixed parts of a Bind message, with room to spare. */
const HEADER_BYTES = 64;

/** Message types of the extended query protocol, as the documentation names them. */
const PARSE = 0x50;
const BIND = 0x42;
const EXECUTE = 0x45;
const CLOSE = 0x43;
const SYNC = 0x53;
const OF_STATEMENT = 0x53;

/** Parameters are sent in the binary format: the server reads them with no text to parse. */
const BINARY = 1;
const ALL_ROWS = 0;

/**
 * Writes messages of the extended query protocol one after the other into a buffer that is reused. `pg`
 * would make a text of each parameter and an object of each message, and ask for a description of every
 * result.
 */
export class WireWriter extends BinaryValues {
  constructor() {
    super(FIRST_BYTES);
  }

  /** Starts over: overwrites the bytes that were taken before. */
  reset(): void {
    this.at = 0;
  }

  /** The bytes written since `reset`. Valid until the next message is written. */
  get bytes(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  /** Prepares a statement, and closes the one that the connection may have under this name. */
  prepare({ name, text }: Statement): void {
    this.reserve(
      2 * name.length * MOST_BYTES_PER_UNIT + text.length * MOST_BYTES_PER_UNIT + HEADER_BYTES,
    );
    const closed = this.#begin(CLOSE);
    this.byte(OF_STATEMENT);
    this.#cString(name);
    this.#end(closed);
    const parsed = this.#begin(PARSE);
    this.#cString(name);
    this.#cString(text);
    // No types given: each parameter has its cast in the text.
    this.int16(0);
    this.#end(parsed);
  }

  /** Runs a prepared statement. Its result is not described: the sender knows its columns. */
  execute({ name, types, rows, isOneRow = false }: Statement): void {
    this.reserve(name.length * MOST_BYTES_PER_UNIT + types.length * HEADER_BYTES + HEADER_BYTES);
    const bound = this.#begin(BIND);
    this.#cString(''); // the unnamed portal
    this.#cString(name);
    this.int16(1);
    this.int16(BINARY);
    this.int16(types.length);
    for (let column = 0; column < types.length; column++) {
      if (isOneRow) this.#parameter(types[column]!, rows[0]![column]!);
      else this.#array(types[column]!, rows, column);
    }
    this.reserve(HEADER_BYTES);
    this.int16(0); // results as text
    this.#end(bound);
    const executed = this.#begin(EXECUTE);
    this.#cString('');
    this.int32(ALL_ROWS);
    this.#end(executed);
  }

  /** Ends a packet: after a failure the server skips the messages up to here. */
  sync(): void {
    this.reserve(HEADER_BYTES);
    this.#end(this.#begin(SYNC));
  }

  /** One column of the rows, as a one-dimensional array. */
  #array(type: BinaryType, rows: readonly Row[], column: number): void {
    this.reserve(HEADER_BYTES);
    const lengthAt = this.at;
    this.at += 4;
    this.int32(1); // dimensions
    const hasNullsAt = this.at;
    this.int32(0);
    this.int32(OID[type]);
    this.int32(rows.length);
    this.int32(1); // the first index
    for (let i = 0; i < rows.length; i++) {
      const value = rows[i]![column]!;
      if (value === null) this.view.setInt32(hasNullsAt, 1);
      this.#parameter(type, value);
    }
    this.endLength(lengthAt);
  }

  #parameter(type: BinaryType, value: Value): void {
    if (value === null) this.nullValue();
    else this.value(type, value);
  }

  #begin(type: number): number {
    this.byte(type);
    const lengthAt = this.at;
    this.at += 4;
    return lengthAt;
  }

  #end(lengthAt: number): void {
    this.view.setInt32(lengthAt, this.at - lengthAt);
  }

  #cString(text: string): void {
    this.at = writeUtf8(this.buffer, this.at, text);
    this.byte(0);
  }
}
