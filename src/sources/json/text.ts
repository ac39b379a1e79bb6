/**
 * Whether the bytes of `a` from `from` to `to` equal those of `b` at `at`. `b` must have as many. Compares eight at a
 * time as a double: JSON has no bytes that make 0 or -0, and NaN only counts as different.
 */
export function sameBytes(a: DataView, from: number, to: number, b: DataView, at: number): boolean {
  const shift = at - from;
  let p = from;
  if (to - from >= 8) {
    // A turn of the loop costs as much as its comparisons: four in each.
    for (const last = to - 32; p <= last; p += 32) {
      if (
        a.getFloat64(p, true) !== b.getFloat64(p + shift, true) ||
        a.getFloat64(p + 8, true) !== b.getFloat64(p + 8 + shift, true) ||
        a.getFloat64(p + 16, true) !== b.getFloat64(p + 16 + shift, true) ||
        a.getFloat64(p + 24, true) !== b.getFloat64(p + 24 + shift, true)
      )
        return false;
    }
    for (const last = to - 8; p < last; p += 8) {
      if (a.getFloat64(p, true) !== b.getFloat64(p + shift, true)) return false;
    }
    // The last eight may overlap those before.
    return a.getFloat64(to - 8, true) === b.getFloat64(to - 8 + shift, true);
  }
  if (to - from >= 4) {
    return (
      a.getInt32(p, true) === b.getInt32(p + shift, true) &&
      a.getInt32(to - 4, true) === b.getInt32(to - 4 + shift, true)
    );
  }
  for (; p < to; p++) if (a.getUint8(p) !== b.getUint8(p + shift)) return false;
  return true;
}

/** Limit of names that are learnt beyond the known ones; more are read, but not remembered. */
const MOST_LEARNT = 1024;
/** Longer names are not remembered: no known name is that long. */
const MOST_BYTES = 64;
/** Buckets of the hash table: several times the number of names. */
const BUCKETS = 8192;
const POOL_BYTES = 1 << 17;

const QUOTE = 0x22;
const COLON = 0x3a;

/** The number of a name that is not remembered. */
export const UNKNOWN = -1;

/**
 * Numbers the names of members: the known ones from 0 on, others as they come. Looks them up by their bytes, without
 * making strings. Events of one kind have the same names in the same order, so the successor of the last name is
 * tried first.
 */
export class Names {
  /** Each name with the two bytes after it: `name":`. */
  readonly #pool = new Uint8Array(POOL_BYTES);
  readonly #words = new DataView(this.#pool.buffer);
  readonly #from = new Int32Array(MOST_LEARNT + BUCKETS);
  #count = 0;
  #used = 0;
  readonly #most: number;
  readonly #buckets = new Int32Array(BUCKETS).fill(UNKNOWN);
  /** The last successor of each name, and the one before if it differed. */
  readonly #next = new Int32Array(MOST_LEARNT + BUCKETS);
  readonly #second = new Int32Array(MOST_LEARNT + BUCKETS);

  /** @param known at least one and at most some hundred; a name's number is its index here */
  constructor(known: readonly string[]) {
    this.#most = known.length + MOST_LEARNT;
    for (const name of known) {
      const bytes = Buffer.from(name);
      this.find(bytes, 0, bytes.length);
    }
  }

