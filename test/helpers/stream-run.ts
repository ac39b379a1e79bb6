import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import type { RunSummary } from '../../src/runs/summary.js';
import { auditedEvents, installAudit } from './audit.js';
import { type CliResult, type RunningCli, startCli } from './cli.js';
import { type TestDatabase, withDatabase } from './database.js';
import type { TestServer } from './server.js';
import { withTempFolder } from './temp-folder.js';
import { envOf } from './test-target.js';
import { waitFor } from './wait-for.js';

/** Reconnects without waiting, and as often as it takes: few tests are about the waiting itself. */
const IMPATIENT = {
  STREAM_RECONNECT_BASE_SECONDS: '0.05',
  STREAM_RECONNECT_MAX_SECONDS: '0.2',
  STREAM_RECONNECT_ATTEMPTS: '500',
};

/** A `stream` under way in a database whose changes are audited. */
export interface StreamRun {
  readonly db: TestDatabase;
  readonly cli: RunningCli;
  /** Its working directory. */
  readonly cwd: string;
  /** Waits until it has committed this many more events than now. */
  progress(events: number): Promise<void>;
  /** Holds its clock while `body` runs: what `body` does comes before the end of a run by duration. */
  atRest(body: () => Promise<void>): Promise<void>;
  /** Asks it to end, and waits for that. */
  interrupt(signal?: NodeJS.Signals): Promise<CliResult>;
}

export interface StreamOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Another way into the database than straight. */
  readonly through?: Partial<ConnectionTarget>;
  /** Run before the program starts. */
  readonly prepare?: (db: TestDatabase, cwd: string) => Promise<void>;
}

/** Runs `stream --json` with `args` in a database of its own while `body` disturbs it. */
export function withStream(
  server: TestServer,
  args: readonly string[],
  body: (run: StreamRun) => Promise<void>,
  { env = {}, through = {}, prepare }: StreamOptions = {},
): Promise<void> {
  return withDatabase(server, (db) =>
    withTempFolder(async (cwd) => {
      await installAudit(db);
      await prepare?.(db, cwd);
      const cli = startCli(['stream', '--json', ...args], {
        cwd,
        env: { ...IMPATIENT, ...envOf({ ...db.target, ...through }), ...env },
      });
      const progress = async (events: number) => {
        const goal = (await auditedEvents(db)) + events;
        const reached = async () => {
          if (cli.child.exitCode !== null) throw new Error(`it ended:\n${cli.stderr()}`);
          return (await auditedEvents(db)) >= goal;
        };
        await waitFor(reached, { what: `${events} more events` });
      };
      const atRest = async (body: () => Promise<void>) => {
        const sentinel = join(cwd, '.paused');
        await writeFile(sentinel, '');
        await cli.until(/pausado|paused/);
        await body();
        await rm(sentinel);
      };
      const interrupt = (signal: NodeJS.Signals = 'SIGINT') => {
        cli.child.kill(signal);
        return cli.ended();
      };
      try {
        await body({ db, cli, cwd, progress, atRest, interrupt });
      } finally {
        cli.child.kill('SIGKILL');
        await cli.ended();
      }
    }),
  );
}

/** The summary that a run printed; fails when it ended with another code. */
export function summaryOf(result: CliResult, code = 0): RunSummary {
  assert.equal(result.code, code, result.stderr);
  return JSON.parse(result.stdout) as RunSummary;
}

/** Everything that a run wrote into its log files. */
export function logsOf(cwd: string): string {
  const folder = join(cwd, 'logs');
  if (!existsSync(folder)) return '';
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}
