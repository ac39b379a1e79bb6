import { isUtf8 } from 'node:buffer';
import type { Sentence } from '../errors.js';
import type { Decoder, DecoderOptions, Refusal } from './decoder.js';
import { FORMATS, type Format } from './formats.js';
import { headSpan, NOT_UTF8, notJson, registryHead } from './json/not-json.js';
import { JsonError, JsonReader } from './json/reader.js';
import { Names } from './json/text.js';
import type { Scope } from './scope.js';
import type { Sink } from './source.js';

/** Limit of an event, or of a body, in bytes: rows of the hospital have some hundred. */
export const MOST_BYTES = 16 << 20;

/** The reason for refusing a larger one. */
export const TOO_LONG: Sentence = (m) => m.malformed.tooLong({ mebibytes: MOST_BYTES >> 20 });

const LF = 0x0a;
const ARRAY = 0x5b;
const OPEN = 0x7b;
const FIRST_SCRATCH_BYTES = 1 << 16;
const NOTHING = Buffer.alloc(0);

/** Offsets from the end at which a character of UTF-8 (4 bytes at most) may have been cut. */
const CHARACTER_CUTS = [-1, -2, -3];

const REFUSED_TOO_LONG: Refusal = { reason: TOO_LONG, isCutOff: false };

/** The result of reading a line that may be cut off. */
export type Unfinished = 'whole' | 'cut' | 'wrong';

export interface IntakeOptions extends DecoderOptions {
  /** Left out: Debezium's. */
  readonly format?: Format;
}

/**
 * Cuts the bytes of a transport into values, one per event, and hands them to the decoder of their format. Values
 * that are too long, not UTF-8 or not events go to the sink as `malformed`. No bytes make it throw, and every call
 * returns when the sink has all of their events; the bytes may be overwritten afterwards.
 *
 * `partition`, `position` and `receivedAt` are as of `RowEvent`.
 */
export class Intake {
  readonly #sink: Sink;
  readonly #decoder: Decoder;
  /** Finds the elements of arrays, where no name is of interest. */
  readonly #arrays = new JsonReader(new Names(['']));
  readonly #scratch = Buffer.alloc(FIRST_SCRATCH_BYTES);
  /** The beginning of a line whose first line feed is within a schema registry's head. */
  #cut: Buffer = NOTHING;
  #reason: Sentence | null = null;

  constructor(sink: Sink, scope: Scope, options: IntakeOptions = {}) {
    this.#sink = sink;
    this.#decoder = FORMATS[options.format ?? 'debezium'](sink, scope, options);
  }

