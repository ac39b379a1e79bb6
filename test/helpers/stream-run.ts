import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import type { RunSummary } from '../../src/runs/summary.js';
import { OPERATIONS, type Operation, type RowCounts } from '../../src/schema/changes.js';
import type { TableName } from '../../src/schema/table.js';
import { auditedEvents, auditedRows, auditedTransactions, clearAudit } from './audit.js';
import { type CliResult, type RunningCli, startCli } from './cli.js';
import { type TestDatabase, withSession } from './database.js';
import type { TestServer } from './server.js';
import { envOf } from './test-target.js';
import { waitFor } from './wait-for.js';
import { countTables, run, type Workspace, withBareWorkspace } from './workspace.js';

/** Reconnects without waiting, and as often as it takes: few tests are about the waiting itself. */
const IMPATIENT = {
  STREAM_RECONNECT_BASE_SECONDS: '0.05',
  STREAM_RECONNECT_MAX_SECONDS: '0.2',
  STREAM_RECONNECT_ATTEMPTS: '500',
};

export interface Streamed {
  readonly summary: RunSummary;
  readonly stderr: string;
}

/** Runs `stream --json`, which must end well. */
export async function stream(workspace: Workspace, args: readonly string[]): Promise<Streamed> {
  const result = await run(workspace, ['stream', '--json', ...args]);
  return { summary: summaryOf(result), stderr: result.stderr };
}

/** Runs a stream alone, and holds its summary against what the server saw. */
export async function streamAudited(
  workspace: Workspace,
  args: readonly string[],
): Promise<Streamed> {
  const before = await countTables(workspace.db);
  await clearAudit(workspace.db);
  const streamed = await stream(workspace, args);
  const { rows, events, transactions } = streamed.summary;
  assert.deepEqual(rows, await auditedRows(workspace.db));
  assert.equal(events, totalEvents(rows));
  assert.equal(transactions.committed, (await auditedTransactions(workspace.db)).length);
  const after = await countTables(workspace.db);
  for (const [table, counts] of Object.entries(rows)) {
    const growth = counts.insert - counts.delete;
    const [now, then] = [after, before].map((all: Record<TableName, number>) => all[table]!);
    assert.equal(now! - then!, growth, table);
  }
  return streamed;
}

/** A `stream` under way in a workspace whose changes are audited. */
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

/** Runs `stream --json` with `args` in a bare workspace of its own while `body` disturbs it. */
export function withStream(
  server: TestServer,
  args: readonly string[],
  body: (run: StreamRun) => Promise<void>,
  { env = {}, through = {}, prepare }: StreamOptions = {},
): Promise<void> {
  return withBareWorkspace(server, async (workspace) => {
    const { db, cwd } = workspace;
    await prepare?.(db, cwd);
    const way = envOf({ ...db.target, ...through });
    const cli = startCli(['stream', '--json', ...args], {
      cwd,
      env: { ...IMPATIENT, ...workspace.env, ...way, ...env },
    });
    const progress = (events: number) =>
      withSession(db, async (session) => {
        const goal = (await auditedEvents(session)) + events;
        const reached = async () => {
          if (cli.child.exitCode !== null) throw new Error(`it ended:\n${cli.stderr()}`);
          return (await auditedEvents(session)) >= goal;
        };
        await waitFor(reached, { what: `${events} more events` });
      });
    const atRest = async (body: () => Promise<void>) => {
      const sentinel = join(cwd, '.paused');
      await writeFile(sentinel, '');
      await cli.until(/paused/);
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
  });
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

/** Changed rows over all tables; of one operation where one is given. */
export function totalEvents(rows: RowCounts, only?: Operation): number {
  const operations: readonly Operation[] = only === undefined ? OPERATIONS : [only];
  return Object.values(rows)
    .flatMap((counts) => operations.map((operation) => counts[operation]))
    .reduce((sum, count) => sum + count, 0);
}

/** The total that the last line about each table gives. */
export function lastTotals(stderr: string): Map<TableName, number> {
  const totals = new Map<TableName, number>();
  for (const [, table, total] of stderr.matchAll(/ - (\w+): .*\(total=([\d,]+)\)/g)) {
    totals.set(table!, Number(total?.replaceAll(',', '')));
  }
  return totals;
}