  /** The number of the name at `at` (`name":`) if it is a successor of `last`, or UNKNOWN: then it has to be looked up. */
  guess(last: number, words: DataView, at: number, end: number): number {
    const first = this.#next[last]!;
    if (this.#is(first, words, at, end)) return first;
    const second = this.#second[last]!;
    if (second !== first && this.#is(second, words, at, end)) return second;
    return UNKNOWN;
  }

  /** Bytes of a name with its closing quotation mark and colon. */
  width(name: number): number {
    return this.#from[name + 1]! - this.#from[name]!;
  }

  /** Remembers `name` as the successor of `last`. */
  follows(last: number, name: number): void {
    if (this.#next[last] === name) return;
    this.#second[last] = this.#next[last]!;
    this.#next[last] = name;
  }

  /** The number of a name, without quotation marks and escapes; a new one is learnt. */
  find(bytes: Uint8Array, start: number, stop: number): number {
    if (stop - start > MOST_BYTES) return UNKNOWN;
    let hash = stop - start;
    for (let p = start; p < stop; p++) hash = (Math.imul(hash, 31) + bytes[p]!) | 0;
    let bucket = (hash ^ (hash >>> 15)) & (BUCKETS - 1);
    for (;;) {
      const name = this.#buckets[bucket]!;
      if (name === UNKNOWN) return this.#learn(bucket, bytes, start, stop);
      if (this.#equals(name, bytes, start, stop)) return name;
      bucket = (bucket + 1) & (BUCKETS - 1);
    }
  }

  #learn(bucket: number, bytes: Uint8Array, start: number, stop: number): number {
    if (this.#count >= this.#most) return UNKNOWN;
    const name = this.#count++;
    for (let p = start; p < stop; p++) this.#pool[this.#used++] = bytes[p]!;
    this.#pool[this.#used++] = QUOTE;
    this.#pool[this.#used++] = COLON;
    this.#from[name + 1] = this.#used;
    this.#buckets[bucket] = name;
    return name;
  }

  #equals(name: number, bytes: Uint8Array, start: number, stop: number): boolean {
    let at = this.#from[name]!;
    if (this.#from[name + 1]! - at !== stop - start + 2) return false;
    for (let p = start; p < stop; p++) if (bytes[p] !== this.#pool[at++]) return false;
    return true;
  }

  #is(name: number, words: DataView, at: number, end: number): boolean {
    const from = this.#from[name]!;
    const to = this.#from[name + 1]!;
    return at + to - from <= end && sameBytes(this.#words, from, to, words, at);
  }
}

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const HEX_DIGITS = 4;
/** Bytes of `\\u` and its digits. */
const ESCAPE_BYTES = 2 + HEX_DIGITS;

/** The character for the letter after a backslash; others stand for themselves. */
const SHORT = Uint8Array.from({ length: 256 }, (_, code) => code);
for (const [letter, character] of ['b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  SHORT[letter!.charCodeAt(0)] = character!.charCodeAt(0);
}

/**
 * Decodes a JSON string with escapes into UTF-8, from the bytes between its quotation marks, which must be valid.
 * Null: it has half of a surrogate pair, for which UTF-8 has no bytes.
 */
export function decodeBytes(bytes: Buffer, start: number, stop: number): Buffer | null {
  // No escape is shorter than its character.
  const decoded = Buffer.allocUnsafe(stop - start);
  let to = 0;
  let p = start;
  while (p < stop) {
    const c = bytes[p++]!;
    if (c !== BACKSLASH) {
      decoded[to++] = c;
      continue;
    }
    const letter = bytes[p++]!;
    if (letter !== LETTER_U) {
      decoded[to++] = SHORT[letter]!;
      continue;
    }
    let code = unit(bytes, p);
    p += HEX_DIGITS;
    if (code >= 0xd800 && code <= 0xdfff) {
      const follows =
        p + ESCAPE_BYTES <= stop && bytes[p] === BACKSLASH && bytes[p + 1] === LETTER_U;
      const low = follows ? unit(bytes, p + 2) : 0;
      if (code > 0xdbff || low < 0xdc00 || low > 0xdfff) return null;
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      p += ESCAPE_BYTES;
    }
    to = encode(code, decoded, to);
  }
  return decoded.subarray(0, to);
}

/** The same as text; halves of surrogate pairs stay as JSON.parse leaves them. */
export function decodeString(bytes: Buffer, start: number, stop: number): string {
  const decoded = decodeBytes(bytes, start, stop);
  if (decoded !== null) return decoded.toString('utf8');
  return JSON.parse(`"${bytes.toString('utf8', start, stop)}"`) as string;
}

function unit(bytes: Buffer, at: number): number {
  return Number.parseInt(bytes.toString('latin1', at, at + HEX_DIGITS), 16);
}

/** Writes a code point in UTF-8; returns the offset after it. */
function encode(code: number, into: Buffer, at: number): number {
  let to = at;
  if (code < 0x80) into[to++] = code;
  else if (code < 0x800) into[to++] = 0xc0 | (code >> 6);
  else if (code < 0x10000) {
    into[to++] = 0xe0 | (code >> 12);
    into[to++] = 0x80 | ((code >> 6) & 0x3f);
  } else {
    into[to++] = 0xf0 | (code >> 18);
    into[to++] = 0x80 | ((code >> 12) & 0x3f);
    into[to++] = 0x80 | ((code >> 6) & 0x3f);
  }
  if (code >= 0x80) into[to++] = 0x80 | (code & 0x3f);
  return to;
}
