import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { type Account, accountOf, canEnter, unprivilegedAccount, weAreRoot } from './account.js';
import type { EmbeddedReport } from './events.js';

/** Root's folder for files that the server's account must reach. Only root may write there. */
export const SHARED_FOLDER = '/var/lib/oltp-simulator';
/** Other accounts may enter new folders, but not write there. */
const UMASK = 0o022;

/** A server's data folder, and the account that the server runs as (null: this process's). */
export interface DataFolder {
  readonly dir: string;
  readonly account: Account | null;
}

/**
 * Chooses the data folder and makes its parent. Started by root, the server runs as the owner of existing data, else
 * as an unprivileged account. If that account cannot reach the default folder, one in `SHARED_FOLDER` replaces it.
 * Throws an `OperatorError` if no folder is usable.
 */
export function chooseDataFolder(
  options: { readonly dir: string; readonly dirIsExplicit: boolean },
  report: EmbeddedReport,
): DataFolder {
  const wanted = resolve(options.dir);
  if (!weAreRoot()) {
    makeFolder(dirname(wanted));
    requireOwn(wanted);
    return { dir: wanted, account: null };
  }
  const account = accountFor(wanted);
  if (canEnter(account, nearestFolder(dirname(wanted)))) {
    makeFolder(dirname(wanted));
    return { dir: wanted, account };
  }
  if (options.dirIsExplicit) {
    throw new OperatorError(EXIT.state, (m) =>
      m.db.embeddedDirUnreachable({ dir: wanted, user: account.name }),
    );
  }
  const dir = join(SHARED_FOLDER, `${basename(wanted)}-${hashOf(wanted)}`);
  makeFolder(dirname(dir));
  report({ kind: 'moved', from: wanted, to: dir, user: account.name });
  return { dir, account: accountFor(dir) };
}

/** Makes a folder and its parents so that the server's account can enter them. */
export function makeFolder(folder: string): void {
  const before = process.umask(UMASK);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new OperatorError(EXIT.state, (m) => m.db.embeddedDirUnmakeable({ dir: folder, code }));
  } finally {
    process.umask(before);
  }
}

function accountFor(dir: string): Account {
  const owner = statOf(dir);
  return owner === null || owner.uid === 0
    ? unprivilegedAccount()
    : accountOf(owner.uid, owner.gid);
}

/** Throws if the data belong to another account: PostgreSQL refuses them then. */
function requireOwn(dir: string): void {
  const owner = statOf(dir);
  if (owner === null || process.getuid === undefined || owner.uid === process.getuid()) return;
  const user = accountOf(owner.uid, owner.gid).name;
  throw new OperatorError(EXIT.state, (m) => m.db.embeddedDirForeign({ dir, user }));
}

function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function hashOf(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 8);
}
