import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import type { Kind } from '../mutants/mutant.js';
import type { Sample } from '../mutants/sample.js';
import type { Decorated } from './decorated.js';
import type { Decoration } from './decoration.js';

/** Whether two decorations can be put beside the same stream. */
export function goesWith(one: Decoration, other: Decoration, sample: Sample): boolean {
  if (one.family === other.family || other.fits?.(sample) === false) return false;
  // Without database, schema and connector in the events, foreign rows cannot be recognized.
  const placeless = [one, other].some(({ format }) => format?.place === false);
  const foreign = [one, other].some(
    ({ family }) => family === 'elsewhere' || family === 'triggers',
  );
  return !(placeless && foreign);
}

/** Whether a harm still shows beside these decorations: with rows of other tables, a gap may be a filter's. */
export function showsBeside(kind: Kind, decorations: readonly Decoration[]): boolean {
  return kind.shownByGap !== true || !decorations.some(({ others }) => others === true);
}

/** The verifier's error; null: it is right. */
export function missOf(
  { trial, harm }: Decorated,
  { verdict, doubts, violations, accounting, examples, exit_code }: VerificationDocument,
): string | null {
  const output = JSON.stringify({
    verdict,
    doubts,
    violations,
    accounting,
    examples: examples.slice(0, 3),
  });
  if (harm !== null) return exit_code === 7 || exit_code === 8 ? null : output;
  const { expected, sample, excused } = trial;
  const best = expected === 'unchanged' ? 'exact' : expected;
  const wanted = sample.blurred ? 'indeterminate' : best;
  if (verdict !== wanted) return `not ${wanted}: ${output}`;
  return accounting.excused >= excused ? null : `fewer than ${excused} excused: ${output}`;
}
