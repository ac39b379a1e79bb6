import type { LogSettings } from './settings.js';

/**
 * The form of log records on stderr: `full`, the line of the files; `short`, for a person at a terminal: no details, and
 * of the others the sentence alone, after the level of a warning or an error; `json`, an object a line.
 */
export type ConsoleForm = 'full' | 'short' | 'json';

interface ConsoleSetup extends Pick<LogSettings, 'format' | 'progress' | 'levelIsExplicit'> {
  /** Whether stderr is a terminal that can draw the live line. */
  readonly live: boolean;
  /** Whether the operator asked for details (`--verbose`). */
  readonly verbose: boolean;
}

/** Chooses the form of the console. A script that reads stderr gets the full one, or with `--progress json` only JSON. */
export function consoleForm(setup: ConsoleSetup): ConsoleForm {
  const { live, verbose, format, progress, levelIsExplicit } = setup;
  if (format === 'json' || progress === 'json') return 'json';
  return live && !verbose && !levelIsExplicit ? 'short' : 'full';
}
