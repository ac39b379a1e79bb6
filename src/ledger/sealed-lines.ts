import { crc32 } from 'node:zlib';
import { EXIT, OperatorError } from '../errors.js';
import { LEDGER_VERSIONS } from './format.js';

/** Every line ends `,"crc":"0a1b2c3d"}`. */
const SEAL = ',"crc":"';
const DIGITS = 8;
const SEAL_LENGTH = SEAL.length + DIGITS + 2;
const LINE_FEED = 0x0a;

/**
 * Formats a record as its line, sealed with the CRC-32 of the record and all lines before it. A line that was
 * changed, lost or moved breaks the chain.
 *
 * @param chain the CRC of the line before, 0 for the first one
 */
export function seal(record: object, chain: number): Sealed {
  return sealText(JSON.stringify(record).slice(0, -1), chain);
}

/** A line with its line feed, and its CRC. */
interface Sealed {
  readonly line: string;
  readonly chain: number;
}

/** Like `seal`. `body`: the record as JSON, without its last brace. */
export function sealText(body: string, chain: number): Sealed {
  const next = crc32(body, chain);
  return { line: `${body}${SEAL}${hex(next)}"}\n`, chain: next };
}

/** The two digits of each byte. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex(crc: number): string {
  const high = HEX[crc >>> 24]! + HEX[(crc >>> 16) & 0xff]!;
  return high + HEX[(crc >>> 8) & 0xff]! + HEX[crc & 0xff]!;
}

/** One line of a file. */
export interface SealedLine<R> {
  /** From 1. */
  readonly number: number;
  /** Null for a malformed line. */
  readonly record: R | null;
  /**
   * `malformed`: the line is not a record. `broken`: its seal does not follow from the line before, so this line
   * or that one was changed, lost or moved.
   */
  readonly problem: 'malformed' | 'broken' | null;
}

/**
 * Reads the lines of a file from its bytes, which may come in pieces while the file grows, and checks each line
 * against its seal. An incomplete line was never written, by the format: it is skipped, also before other lines.
 */
export class SealedLines<R extends object> {
  readonly #path: string;
  readonly #isRecord: (value: unknown) => value is R;
  /** The bytes of a line whose end has not come yet, in pieces: a long line is put together once. */
  #rest: Buffer[] = [];
  #chain: number | null;
  #number = 0;

  /**
   * @param path for the error about another version
   * @param chain the CRC before the first line: 0 at the beginning of a file; null if unknown, since the reading
   *   begins inside a file: then the first seal is not checked
   */
  constructor(path: string, isRecord: (value: unknown) => value is R, chain: number | null = 0) {
    this.#path = path;
    this.#isRecord = isRecord;
    this.#chain = chain;
  }

  /** The CRC of the last whole line. */
  get chain(): number {
    return this.#chain ?? 0;
  }

  /** The bytes so far do not end with a line feed. */
  get cutOff(): boolean {
    return this.#rest.length > 0;
  }

  /** Lines that the next bytes complete. Throws an `OperatorError` on a file of another version. */
  *push(bytes: Buffer): Generator<SealedLine<R>> {
    let begin = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, begin);
      if (end < 0) break;
      const line = this.#read(this.#joined(bytes.subarray(begin, end)));
      begin = end + 1;
      if (line !== null) yield line;
    }
    // Copied: the caller may use the bytes again.
    if (begin < bytes.length) this.#rest.push(Buffer.from(bytes.subarray(begin)));
  }

  /** The last line, if it lacks only its line feed. No bytes may follow. */
  *finish(): Generator<SealedLine<R>> {
    const line = this.cutOff ? this.#read(this.#joined(Buffer.alloc(0))) : null;
    if (line !== null) yield line;
  }

  /** A line whose last bytes these are. */
  #joined(end: Buffer): Buffer {
    if (this.#rest.length === 0) return end;
    const line = Buffer.concat([...this.#rest, end]);
    this.#rest = [];
    return line;
  }

  /** Null: the line is incomplete. */
  #read(bytes: Buffer): SealedLine<R> | null {
    const number = ++this.#number;
    const stated = statedCrc(bytes);
    if (stated === null) {
      return isCutOff(bytes.toString()) ? null : { number, record: null, problem: 'malformed' };
    }
    const before = this.#chain;
    this.#chain = stated;
    const record = this.#parse(bytes.toString());
    if (record === null) return { number, record, problem: 'malformed' };
    if ('ledger' in record && !LEDGER_VERSIONS.includes(record.ledger)) {
      const version = Number(record.ledger);
      const path = this.#path;
      throw new OperatorError(EXIT.usage, (m) => m.ledger.otherVersion({ path, version }));
    }
    const body = bytes.subarray(0, -SEAL_LENGTH);
    const whole = before === null || crc32(body, before) === stated;
    return { number, record, problem: whole ? null : 'broken' };
  }

  #parse(text: string): R | null {
    try {
      const value: unknown = JSON.parse(text);
      return this.#isRecord(value) ? value : null;
    } catch {
      return null;
    }
  }
}

/** The CRC that a line states in its seal; null if it has no seal. */
function statedCrc(line: Buffer): number | null {
  const at = line.length - SEAL_LENGTH;
  if (at < 0) return null;
  for (let i = 0; i < SEAL.length; i++) if (line[at + i] !== SEAL.charCodeAt(i)) return null;
  const end = line.length - 2;
  if (line[end] !== QUOTE || line[end + 1] !== BRACE) return null;
  let crc = 0;
  for (let i = end - DIGITS; i < end; i++) {
    const digit = digitOf(line[i]!);
    if (digit < 0) return null;
    crc = crc * 16 + digit;
  }
  return crc;
}

const QUOTE = 0x22;
const BRACE = 0x7d;

/** The value of a hexadecimal digit; -1: it is not one, as capitals are not: `seal` writes none. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

/** A seal with up to this many wrong characters is a changed seal; with more, the line was cut off before it. */
const MOST_WRONG = 2;

/**
 * Whether a line without a seal is the beginning of a record, as a full disk or a killed process leaves it. Only a
 * whole line ends like a seal.
 */
function isCutOff(line: string): boolean {
  return line.startsWith('{') && !looksSealed(line) && !looksSealed(line.slice(0, -1));
}

function looksSealed(line: string): boolean {
  const end = line.slice(-SEAL_LENGTH);
  let wrong = SEALED.length - end.length;
  for (let i = 0; i < end.length; i++) {
    const character = end[i] ?? '';
    if (SEALED[i] === '0' ? !/[0-9a-f]/.test(character) : character !== SEALED[i]) wrong++;
  }
  return wrong <= MOST_WRONG;
}

/** A seal with 0 for each of its digits. */
const SEALED = `${SEAL}00000000"}`;
