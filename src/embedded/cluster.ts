import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { stampOf } from '../lib/process-stamp.js';
import { type Account, runAs } from './account.js';
import type { Binaries } from './binaries.js';

/** A data folder, and the log, account and programs of its server. */
export interface Cluster {
  readonly dir: string;
  /** The server's own log. */
  readonly log: string;
  readonly account: Account | null;
  readonly binaries: Binaries;
}

/** Fixed and documented: the embedded server listens on the loopback address only, and has no secrets. */
export const EMBEDDED_USER = 'postgres';
export const EMBEDDED_PASSWORD = 'postgres';
export const EMBEDDED_HOST = '127.0.0.1';

/** The first major version with the builtin locale provider, which does not depend on the machine's locales. */
const BUILTIN_LOCALES_SINCE = 17;
/** Limit for a start (with crash recovery) or a stop (with its checkpoint), in seconds. */
const PG_CTL_PATIENCE_S = 120;
/** Lines of a lost server's log that show a crash, and bytes that contain them. */
const LOG_LINES = 5;
const LOG_TAIL_BYTES = 8_192;
/** Permissions of data folder and log: only for the server's account. */
const OWN_FOLDER = 0o700;
const OWN_FILE = 0o600;

/** Settings of every server that is started here. Those of durability keep PostgreSQL's defaults. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: EMBEDDED_HOST,
  unix_socket_directories: '',
  wal_level: 'logical',
  // 256 workers, and some other clients.
  max_connections: '300',
  // One for each worker, as the hazard two-phase needs.
  max_prepared_transactions: '256',
  // With the default, a fast seed would force a checkpoint every few seconds.
  max_wal_size: '2GB',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** The content of `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** `starting`, `ready`, `stopping` or `standby`. */
  readonly status: string;
}

/**
 * Makes a data folder, completely or not at all. Throws an `OperatorError` if that fails, or if the folder has other
 * content. `extra`: more arguments of `initdb`.
 */
