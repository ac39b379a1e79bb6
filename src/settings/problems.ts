import { EXIT, OperatorError } from '../errors.js';
import type { Told } from './validators.js';

/** One thing wrong with what the operator gave: a sentence. */
export type Problem = Told;

/** Throws every problem at once, as one error; does nothing when there is none. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new OperatorError(EXIT.usage, (messages) =>
    // One flag may set two options; what is wrong with it is still said once.
    messages.config.problems([...new Set(problems.map((problem) => problem(messages)))]),
  );
}
