import { join } from 'node:path';
import pino from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Messages } from '../messages/index.js';
import { LogFile } from './log-file.js';
import type { LogLevel, LogSettings } from './settings.js';
import type { StatusLine } from './status-line.js';

/** Members of a record beside its message; only the JSON form has them. */
type Fields = Readonly<Record<string, string | number>>;

/** The log of one part of the program. `message` is in the operator's language. */
export interface ComponentLog {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warning(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export interface Log {
  /** The log whose records carry this name. Records of `stream` go to `stream.log` as well. */
  component(name: string): ComponentLog;
  /** Writes all records and closes the files. */
  close(): Promise<void>;
}

export interface LogSetup {
  readonly settings: LogSettings;
  readonly messages: Messages;
  readonly console: StatusLine;
  /** False: the console alone. True without it. */
  readonly files?: boolean;
}

const LOGGER_NAME = 'oltp.simulator';
const STREAM_COMPONENT = 'stream';

/** pino's numbers, under the names that operators know. */
const LEVELS = { debug: 20, info: 30, warning: 40, error: 50 } as const;
const EVERYTHING = LEVELS.debug;

/** A record as pino writes it, of which the text form is made. */
interface LogRecord {
  readonly level: LogLevel;
  readonly time: string;
  readonly component: string;
  readonly msg: string;
}

/**
 * Opens the log: console, `app.log` (everything), `stream.log` (the component `stream`) and
 * `errors.log` (WARNING and above). A file that cannot be written is left out after one warning.
 */
export function createLog({ settings, messages, console, files: toFiles = true }: LogSetup): Log {
  const format = formatter(settings.format, false);
  const formatForConsole = formatter(settings.format, console.colors);
  const files: LogFile[] = [];
  const fileAt = (name: string, level: number): pino.StreamEntry<number>[] => {
    if (!toFiles) return [];
    const rotation = { when: settings.rotateWhen, keep: settings.backupCount };
    const file = new LogFile(join(settings.dir, name), rotation, (path, reason) =>
      own.warning(messages.log.fileGivenUp(path, reason)),
    );
    files.push(file);
    return [{ level, stream: { write: (record: string) => file.write(format(record)) } }];
  };
  const destinations = [
    {
      level: EVERYTHING,
      stream: { write: (record: string) => console.write(formatForConsole(record)) },
    },
    ...fileAt('app.log', EVERYTHING),
    ...fileAt('errors.log', LEVELS.warning),
  ];
  const general = createPino(settings.level, destinations);
  const streaming = createPino(settings.level, [
    ...destinations,
    ...fileAt('stream.log', EVERYTHING),
  ]);
  const component = (name: string) =>
    toComponentLog((name === STREAM_COMPONENT ? streaming : general).child({ component: name }));
  const own = component('log');
  return {
    component,
    async close() {
      // First: a file that fails now is reported in the others.
      await Promise.all(files.map((file) => file.flush()));
      await Promise.all(files.map((file) => file.close()));
    },
  };
}

type Writer = (fields: Fields, message: string) => void;

function createPino(level: LogLevel, destinations: pino.StreamEntry<number>[]) {
  return pino(
    {
      name: LOGGER_NAME,
      base: { name: LOGGER_NAME },
      level: level.toLowerCase(),
      customLevels: LEVELS,
      useOnlyCustomLevels: true,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.multistream(destinations, { levels: LEVELS }),
  );
}

function toComponentLog(logger: Readonly<Record<keyof typeof LEVELS, Writer>>): ComponentLog {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warning: (message, fields = {}) => logger.warning(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}

/** Turns pino's JSON line into the line of the log, with its line break. */
function formatter(format: 'text' | 'json', colorize: boolean): (record: string) => string {
  if (format === 'json') return (record) => record;
  return prettyFactory({
    colorize,
    // Only the level is painted; pino-pretty would paint the whole line.
    customColors: { message: 'reset' },
    hideObject: true,
    ignore: 'time,level,name',
    messageFormat: (log, _messageKey, _levelLabel, { colors }) => {
      const { level, time, component, msg } = log as unknown as LogRecord;
      const paint = {
        DEBUG: colors.gray,
        INFO: colors.green,
        WARNING: colors.yellow,
        ERROR: colors.red,
      };
      return `${asctime(new Date(time))} ${paint[level](level)} ${LOGGER_NAME} [${component}] - ${msg}`;
    },
  });
}

/** Local time as Python's logging writes it: `2026-11-23 20:00:31,123`. */
function asctime(time: Date): string {
  const two = (part: number) => String(part).padStart(2, '0');
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${date} ${clock},${String(time.getMilliseconds()).padStart(3, '0')}`;
}
