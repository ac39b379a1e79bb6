import type { ExitCode } from '../../errors.js';
import type { Log } from '../../log/logger.js';
import type { StatusLine } from '../../log/status-line.js';
import type { Messages } from '../../messages/index.js';
import type { Settings } from '../../settings/settings.js';

/** What every command works with. Results go to `print`, everything else to the log. */
export interface CommandContext {
  readonly settings: Settings;
  readonly messages: Messages;
  readonly log: Log;
  readonly status: StatusLine;
  readonly cwd: string;
  /** Words behind the command, of those that take some. */
  readonly names: readonly string[];
  /** `--json`: the result is one JSON document. */
  readonly json: boolean;
  /** `--yes` and `--drop-foreign-tables` of `reset`. */
  readonly yes: boolean;
  readonly dropForeignTables: boolean;
  /** `--dry-run` of `stream`. */
  readonly dryRun: boolean;
  /** `--create-slot`, `--skip-malformed` and `--partial` of `verify`. */
  readonly createSlot: boolean;
  readonly skipMalformed: boolean;
  readonly partial: boolean;
  /** Aborted by the first signal: finish what is under way. The reason is an `OperatorError`. */
  readonly interrupted: AbortSignal;
  /** Aborted by the second one: leave everything. The reason is an `OperatorError`. */
  readonly forced: AbortSignal;
  /** Writes a result to stdout: the document with `--json`, else the text. */
  readonly print: (result: { json: unknown; text: string }) => void;
}

/** A command: wires parts together, and says how it ended. */
export type Command = (context: CommandContext) => Promise<ExitCode>;