export async function createCluster(
  { dir, account, binaries }: Cluster,
  extra: readonly string[] = [],
): Promise<void> {
  sweepHalfMade(dir);
  const temporary = `${dir}.new-${process.pid}`;
  const passwordFile = `${temporary}.password`;
  try {
    mkdirSync(temporary, { mode: OWN_FOLDER });
    writeFileSync(passwordFile, `${EMBEDDED_PASSWORD}\n`, { mode: OWN_FILE });
    if (account !== null) {
      chownSync(temporary, account.uid, account.gid);
      chownSync(passwordFile, account.uid, account.gid);
    }
    const { code, output } = await runAs(account, join(binaries.bin, 'initdb'), [
      `--pgdata=${temporary}`,
      `--username=${EMBEDDED_USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      ...(binaries.major >= BUILTIN_LOCALES_SINCE
        ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
        : ['--locale=C']),
      ...extra,
    ]);
    if (code !== 0) throw createError(dir, lastLine(output, /error|FATAL|could not/i));
    renameSync(temporary, dir);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR' || code === 'EBUSY') {
      throw new OperatorError(EXIT.state, (m) => m.db.embeddedNotData({ dir }));
    }
    throw createError(dir, message);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(temporary, { recursive: true, force: true });
  }
}

/**
 * Starts the server and waits until it accepts connections. It runs in a session of its own: it outlives this
 * process, and Ctrl+C does not reach it. Throws an `OperatorError` with the reason from the server's log.
 */
export async function startCluster(
  { dir, log, account, binaries }: Cluster,
  port: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  closeSync(openSync(log, 'a', OWN_FILE));
  if (account !== null) chownSync(log, account.uid, account.gid);
  const logged = statSync(log).size;
  const options = Object.entries({ ...SETTINGS, ...settings, port: String(port) })
    .map(([name, value]) => `-c ${quoteForShell(`${name}=${value}`)}`)
    .join(' ');
  const { code, output } = await runAs(account, join(binaries.bin, 'pg_ctl'), [
    'start',
    '--silent',
    '--wait',
    `--timeout=${PG_CTL_PATIENCE_S}`,
    `--pgdata=${dir}`,
    `--log=${log}`,
    `--options=${options}`,
  ]);
  if (code === 0) return;
  const newLines = readFileSync(log).subarray(logged).toString();
  const message = lastLine(newLines, /FATAL:|PANIC:/) || lastLine(output, /./);
  throw new OperatorError(EXIT.unreachable, (m) => m.db.embeddedStartFailed({ dir, log, message }));
}

/** Stops the server if it runs. Modes of `pg_ctl stop`: `fast` rolls back open transactions, `immediate` is a crash. */
export async function stopCluster(
  { dir, log, account, binaries }: Cluster,
  mode: 'smart' | 'fast' | 'immediate' = 'fast',
): Promise<void> {
  const postmaster = readPostmaster(dir);
  // A server that was killed leaves its postmaster.pid.
  if (postmaster !== null && stampOf(postmaster.pid) === null) return;
  const { code, output } = await runAs(account, join(binaries.bin, 'pg_ctl'), [
    'stop',
    '--silent',
    '--wait',
    `--timeout=${PG_CTL_PATIENCE_S}`,
    `--mode=${mode}`,
    `--pgdata=${dir}`,
  ]);
  if (code === 0 || readPostmaster(dir) === null) return;
  const message = lastLine(output, /./);
  throw new OperatorError(EXIT.unreachable, (m) => m.db.embeddedStopFailed({ dir, log, message }));
}

/** Reads `postmaster.pid`, which a crashed server leaves; null if there is none. */
export function readPostmaster(dir: string): Postmaster | null {
  try {
    const lines = readFileSync(join(dir, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7]?.trim() ?? '' };
  } catch {
    return null;
  }
}

/** The time and the process at the start of a log line. */
const STAMP = /^\S+ \S+ \S+ \[\d+\] /;

/** Ends the lines of a start. */
const READY = /database system is ready to accept connections/;

/**
 * The last lines of a server's log, the oldest first, without those of its start if others follow; empty if it cannot
 * be read. Processes that end together say the same: of lines with one text, the last stands for all.
 */
export function lastLogLines(log: string): string[] {
  try {
    const fd = openSync(log, 'r');
    try {
      const { size } = fstatSync(fd);
      const bytes = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
      const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
      const lines = bytes.toString('utf8', 0, read).split('\n');
      const textOf = (line: string) => line.replace(STAMP, '').trim();
      const last = new Map(lines.map((line, index) => [textOf(line), index]));
      const distinct = lines.filter((line, index) => last.get(textOf(line)) === index);
      const written = distinct.filter((line) => textOf(line) !== '');
      const since = written.slice(written.findLastIndex((line) => READY.test(line)) + 1);
      return (since.length > 0 ? since : written).slice(-LOG_LINES);
    } finally {
      closeSync(fd);
    }
  } catch {
    return [];
  }
}

/** The major version of a data folder; null if there is no data folder. */
export function majorOf(dir: string): number | null {
  const file = join(dir, 'PG_VERSION');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : null;
}

/** Removes the remains of commands that were killed while they made this data folder. */
function sweepHalfMade(dir: string): void {
  for (const name of readdirSync(dirname(dir))) {
    if (!name.startsWith(`${basename(dir)}.new-`)) continue;
    rmSync(join(dirname(dir), name), { recursive: true, force: true });
  }
}

function createError(dir: string, message: string): OperatorError {
  return new OperatorError(EXIT.unreachable, (m) => m.db.embeddedCreateFailed({ dir, message }));
}

/** Quotes for the shell to which `pg_ctl` passes its options. */
function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The last line that matches, else the last line. */
function lastLine(text: string, pattern: RegExp): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => pattern.test(line)) ?? lines.at(-1) ?? '').trim();
}
