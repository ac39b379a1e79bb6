/** Exit codes, as scripts and CI jobs rely on them. */
export const EXIT = {
  done: 0,
  /** A defect of the program itself. */
  defect: 1,
  /** Usage or configuration is wrong. */
  usage: 2,
  /** Database not reachable, or lost for longer than the retries allow. */
  unreachable: 3,
  /** Database not in the state that the command needs. */
  state: 4,
  /** The run finished, but a check or a threshold did not hold. */
  notHeld: 5,
  /** `verify`: all came, some of it again, as a connector may that starts over. */
  duplicates: 6,
  /** `verify`: something is missing, or came otherwise than it was committed. */
  violation: 7,
  /** `verify`: nothing wrong was found, and not everything could be judged. */
  indeterminate: 8,
  /** A signal ended it before its work was done, or a second one forced the end. */
  forced: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * The message catalogue. `messages/index.ts` declares what it has: nothing below needs to know it, and a sentence that
 * it lacks is an error of the compiler nevertheless.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is filled where the catalogue is
export interface Catalogue {}

let english: Catalogue | null = null;

/** Has errors be described in English, in `message`, for logs of defects and for tests. */
export function describeErrorsBy(catalogue: Catalogue): void {
  english = catalogue;
}

/**
 * An error meant for the operator: one sentence that says what happened, where and what to do, in
 * the operator's language, and the exit code. Everything else that is thrown is a defect.
 */
export class OperatorError extends Error {
  readonly exitCode: ExitCode;
  /** The sentence in a given language. `message` holds it in English. */
  readonly tell: (messages: Catalogue) => string;

  constructor(
    exitCode: ExitCode,
    tell: (messages: Catalogue) => string,
    options?: { cause?: unknown },
  ) {
    super(english === null ? `exit code ${exitCode}` : tell(english), options);
    this.name = 'OperatorError';
    this.exitCode = exitCode;
    this.tell = tell;
  }
}

/**
 * A source of events that is not there, or not to be had, at the moment: no such file, topic or slot, a port that
 * another program uses. It may come while a run is under way; after a run it is an error.
 */
export class SourceAbsent extends OperatorError {}
