import { join } from 'node:path';
import pino from 'pino';
import { prettyFactory } from 'pino-pretty';
import { localTime } from '../lib/local-time.js';
import { wrapWords } from '../lib/wrap-words.js';
import type { Messages } from '../messages/index.js';
import type { ConsoleForm } from './console-form.js';
import { LogFile } from './log-file.js';
import type { LogLevel, LogSettings } from './settings.js';
import type { StatusLine } from './status-line.js';

/** Members of a record beside its message; only the JSON form has them. */
type Fields = Readonly<Record<string, string | number>>;

interface LevelledLog {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warning(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

/** The log of one part of the program. `message` is in the operator's language. */
export interface ComponentLog extends LevelledLog {
  /** For records of details, which a console in its short form does not show. */
  readonly detail: LevelledLog;
  /** A sentence for a person at the terminal: a console in its short form shows it; elsewhere it is a debug record. */
  hint(message: string, level?: LogLevel): void;
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
  readonly form: ConsoleForm;
  /** False: the console alone. True without it. */
  readonly files?: boolean;
}

const LOGGER_NAME = 'oltp.simulator';
const STREAM_COMPONENT = 'stream';

/** pino's numbers, under the names that operators know. */
const LEVELS = { debug: 20, info: 30, warning: 40, error: 50 } as const;
const EVERYTHING = LEVELS.debug;

/** Foreground colours of ANSI terminals. */
const RED = 31;
const YELLOW = 33;

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
export function createLog(setup: LogSetup): Log {
  const { settings, messages, console, form, files: toFiles = true } = setup;
  const format = formatter(settings.format, false);
  const formatForConsole: Formatter =
    form === 'short'
      ? (record) => shortLine(messages, JSON.parse(record) as LogRecord, console)
      : formatter(form, console.colors);
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
  const screen = {
    level: EVERYTHING,
    stream: { write: (record: string) => console.write(formatForConsole(record)) },
  };
  const general = [...fileAt('app.log', EVERYTHING), ...fileAt('errors.log', LEVELS.warning)];
  const streaming = [...general, ...fileAt('stream.log', EVERYTHING)];
  const loggersOf = (destinations: pino.StreamEntry<number>[]) => {
    const all = createPino(settings.level, [screen, ...destinations]);
    return { all, detail: form === 'short' ? createPino(settings.level, destinations) : all };
  };
  const loggers = { general: loggersOf(general), streaming: loggersOf(streaming) };
  const component = (name: string): ComponentLog => {
    const { all, detail } = loggers[name === STREAM_COMPONENT ? 'streaming' : 'general'];
    const details = toLevelledLog(detail.child({ component: name }));
    return {
      ...toLevelledLog(all.child({ component: name })),
      detail: details,
      hint: (msg, level = 'INFO') => {
        if (form === 'short') console.write(shortLine(messages, { level, msg }, console));
        details.debug(msg);
      },
    };
  };
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

type Formatter = (record: string) => string;
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

function toLevelledLog(logger: Readonly<Record<keyof typeof LEVELS, Writer>>): LevelledLog {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warning: (message, fields = {}) => logger.warning(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}

/** Turns pino's JSON line into the line of the log, with its line break. */
function formatter(format: 'text' | 'full' | 'json', colorize: boolean): Formatter {
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

/** Columns by which the further lines of a sentence are indented. */
const INDENT = 2;

/** The sentence of a record alone, after the level of a warning or an error, in lines of the terminal's width. */
function shortLine(
  { log }: Messages,
  { level, msg }: Pick<LogRecord, 'level' | 'msg'>,
  { colors, columns }: StatusLine,
): string {
  const [word, colour] =
    level === 'ERROR' ? [log.error(), RED] : level === 'WARNING' ? [log.warning(), YELLOW] : [];
  const lines = (word === undefined ? msg : `${word}: ${msg}`).split('\n').map((line) => {
    const start = line.length - line.trimStart().length;
    return ' '.repeat(start) + wrapWords(line, columns, start + INDENT, start);
  });
  const text = `${lines.join('\n')}\n`;
  return word === undefined || !colors
    ? text
    : `\u001b[${colour}m${word}\u001b[0m${text.slice(word.length)}`;
}

/** Local time as Python's logging writes it: `2026-11-23 20:00:31,123`. */
function asctime(time: Date): string {
  return `${localTime(time)},${String(time.getMilliseconds()).padStart(3, '0')}`;
}
