import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EXIT, OperatorError } from '../errors.js';

/** An account of the operating system to run the server as: PostgreSQL refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Accounts to run as instead of root, in order of preference. */
const UNPRIVILEGED = ['postgres', 'nobody'];

/** The end of a program. `output`: stdout and stderr together. */
export interface Ended {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly output: string;
}

export function weAreRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The account to run a server as, if this process runs as root. */
export function unprivilegedAccount(): Account {
  const accounts = listAccounts();
  for (const name of UNPRIVILEGED) {
    const account = accounts.find((candidate) => candidate.name === name && candidate.uid !== 0);
    if (account !== undefined) return account;
  }
  throw new OperatorError(EXIT.unreachable, (m) => m.db.embeddedNoAccount());
}

/** The account of a uid. Without a name, its name is the number. */
export function accountOf(uid: number, gid: number): Account {
  const name = listAccounts().find((account) => account.uid === uid)?.name;
  return { name: name ?? String(uid), uid, gid };
}

/** Whether an account (null: this process's) may enter a folder: tries it. */
export function canEnter(account: Account | null, folder: string): boolean {
  const { status, error } = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], {
    cwd: '/',
    stdio: 'ignore',
    ...identity(account),
  });
  if (isRefusedIdentity(error)) throw refusedIdentity(account);
  return status === 0;
}

/**
 * Runs a program to its end as an account (null: this process's), in a session of its own, so that Ctrl+C does not
 * reach it. Rejects if it cannot be started.
 */
export function runAs(
  account: Account | null,
  program: string,
  args: readonly string[],
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...identity(account),
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) =>
      reject(isRefusedIdentity(error) ? refusedIdentity(account) : error),
    );
    child.on('close', (code) => resolve({ code, output: output.trim() }));
  });
}

function identity(account: Account | null): { uid?: number; gid?: number } {
  return account === null ? {} : { uid: account.uid, gid: account.gid };
}

/** In some containers root may not switch to another account. */
function isRefusedIdentity(error: Error | undefined): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'EPERM';
}

function refusedIdentity(account: Account | null): OperatorError {
  return new OperatorError(EXIT.unreachable, (m) =>
    m.db.embeddedCannotSwitch({ user: account?.name ?? '' }),
  );
}

function listAccounts(): Account[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length >= 4)
      .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }));
  } catch {
    return [];
  }
}
