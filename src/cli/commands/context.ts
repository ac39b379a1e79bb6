import type { ExitCode } from '../../errors.js';
import type { Paint } from '../../lib/paint.js';
import type { ComponentLog, Log } from '../../log/logger.js';
import type { Messages } from '../../messages/index.js';
import type { Schema } from '../../schema/schema.js';
import type { Switches } from '../../settings/options.js';
import type { Sources } from '../../settings/resolve.js';
import type { Settings } from '../../settings/settings.js';
import type { Progress } from '../progress/progress.js';

/**
 * Everything that a command gets, besides its switches (`--json`, `--dry-run` …), which are true when they were given.
 * Results go to `print`, everything else to the log.
 */
export interface CommandContext extends Omit<Switches, 'help' | 'version' | 'verbose'> {
  readonly settings: Settings;
  /** With the extensions of the settings. */
  readonly schema: Schema;
  /** Everything that the settings were made of. */
  readonly sources: Sources;
  readonly messages: Messages;
  readonly log: Log;
  readonly progress: Progress;
  readonly cwd: string;
  /** Words after a command that takes some. */
  readonly names: readonly string[];
  /** Aborted by the first signal: finish what is under way. The reason is an `OperatorError`. */
  readonly interrupted: AbortSignal;
  /** Aborted by the second one: leave everything. The reason is an `OperatorError`. */
  readonly forced: AbortSignal;
  /** Takes sentences that the result says too: where both go to a terminal, only the files get them from the log. */
  readonly resultLog: (name: string) => ComponentLog['detail'];
  /** Colours for the text of a result. */
  readonly paint: Paint;
  /** Writes a result to stdout: the document with `--json`, else the text. */
  readonly print: (result: Result) => void;
}

/** The result of a command. */
export interface Result {
  readonly json: unknown;
  /** Lines on top of the text: whether it is good, and why. */
  readonly verdict?: string;
  /** Whole lines. */
  readonly text: string;
  /** Path of the page, which follows the text; null: there is none. */
  readonly page?: string | null;
}

/** Wires parts together, and returns the exit code. */
export type Command = (context: CommandContext) => Promise<ExitCode>;
