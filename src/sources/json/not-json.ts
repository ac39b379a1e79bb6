import { isUtf8 } from 'node:buffer';
import type { Sentence } from '../../errors.js';

/**
 * Lengths of the heads that serializers of schema registries put before a value, by their first byte: 0 and an id of 4
 * bytes (Confluent, Karapace, Apicurio) or 8 (Apicurio before version 3); 1 and a GUID (Confluent); 3, the compression
 * and a GUID (AWS Glue). `longest`: a console that prints text writes three bytes for each that is not UTF-8.
 */
const HEADS: readonly { readonly shortest: number; readonly longest: number }[] = [
  { shortest: 5, longest: 13 },
  { shortest: 17, longest: 49 },
  { shortest: 0, longest: 0 },
  { shortest: 18, longest: 50 },
];

const OPEN = 0x7b;

/** Bytes of the registry's head before the JSON between `begin` and `end`. 0: no head, or no JSON after it. */
export function registryHead(bytes: Uint8Array, begin: number, end: number): number {
  const shortest = headSpan(bytes, begin);
  if (shortest === 0) return 0;
  const last = Math.min(end - 1, begin + HEADS[bytes[begin]!]!.longest);
  for (let at = begin + shortest; at <= last; at++) {
    if (bytes[at] === OPEN) return isHole(bytes, begin, at) ? 0 : at - begin;
  }
  return 0;
}

/** Only zeros are a hole in a file: ids begin with 1. */
function isHole(bytes: Uint8Array, begin: number, end: number): boolean {
  return bytes.subarray(begin, end).every((byte) => byte === 0);
}

/** Bytes from `begin` that may be a registry's head, in which a line feed does not end a line. */
export function headSpan(bytes: Uint8Array, begin: number): number {
  return HEADS[bytes[begin]!]?.shortest ?? 0;
}

/** Encodings with two or four bytes per character. */
type WideEncoding = 'UTF-16LE' | 'UTF-16BE' | 'UTF-32LE' | 'UTF-32BE';

/** Byte order marks, the longer ones first: UTF-32LE's begins with UTF-16LE's. */
const MARKS: readonly (readonly [WideEncoding, readonly number[]])[] = [
  ['UTF-32LE', [0xff, 0xfe, 0, 0]],
  ['UTF-32BE', [0, 0, 0xfe, 0xff]],
  ['UTF-16LE', [0xff, 0xfe]],
  ['UTF-16BE', [0xfe, 0xff]],
];

/** Patterns of two ASCII characters (`x`), with which JSON begins, for text without a mark. */
const SHAPES: readonly (readonly [WideEncoding, string])[] = [
  ['UTF-32LE', 'x000x000'],
  ['UTF-32BE', '000x000x'],
  ['UTF-16LE', 'x0x0'],
  ['UTF-16BE', '0x0x'],
];

