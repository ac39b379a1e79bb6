import { TextDecoder } from 'node:util';

/** Byte order marks; editors and shells of Windows write them. */
const MARKS: readonly (readonly [string, Buffer])[] = [
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
];

/** The text of a file in UTF-8, or in UTF-16 with its byte order mark, without the mark. Null: it is in neither. */
export function decodeText(bytes: Buffer): string | null {
  const marked = MARKS.find(([, mark]) => bytes.subarray(0, mark.length).equals(mark));
  try {
    const text = new TextDecoder(marked?.[0] ?? 'utf-8', { fatal: true }).decode(bytes);
    // UTF-16 without its mark is UTF-8 too, full of NULs.
    return text.includes('\0') ? null : text.replace(/^\ufeff+/, '');
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
