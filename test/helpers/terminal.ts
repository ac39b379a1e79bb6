import { spawn, spawnSync } from 'node:child_process';
import { ENGLISH } from './cli.js';
import { waitFor } from './wait-for.js';

/** A program in a terminal: its screen and its keyboard. */
export interface Terminal {
  /** Types text; `\u0003` is Ctrl+C, `\u0004` Ctrl+D. */
  type(text: string): void;
  /** Waits until the screen has shown a match. */
  until(pattern: RegExp, deadline?: number): Promise<void>;
  /** Waits for the end. `code`: the program's own. */
  ended(): Promise<{ readonly code: number | null; readonly shown: string }>;
  /** Closes the terminal, as somebody does who closes its window. */
  hangUp(): void;
}

export interface TerminalOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Why there are no terminals here, or false: to be given to a test as `skip`. */
export function terminalsMissing(): string | false {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return stdout?.includes('util-linux') ? false : 'no `script` of util-linux here';
}

/** Runs a program in a pseudo-terminal of its own. */
export function openTerminal(argv: readonly string[], options: TerminalOptions): Terminal {
  const command = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    cwd: options.cwd,
    env: { PATH, HOME, TERM: 'xterm', SHELL: '/bin/sh', ...ENGLISH, ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.on('data', (chunk) => {
    shown += chunk;
  });
  child.stdin.on('error', () => undefined);
  const end = new Promise<{ code: number | null; shown: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, shown }));
  });
  end.catch(() => undefined);
  return {
    type: (text) => child.stdin.write(text),
    until: async (pattern, deadline) => {
      await waitFor(
        () => {
          if (pattern.test(shown)) return true;
          if (child.exitCode !== null) throw new Error(`no ${pattern}, but the end:\n${shown}`);
          return false;
        },
        { what: String(pattern), ...(deadline === undefined ? {} : { deadline }) },
      );
    },
    ended: () => end,
    hangUp: () => child.kill('SIGKILL'),
  };
}
