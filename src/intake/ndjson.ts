import { DebeziumIntake, type IntakeOptions, MOST_BYTES, TOO_LONG } from './debezium/intake.js';
import type { Sink, Source } from './event.js';
import { type ByteInput, END, IDLE } from './files/byte-input.js';
import { FileInput } from './files/file-input.js';
import { MaybeGzipInput } from './files/gzip-input.js';
import { LineBuffer } from './files/line-buffer.js';
import { type ByteStream, standardInput } from './files/standard-input.js';
import { StreamInput } from './files/stream-input.js';
import type { Scope } from './scope.js';
import { STANDARD_INPUT } from './source-spec.js';

/** Bytes of a read. Below, reads cost more than they bring; above, nothing is gained. */
const CHUNK_BYTES = 1 << 18;

/** There is one order, that of the lines. */
const STREAM = 0;

export interface NdjsonOptions extends IntakeOptions {
  /** Of a file, or STANDARD_INPUT. */
  readonly path: string;
  /** Goes on with what is added to the file, until `stop`; it may also not be there yet. */
  readonly follow: boolean;
  /** In place of the process's standard input. */
  readonly stdin?: ByteStream;
}

/**
 * Events as lines of JSON, in a file or from standard input, packed with gzip or not. The place of an event is
 * the number of its line. A last line without a line feed counts at the end; while more may be written to it,
 * only if it is whole.
 */
export class NdjsonSource implements Source {
  readonly streams = 1;
  readonly #input: ByteInput;
  readonly #options: NdjsonOptions;
  #stopped = false;

  constructor(options: NdjsonOptions) {
    const { path, follow } = options;
    this.#options = options;
    const isStream = path === STANDARD_INPUT;
    const input = isStream
      ? new StreamInput(options.stdin ?? standardInput(), 'stdin')
      : new FileInput(path, follow);
    this.#input = new MaybeGzipInput(input, isStream ? 'stdin' : path);
  }

  async run(sink: Sink, scope: Scope): Promise<void> {
    const intake = new DebeziumIntake(sink, scope, this.#options);
    const buffer = new LineBuffer(CHUNK_BYTES, MOST_BYTES);
    let place = 1;
    let receivedAt = 0;
    let idle = false;
    const lines = (bytes: Buffer) => {
      place = intake.lines(bytes, STREAM, place, receivedAt);
    };
    const tooLong = () => {
      sink.malformed({ stream: STREAM, place: place++, reason: TOO_LONG });
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
    // What was stopped may have been about to go on.
    if (!(this.#stopped && this.#options.follow) || isJson(rest)) {
      intake.event(rest, STREAM, place, receivedAt);
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
