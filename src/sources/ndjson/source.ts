import { Intake, type IntakeOptions, MOST_BYTES, TOO_LONG } from '../intake.js';
import type { Scope } from '../scope.js';
import type { Sink, Source } from '../source.js';
import { STANDARD_INPUT } from '../source-spec.js';
import { ByFirstBytes, type ByteInput, END, IDLE } from './byte-input.js';
import { inputOf } from './file-input.js';
import { unpackGzip } from './gzip-input.js';
import { joinIndented, LineBuffer } from './lines.js';
import { type ByteStream, StreamInput, standardInput } from './stream-input.js';

/** Bytes of a read: smaller ones cost more calls, larger ones gain nothing. */
const CHUNK_BYTES = 1 << 18;

/** Bytes that text does not have. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is for them
const BINARY = /[\0-\x08\x0b\x0c\x0e-\x1d]/;

/** Lines have one order. */
const PARTITION = 0;

export interface NdjsonOptions extends IntakeOptions {
  /** A path, or STANDARD_INPUT. */
  readonly path: string;
  /** Follows the file as it grows, until `stop`; the file need not be there yet. A pipe ends with its writer. */
  readonly follow: boolean;
  /** Left out: the process's standard input. */
  readonly stdin?: ByteStream;
}

/**
 * Events as lines, in a file or from standard input, packed with gzip or not. The position of an event is its line, or
 * its ordinal where events are indented. A last line without a line feed counts at the end; where its writer may have
 * been at work, only if it is whole.
 */
export class NdjsonSource implements Source {
  readonly partitions = 1;
  readonly #input: ByteInput;
  readonly #options: NdjsonOptions;
  #stopped = false;

  constructor(options: NdjsonOptions) {
    const { path, follow } = options;
    this.#options = options;
    const isStream = path === STANDARD_INPUT;
    const input = isStream
      ? new StreamInput(options.stdin ?? standardInput(), 'stdin')
      : inputOf(path, follow);
    const name = isStream ? 'stdin' : path;
    const unpacked = new ByFirstBytes(input, unpackGzip(name));
    this.#input = new ByFirstBytes(unpacked, joinIndented);
  }

  async run(sink: Sink, scope: Scope): Promise<void> {
    const intake = new Intake(sink, scope, this.#options);
    const buffer = new LineBuffer(CHUNK_BYTES, MOST_BYTES);
    let position = 1;
    let receivedAt = 0;
    let idle = false;
    const lines = (bytes: Buffer) => {
      position = intake.lines(bytes, PARTITION, position, receivedAt);
    };
    const tooLong = () => {
      intake.refuse(TOO_LONG, PARTITION, position++);
    };
    try {
      for (;;) {
        const count = await this.#input.read(buffer.bytes, buffer.used);
        if (count === END) break;
        if (count === IDLE) {
          sink.idle();
          idle = true;
          continue;
        }
        idle = false;
        receivedAt = Date.now() * 1000;
        buffer.take(count, lines, tooLong);
        await sink.ready();
      }
    } finally {
      await this.#input.close();
    }
    const rest = buffer.rest();
    // The writer of a followed file may have been amid a line at `stop`.
    const isWhole = !(this.#stopped && this.#options.follow) || isJson(rest);
    const result = isWhole ? 'wrong' : intake.unfinished(rest, PARTITION, position, receivedAt);
    if (
      isWhole ||
      (result === 'wrong' && (position === 1 || BINARY.test(rest.toString('latin1'))))
    ) {
      intake.line(rest, PARTITION, position, receivedAt);
    }
    if (!idle || rest.length > 0) sink.idle();
    await sink.ready();
  }

  stop(): void {
    this.#stopped = true;
    this.#input.stop();
  }
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
