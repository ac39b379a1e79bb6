/** Encodings of more than one byte for each character, which are not read. */
export type WideEncoding = 'UTF-16LE' | 'UTF-16BE' | 'UTF-32LE' | 'UTF-32BE';

/** Byte order marks, longer ones first: that of UTF-16LE begins that of UTF-32LE. */
const MARKS: readonly (readonly [WideEncoding, readonly number[]])[] = [
  ['UTF-32LE', [0xff, 0xfe, 0, 0]],
  ['UTF-32BE', [0, 0, 0xfe, 0xff]],
  ['UTF-16LE', [0xff, 0xfe]],
  ['UTF-16BE', [0xfe, 0xff]],
];

/** Without a mark, two characters of ASCII (`x`) tell: JSON begins with them. */
const SHAPES: readonly (readonly [WideEncoding, string])[] = [
  ['UTF-32LE', 'x000x000'],
  ['UTF-32BE', '000x000x'],
  ['UTF-16LE', 'x0x0'],
  ['UTF-16BE', '0x0x'],
];

/** The encoding that the first bytes show; null: another one. */
export function wideEncoding(bytes: Uint8Array): WideEncoding | null {
  const marked = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  return (marked ?? SHAPES.find(([, shape]) => matches(bytes, shape)))?.[0] ?? null;
}

function matches(bytes: Uint8Array, shape: string): boolean {
  for (let at = 0; at < shape.length; at++) {
    const byte = bytes[at] ?? -1;
    if (shape[at] === '0' ? byte !== 0 : !isAscii(byte)) return false;
  }
  return true;
}

function isAscii(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
