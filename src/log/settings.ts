// Apart from the logger: the option table knows the levels, and help loads no pino.
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogSettings {
  /** The least severe level that is logged. */
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  /** The folder of the files. */
  readonly dir: string;
  readonly rotateWhen: 'midnight' | 'never';
  /** Files of earlier days that are kept. */
  readonly backupCount: number;
}
