// Apart from the logger: the option table knows the levels, and help loads no pino.
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How the progress of a command is shown on stderr; `auto`: a live line on a terminal, lines elsewhere. */
export const PROGRESS_FORMS = ['auto', 'lines', 'json', 'none'] as const;
export type ProgressForm = (typeof PROGRESS_FORMS)[number];

export interface LogSettings {
  /** The least severe level that is logged. */
  readonly level: LogLevel;
  /** True when the operator named the level: then a terminal shows all of it. */
  readonly levelIsExplicit: boolean;
  readonly format: 'text' | 'json';
  readonly progress: ProgressForm;
  /** The folder of the files, absolute. */
  readonly dir: string;
  readonly rotateWhen: 'midnight' | 'never';
  /** Files of earlier days that are kept. */
  readonly backupCount: number;
}
