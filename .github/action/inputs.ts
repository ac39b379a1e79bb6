import { EXIT, OperatorError } from '../../src/errors.js';

/** The inputs of `action.yml`, as variables of its step. */
export type Inputs = Readonly<Record<string, string | undefined>>;

/** Characters of one word: a quoted part keeps its blanks. */
const WORD = /(?:[^\s"']|"[^"]*"|'[^']*')+/g;
const QUOTED = /"([^"]*)"|'([^']*)'/g;

/**
 * The command line that the inputs ask for. Throws an `OperatorError` (exit code 2) without a database: the embedded one
 * would pass in its place, and nothing would have been tested.
 */
export function commandLine(inputs: Inputs): string[] {
  const { DATABASE_URL: url = '', ACTION_PROFILE: profile = '' } = inputs;
  if (url.trim() === '') throw new OperatorError(EXIT.usage, (m) => m.action.noDatabase());
  const thresholds = (inputs.ACTION_THRESHOLDS ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return [
    'start',
    ...(profile === '' ? [] : ['--profile', profile]),
    ...thresholds.flatMap((threshold) => ['--threshold', threshold]),
    ...splitWords(inputs.ACTION_ARGS ?? ''),
  ];
}

/** Splits at blanks and line breaks that are not in quotes. Throws an `OperatorError` (exit code 2) for an open quote. */
function splitWords(text: string): string[] {
  const isOpen = text.replace(WORD, '').trim() !== '';
  if (isOpen) throw new OperatorError(EXIT.usage, (m) => m.action.openQuote({ args: text.trim() }));
  return (text.match(WORD) ?? []).map((word) => word.replace(QUOTED, '$1$2'));
}
