import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT, OperatorError } from '../errors.js';
import { type Account, accountOf, canEnter, unprivilegedAccount, weAreRoot } from './account.js';
import type { EmbeddedReport } from './events.js';

/** Where root keeps what the server's account must reach. Only root may write there. */
export const SHARED_FOLDER = '/var/lib/oltp-simulator';
/** Others may enter the folders that we make, but not write there. */
const UMASK = 0o022;

/** Where a server's data lies, and who it runs as (null: ourselves). */
export interface Place {
  readonly dir: string;
  readonly account: Account | null;
}

/**
 * Decides where the data folder is; its parent exists afterwards. As root the server runs as an
 * account of its own: the owner of the data when there is some. Where that account cannot reach a
 * folder that was not named explicitly, one below `SHARED_FOLDER` takes its place. Throws an
 * `OperatorError` when no folder will do.
 */
export function choosePlace(
  options: { readonly dir: string; readonly dirIsExplicit: boolean },
  report: EmbeddedReport,
): Place {
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

/** Makes a folder, and those above it, so that the server's account can enter. */
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

/** PostgreSQL works only on data that belong to the account it runs as. */
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
