import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EXIT, OperatorError } from '../errors.js';

/** Who the server runs as when that is not ourselves: PostgreSQL refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Accounts to run as when we are root, in order of preference. */
const UNPRIVILEGED = ['postgres', 'nobody'];

/** How a program ended; `output`: stdout and stderr together. */
export interface Ended {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly output: string;
}

export function weAreRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The account to start a server as, for a root user. */
export function unprivilegedAccount(): Account {
  const accounts = listAccounts();
  for (const name of UNPRIVILEGED) {
    const account = accounts.find((candidate) => candidate.name === name && candidate.uid !== 0);
    if (account !== undefined) return account;
  }
  throw new OperatorError(EXIT.unreachable, (m) => m.db.embeddedNoAccount());
}

/** The account of a number; one without a name is called by its number. */
export function accountOf(uid: number, gid: number): Account {
  const name = listAccounts().find((account) => account.uid === uid)?.name;
  return { name: name ?? String(uid), uid, gid };
}

/** Whether an account (null: ourselves) may enter a folder. Asked of the system, not computed. */
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
 * Runs a program to its end as an account (null: ourselves), in a session of its own: the Ctrl+C
 * that stops us must not reach it. Rejects when it cannot be started.
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

/** Some containers run as a root that may not become anybody else. */
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
