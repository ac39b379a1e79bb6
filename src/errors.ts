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
  /** `verify`: every change arrived, some of them again, as from a connector that started over. */
  duplicates: 6,
  /** `verify`: a change is missing, or differs from the committed one. */
  violation: 7,
  /** `verify`: no violation was found, but not every change could be judged. */
  indeterminate: 8,
  /** A signal ended it before its work was done, or a second one forced the end. */
  forced: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * The message catalogue. `messages/index.ts` declares its members, so that rooms below it need not import it, and the
 * compiler still reports a sentence that it lacks.
 */
// biome-ignore lint/suspicious/noEmptyInterface: messages/index.ts declares its members
export interface Catalogue {}

/** A sentence, or a part of one, in a language that its reader chooses. */
export type Sentence = (messages: Catalogue) => string;

let english: Catalogue | null = null;

/** Sets the English catalogue, for the `message` of errors (logs of defects and tests read it) and for `inEnglish`. */
export function describeErrorsBy(catalogue: Catalogue): void {
  english = catalogue;
}

/** The sentence in English, for documents and answers that other programs read. Throws where no catalogue was set. */
export function inEnglish(sentence: Sentence): string {
  if (english === null) throw new Error('the English catalogue was not set');
  return sentence(english);
}

/**
 * An error meant for the operator: the exit code, and one sentence in their language on what happened, where, and
 * what to do. Any other error is a defect.
 */
export class OperatorError extends Error {
  readonly exitCode: ExitCode;
  /** The sentence in a given language. `message` holds it in English. */
  readonly sentence: Sentence;

  constructor(exitCode: ExitCode, sentence: Sentence, options?: { cause?: unknown }) {
    super(english === null ? `exit code ${exitCode}` : sentence(english), options);
    this.name = 'OperatorError';
    this.exitCode = exitCode;
    this.sentence = sentence;
  }
}

/**
 * A source of events that is not available: no such file, topic or slot, or a port that another program uses. While a
 * run is under way the source may still appear; after the run it is an error.
 */
export class SourceAbsent extends OperatorError {}
