import type { Client } from 'pg';
import { connectionOf } from './driver.js';
import { DATA_ROW, endOfMessage, HEAD_BYTES, readInPlaceOfPg } from './message-cutter.js';

/** Bytes of the number of values, after the head of the message, and of the length before each value. */
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;

const ZERO = 0x30;
/** Digits that a number always holds exactly. */
const EXACT_DIGITS = 15;

/** A row of a query, in the bytes of many. One for all rows: it is of the last. */
export class DataRow {
  bytes: Buffer = Buffer.alloc(0);
  /** Offsets of each value's begin and end. NULL: the end is before the begin. */
  readonly begins: number[] = [];
  readonly ends: number[] = [];
  /** Values of the row. */
  length = 0;

  /** Takes the message that begins at `at`. */
  take(bytes: Buffer, at: number): void {
    this.bytes = bytes;
    let begin = at + HEAD_BYTES + COUNT_BYTES;
    this.length = bytes.readUInt16BE(begin - COUNT_BYTES);
    for (let i = 0; i < this.length; i++) {
      const length = bytes.readInt32BE(begin);
      begin += LENGTH_BYTES;
      this.begins[i] = begin;
      this.ends[i] = begin + length;
      if (length > 0) begin += length;
    }
  }

  isNull(column: number): boolean {
    return this.ends[column]! < this.begins[column]!;
  }

  /** A value as the server prints it; null is NULL. */
  text(column: number): string | null {
    if (this.isNull(column)) return null;
    return this.bytes.toString('utf8', this.begins[column], this.ends[column]);
  }

  /** The number that a value's digits stand for. NaN: it is anything else than 1 to 15 digits. */
  digits(column: number): number {
    const { bytes } = this;
    const begin = this.begins[column]!;
    const end = this.ends[column]!;
    if (end <= begin || end - begin > EXACT_DIGITS) return Number.NaN;
    let number = 0;
    for (let at = begin; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      number = number * 10 + digit;
    }
    return number;
  }
}

/**
 * Runs a query, and passes on its rows as they arrive, without the object of each row and the text of each value that `pg`
 * would make. Rejects with the server's error. No other query of the connection may be in its queue.
 */
export async function readRows(
  client: Client,
  query: { readonly text: string; readonly values: readonly unknown[] },
  onRow: (row: DataRow) => void,
): Promise<void> {
  const row = new DataRow();
  const letPgRead = readInPlaceOfPg(connectionOf(client), [DATA_ROW], (messages) => {
    for (let at = 0; at < messages.length; at = endOfMessage(messages, at)) {
      row.take(messages, at);
      onRow(row);
    }
    return true;
  });
  try {
    await client.query({ ...query, values: [...query.values] });
  } finally {
    letPgRead();
  }
}
