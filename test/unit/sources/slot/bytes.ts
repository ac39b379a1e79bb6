/** Puts messages together byte by byte, as the server would. */
export const u8 = (value: number): Buffer => Buffer.from([value]);
export const letter = (value: string): Buffer => Buffer.from(value, 'latin1');
export const cString = (value: string): Buffer => Buffer.from(`${value}\0`);

export function i16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function i32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

export function i64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}

export function bytes(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

/** A value in a row: its text, NULL, or `undefined` for one that was not sent. */
export type Sent = string | null | undefined;

export function row(...values: readonly Sent[]): Buffer {
  return bytes(i16(values.length), ...values.map(valueBytes));
}

function valueBytes(value: Sent): Buffer {
  if (value === null) return letter('n');
  if (value === undefined) return letter('u');
  const text = Buffer.from(value);
  return bytes(letter('t'), i32(text.length), text);
}
