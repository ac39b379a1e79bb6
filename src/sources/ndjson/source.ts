import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type IntakeOptions, MOST_BYTES } from '../intake.js';
import type { Scope } from '../scope.js';
import type { Sink, Source } from '../source.js';
import { STANDARD_INPUT } from '../source-spec.js';
import { ByFirstBytes, type ByteInput, END, IDLE } from './byte-input.js';
import { inputOf } from './file-input.js';
import { unpackGzip } from './gzip-input.js';
import { ImmediateLineIntake, type QueuedLineTaker } from './line-taker.js';
import { joinIndented, LineBuffer } from './lines.js';
import { type ByteStream, StreamInput, standardInput } from './stream-input.js';

/** Bytes of a read, at least: with a quarter of them, a large file takes a tenth longer. */
const CHUNK_BYTES = 1 << 20;

/**
 * Size from which a file is decoded on a thread of its own, in bytes: the thread takes as long to start and to warm up as
 * it saves in some 50,000 events.
 */
const LARGE_BYTES = 64 << 20;

export interface NdjsonOptions extends IntakeOptions {
  /** A path, or STANDARD_INPUT. */
  readonly path: string;
  /** Follows the file as it grows, until `stop`; the file need not be there yet. A pipe ends with its writer. */
  readonly follow: boolean;
  /** Left out: the process's standard input. */
  readonly stdin?: ByteStream;
  /** True: the lines are decoded on a thread of their own, if the sink can. Left out: those of a large file, on two cores. */
  readonly apart?: boolean;
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
    const taker = await this.#takerFor(sink, scope);
    const buffer = new LineBuffer(CHUNK_BYTES, MOST_BYTES);
    let receivedAt = 0;
    let idle = false;
    const lines = (bytes: Buffer) => taker.lines(bytes, receivedAt);
    const tooLong = () => taker.tooLong();
    try {
      try {
        for (;;) {
          const count = await this.#input.read(buffer.bytes, buffer.used);
          if (count === END) break;
          if (count === IDLE) {
            await taker.settled();
            sink.idle();
            idle = true;
            continue;
          }
          idle = false;
          receivedAt = Date.now() * 1000;
          buffer.take(count, lines, tooLong);
          await taker.ready();
        }
      } finally {
        await this.#input.close();
        // The sink gets the lines before a failure of the input, too.
        await taker.settled();
      }
      const rest = buffer.rest();
      const hasRest = rest.length > 0;
      taker.rest(rest, receivedAt, this.#stopped && this.#options.follow);
      await taker.settled();
      if (!idle || hasRest) sink.idle();
      await taker.ready();
    } finally {
      await taker.close();
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#input.stop();
  }

  async #takerFor(sink: Sink, scope: Scope): Promise<QueuedLineTaker> {
    const options = this.#options;
    if (sink.decodeApart !== undefined && (options.apart ?? (await isLarge(options.path)))) {
      const { format, toastPlaceholders } = options;
      return sink.decodeApart(scope, {
        ...(format && { format }),
        ...(toastPlaceholders && { toastPlaceholders }),
      });
    }
    return new ImmediateLineIntake(sink, scope, options);
  }
}

/** Whether a second thread pays: the file is large, and there are two cores. */
async function isLarge(path: string): Promise<boolean> {
  if (availableParallelism() < 2 || path === STANDARD_INPUT) return false;
  const found = await stat(path).catch(() => null);
  return found?.isFile() === true && found.size >= LARGE_BYTES;
}
