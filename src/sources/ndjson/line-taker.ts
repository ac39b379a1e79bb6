import { Intake, type IntakeOptions, TOO_LONG } from '../intake.js';
import type { Scope } from '../scope.js';
import type { Sink } from '../source.js';

/** Lines have one order. */
export const PARTITION = 0;

/** Bytes that text does not have. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is for them
const BINARY = /[\0-\x08\x0b\x0c\x0e-\x1d]/;

/** Takes the lines of one input, in their order. `receivedAt`: as of `RowEvent`. */
interface LineTaker {
  /** Takes whole lines, each with its line feed. The bytes may be overwritten afterwards. */
  lines(bytes: Buffer, receivedAt: number): void;
  /** Takes a line that is longer than MOST_BYTES. */
  tooLong(): void;
  /**
   * Takes the bytes after the last line feed, once no more come.
   *
   * @param mayBeCut whether the writer may have been amid a line
   */
  rest(bytes: Buffer, receivedAt: number, mayBeCut: boolean): void;
}

/** A LineTaker that may work later than it is called. Its promises reject where it failed. */
export interface QueuedLineTaker extends LineTaker {
  /** Resolves when it and its sink have room for more. */
  ready(): Promise<void>;
  /** Resolves when the sink has the events of all lines. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Decodes lines into calls of a sink. The position of an event is its line, from 1. */
export class LineIntake implements LineTaker {
  readonly #intake: Intake;
  #position = 1;

  constructor(sink: Sink, scope: Scope, options: IntakeOptions) {
    this.#intake = new Intake(sink, scope, options);
  }

  lines(bytes: Buffer, receivedAt: number): void {
    this.#position = this.#intake.lines(bytes, PARTITION, this.#position, receivedAt);
  }

  tooLong(): void {
    this.#intake.refuse(TOO_LONG, PARTITION, this.#position++);
  }

  rest(bytes: Buffer, receivedAt: number, mayBeCut: boolean): void {
    const position = this.#position;
    const isWhole = !mayBeCut || isJson(bytes);
    const result = isWhole
      ? 'wrong'
      : this.#intake.unfinished(bytes, PARTITION, position, receivedAt);
    if (
      isWhole ||
      (result === 'wrong' && (position === 1 || BINARY.test(bytes.toString('latin1'))))
    ) {
      this.#intake.line(bytes, PARTITION, position, receivedAt);
    }
  }
}

/** A LineIntake that has decoded its lines when a call returns. */
export class ImmediateLineIntake extends LineIntake implements QueuedLineTaker {
  readonly #sink: Sink;

  constructor(sink: Sink, scope: Scope, options: IntakeOptions) {
    super(sink, scope, options);
    this.#sink = sink;
  }

  ready(): Promise<void> {
    return this.#sink.ready();
  }

  async settled(): Promise<void> {}

  async close(): Promise<void> {}
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