  /**
   * Reads whole lines, one event each, each with its line feed; blank ones count as lines and give nothing.
   *
   * @param position of the first line; it goes up by one a line
   * @returns the position after the last line
   */
  lines(given: Buffer, partition: number, position: number, receivedAt: number): number {
    const bytes = this.#afterCut(given);
    // Once for all lines: one call per line is slower.
    const isText = isUtf8(bytes);
    const { length } = bytes;
    let next = position;
    let begin = 0;
    while (begin < length) {
      // A registry's head may have the byte of a line feed in it.
      const span = bytes[begin] === OPEN ? 0 : headSpan(bytes, begin);
      const end = bytes.indexOf(LF, begin + span);
      if (end === -1) {
        const rest = bytes.subarray(begin);
        const isCut = span > 0 && rest[rest.length - 1] === LF;
        if (isCut) this.#cut = Buffer.from(rest);
        else this.line(rest, partition, next++, receivedAt);
        return next;
      }
      const refusal =
        end - begin > MOST_BYTES
          ? REFUSED_TOO_LONG
          : ((isText ? null : refusalOfText(bytes.subarray(begin, end))) ??
            this.#decoder.decode(bytes, begin, end, null, partition, next, receivedAt));
      if (refusal !== null) this.refuse(refusal.reason, partition, next);
      begin = end + 1;
      next++;
    }
    return next;
  }

  /** Reads one line without its line feed. An empty or blank one gives nothing. */
  line(bytes: Uint8Array, partition: number, position: number, receivedAt: number): void {
    this.value(null, this.#afterCut(bytes), partition, position, receivedAt);
  }

  /**
   * Reads a line that its writer may not have finished. 'whole': its event went to the sink. 'cut': it may be the
   * beginning of an event, and 'wrong': it cannot be one; the sink then got nothing.
   */
  unfinished(
    bytes: Uint8Array,
    partition: number,
    position: number,
    receivedAt: number,
  ): Unfinished {
    const isHead = bytes.length > 0 && headSpan(bytes, 0) >= bytes.length;
    const isCutCharacter =
      !isUtf8(bytes) && CHARACTER_CUTS.some((cut) => isUtf8(bytes.subarray(0, cut)));
    if (isHead || isCutCharacter) return 'cut';
    const cut = this.#cut;
    const refusal = this.#decode(null, this.#afterCut(bytes), partition, position, receivedAt);
    if (refusal === null) return 'whole';
    this.#cut = cut;
    return refusal.isCutOff ? 'cut' : 'wrong';
  }

  /** Reads one value with the key of its message, as a record of Kafka has them. A null value is a tombstone. */
  value(
    key: Uint8Array | null,
    value: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): void {
    if (value === null) {
      this.#sink.ignored('tombstone', null);
      return;
    }
    const refusal = this.#decode(key, value, partition, position, receivedAt);
    if (refusal !== null) this.refuse(refusal.reason, partition, position);
  }

  /**
   * Reads one value, or a JSON array of values (a request's body with several events): all have the same position.
   * An array that is not JSON to its end is malformed as a whole.
   */
  valueOrArray(bytes: Uint8Array, partition: number, position: number, receivedAt: number): void {
    const refusal = refusalOf(bytes);
    if (refusal !== null) {
      this.refuse(refusal.reason, partition, position);
      return;
    }
    const loaded = this.#load(bytes);
    try {
      const bounds = this.#elements(loaded, bytes.length);
      for (let i = 0; i + 1 < bounds.length; i += 2) {
        const [begin, end] = [bounds[i]!, bounds[i + 1]!];
        const problem = this.#decoder.decode(
          loaded,
          begin,
          end,
          null,
          partition,
          position,
          receivedAt,
        );
        if (problem !== null) this.refuse(problem.reason, partition, position);
      }
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      this.refuse(error.reason, partition, position);
    }
  }

  /** Reports an input as malformed. */
  refuse(reason: Sentence, partition: number, position: number): void {
    this.#reason ??= reason;
    this.#sink.malformed({ partition, position, reason });
  }

  /** The first reason for a refusal since the last call; null: nothing was refused. */
  takeReason(): Sentence | null {
    const reason = this.#reason;
    this.#reason = null;
    return reason;
  }

  #decode(
    key: Uint8Array | null,
    value: Uint8Array,
    partition: number,
    position: number,
    receivedAt: number,
  ): Refusal | null {
    const { length } = value;
    return (
      refusalOf(value) ??
      this.#decoder.decode(this.#load(value), 0, length, key, partition, position, receivedAt)
    );
  }

  /** Prepends the bytes that the call before left over. */
  #afterCut<T extends Uint8Array>(bytes: T): T | Buffer {
    if (this.#cut.length === 0) return bytes;
    const whole = Buffer.concat([this.#cut, bytes]);
    this.#cut = NOTHING;
    return whole;
  }

  /** Copies bytes to where a line feed follows them. Memory for a large value is not kept. */
  #load(bytes: Uint8Array): Buffer {
    const { length } = bytes;
    const loaded = length < this.#scratch.length ? this.#scratch : Buffer.alloc(length + 1);
    loaded.set(bytes);
    loaded[length] = LF;
    this.#decoder.forget();
    return loaded;
  }

  /** The bounds of an array's elements, or of the one value: begin, end, begin, end… None where it is blank. */
  #elements(bytes: Buffer, length: number): number[] {
    const reader = this.#arrays;
    reader.load(bytes);
    reader.open(0, length);
    reader.skipMarks();
    if (reader.blank()) return [];
    if (reader.peek() !== ARRAY) return [0, length];
    const bounds: number[] = [];
    reader.value();
    for (let more = reader.firstElement(); more; more = reader.nextElement()) {
      reader.peek();
      bounds.push(reader.at);
      reader.skip();
      bounds.push(reader.at);
    }
    reader.close();
    return bounds;
  }
}

function refusalOf(value: Uint8Array): Refusal | null {
  if (value.length > MOST_BYTES) return REFUSED_TOO_LONG;
  return isUtf8(value) ? null : refusalOfText(Buffer.from(value));
}

/** Refuses text that is not UTF-8 after a registry's head. */
function refusalOfText(bytes: Buffer): Refusal | null {
  if (isUtf8(bytes.subarray(registryHead(bytes, 0, bytes.length)))) return null;
  return { reason: notJson(bytes, false) ?? NOT_UTF8, isCutOff: false };
}
