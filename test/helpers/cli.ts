import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait-for.js';
import { whenStopped } from './when-stopped.js';

const CLI = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** All that the program gets of the tester's environment: it names neither a database nor a language. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'TZ'];
/** Where a test names no language, the program speaks English. */
export const ENGLISH = { APP_LANG: 'en' };

export interface CliOptions {
  /** Working directory: logs and the embedded server's data go there. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another build of the program than this one: its cli.js. */
  readonly app?: string;
  /** Leaves standard input open, and silent. */
  readonly stdin?: 'pipe';
  /** Run as another account; for root only. */
  readonly account?: { readonly uid: number; readonly gid: number };
}

export interface CliResult {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program while it runs. */
export interface RunningCli {
  readonly child: ChildProcess;
  /** Its output so far. */
  stdout(): string;
  stderr(): string;
  /** Waits until stdout or stderr holds a match, and returns it. */
  until(pattern: RegExp, deadline?: number): Promise<RegExpExecArray>;
  /** Waits for the end. */
  ended(): Promise<CliResult>;
}

/** Runs the compiled program to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).ended();
}

/** Starts the compiled program; the caller ends it. */
export function startCli(args: readonly string[], options: CliOptions): RunningCli {
  const env: Record<string, string> = { ...ENGLISH };
  for (const name of KEPT) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const child = spawn(process.execPath, ['--enable-source-maps', options.app ?? CLI, ...args], {
    cwd: options.cwd,
    env: { ...env, ...options.env },
    stdio: [options.stdin ?? 'ignore', 'pipe', 'pipe'],
    ...options.account,
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const release = whenStopped(() => child.kill('SIGTERM'));
  const end = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      release();
      resolve({ code, stdout, stderr });
    });
  });
  end.catch(() => undefined);
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: () => end,
    until: async (pattern, deadline) => {
      const find = () => pattern.exec(stdout) ?? pattern.exec(stderr);
      try {
        return await waitFor(
          () => {
            const found = find();
            if (found !== null) return found;
            if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
            return null;
          },
          deadline === undefined ? {} : { deadline },
        );
      } catch (error) {
        throw new Error(`no ${pattern} (${error}) in:\n${stdout}\n${stderr}`);
      }
    },
  };
}