/** The encoding of the first bytes; null: another one. */
function wideEncoding(bytes: Uint8Array): WideEncoding | null {
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

/** Bytes of an input by which its format is found. */
const HEAD_BYTES = 512;

/** Kafka Connect's converter that writes JSON. */
const CONVERTER = { converter: 'org.apache.kafka.connect.json.JsonConverter' };

const packed =
  (format: string, command: string | null): Sentence =>
  (m) =>
    m.malformed.format.packed({ format, command });
const columnar =
  (format: string): Sentence =>
  (m) =>
    m.malformed.format.columnar({ format });

/** Formats by their first bytes, written as text of one byte a character. */
const MAGIC: readonly (readonly [string, Sentence])[] = [
  ['\x1f\x8b', packed('gzip', 'gunzip')],
  ['\x28\xb5\x2f\xfd', packed('zstd', 'zstd -d')],
  ['\xfd7zXZ\x00', packed('xz', 'xz -d')],
  ['BZh', packed('bzip2', 'bzip2 -d')],
  ['\x04\x22\x4d\x18', packed('lz4', 'lz4 -d')],
  ['\xff\x06\x00\x00sNaPpY', packed('snappy', null)],
  ['PK\x03\x04', packed('zip', 'unzip')],
  ['Obj\x01', (m) => m.malformed.format.avroFile()],
  ['PAR1', columnar('Parquet')],
  ['ORC', columnar('ORC')],
];

/** The reason for refusing text in an unknown encoding. */
export const NOT_UTF8: Sentence = (m) => m.malformed.format.notUtf8();
const NULS: Sentence = (m) => m.malformed.format.nuls();
const REGISTRY: Sentence = (m) => m.malformed.format.registry(CONVERTER);
const JAVA_OBJECT: Sentence = (m) => m.malformed.format.javaObject(CONVERTER);
const PRINTED_OBJECT: Sentence = (m) => m.malformed.format.printedObject();
const SEVERAL_LINES: Sentence = (m) => m.malformed.format.severalLines();
const ARRAY: Sentence = (m) => m.malformed.format.array();
const CSV: Sentence = (m) => m.malformed.format.csv();

/** Patterns of how text begins; the first match counts. */
const TEXTS: readonly (readonly [RegExp, Sentence])[] = [
  [/(?:^|[^\w"])Struct\{[\w.]+=/, (m) => m.malformed.format.struct(CONVERTER)],
  [/^\s*\{\s*[\w.]+=/, JAVA_OBJECT],
  [/^\s*\w+ ?[[({]\s*\w+ ?=/, JAVA_OBJECT],
  [/^\s*[{[]+\s*(?:'|:?\w+\s*(?::|=>)|"[^"]*"\s*=>)/, PRINTED_OBJECT],
  [/^\s*(?:b?'|%\{|map\[)/, PRINTED_OBJECT],
  [/^% |^Processed a total of /, (m) => m.malformed.format.consoleMessage()],
  [/^\s*\{\s*$/, SEVERAL_LINES],
  [/^\s*\[\s*$/, ARRAY],
  [/^\s*"[^"]*"\s*:\s*(?:[{[]|.*,)?\s*$/, SEVERAL_LINES],
  [/^\s*\[\s*(?:[{"]|\[\s*\{)/, ARRAY],
  [/^\s*[^\s{["][^"]*\{\s*"/, (m) => m.malformed.format.textBefore()],
  [/^[^{}<]*[,;\t][^{}<]*$/, CSV],
  [/^(?:[^,;\t]*[,;\t].*|")\{""/s, CSV],
  [/^[A-Za-z0-9+/]{24,}={0,2}\s*$/, (m) => m.malformed.format.encoded(CONVERTER)],
];

/** Control characters that text does not have; NUL has its own reason. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is for them
const CONTROL = /[\x01-\x08\x0b\x0c\x0e-\x1d\x1f\x7f]/;
/** First bytes of maps in MessagePack and CBOR; no text in UTF-8 begins with them. */
const PACKED = /^[\x80-\xff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const HEAD = /^(?:\0.{4}|\x01.{16}|\x03[\0\x05].{16})/s;
/** The same after a key that is JSON. */
const HEAD_AFTER_KEY = /^[^\0]*\t\0(?!\0{4})/;
/** The length in 32 bits, below 16 MiB, then an element's type and name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const BSON_HEAD = /^.{3}\0[\x01-\x13][\w$.]+\0/s;

/**
 * Names the format of bytes that are not JSON and how to convert it. Null: unknown.
 *
 * @param isSeveral the reader of JSON found bytes after a value
 */
export function notJson(bytes: Buffer, isSeveral: boolean): Sentence | null {
  const head = bytes.subarray(0, HEAD_BYTES);
  const text = head.toString('latin1');
  const magic = MAGIC.find(([first]) => text.startsWith(first));
  if (magic !== undefined) return magic[1];
  const wide = wideEncoding(head);
  if (wide !== null) return (m) => m.malformed.format.wide({ encoding: wide });
  if (!/^\s*[{[]\s*"/.test(text)) {
    if (text.startsWith('\0\0\0\0\0')) return NULS;
    if (HEAD.test(text)) return REGISTRY;
    if (BSON_HEAD.test(text)) return (m) => m.malformed.format.bson(CONVERTER);
    if (PACKED.test(text) && !isUtf8(bytes))
      return (m) => m.malformed.format.messagePack(CONVERTER);
    if (text.startsWith('\x1b[')) return (m) => m.malformed.format.colours();
    if (CONTROL.test(text)) return (m) => m.malformed.format.binary(CONVERTER);
  }
  if (HEAD_AFTER_KEY.test(text)) return REGISTRY;
  if (bytes.includes(0)) return NULS;
  if (!isUtf8(bytes)) return NOT_UTF8;
  const reason = TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  if (reason !== undefined) return reason;
  return isSeveral ? (m) => m.malformed.format.severalValues() : null;
}
