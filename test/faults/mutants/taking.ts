import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { EXIT } from '../../../src/errors.js';
import { en } from '../../../src/messages/en.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { SlotSource } from '../../../src/sources/slot/source.js';
import { currentWalLsn } from '../../../src/sources/slot/wal-position.js';
import type {
  KeylessEvent,
  Malformed,
  RowColumns,
  RowEvent,
  Sink,
  TruncateEvent,
} from '../../../src/sources/source.js';
import { anyScope } from '../../helpers/any-scope.js';
import { type RunningCli, runCli, startCli } from '../../helpers/cli.js';
import { hospital } from '../../helpers/hospital.js';
import { type ReceivedRow, receivedRow } from '../../helpers/received-row.js';
import type { TestServer } from '../../helpers/server.js';
import { startProxy } from '../../helpers/tcp-proxy.js';
import { envOf } from '../../helpers/test-target.js';
import { waitFor } from '../../helpers/wait-for.js';
import { writeBeside } from './foreign-writer.js';
import type { RunPlan } from './runs.js';

const IMPATIENT = {
  STREAM_RECONNECT_BASE_SECONDS: '0.05',
  STREAM_RECONNECT_MAX_SECONDS: '0.2',
  STREAM_RECONNECT_ATTEMPTS: '500',
};
const RECONNECT = { attempts: 200, baseMs: 20, maxMs: 100, failFast: true };
/** Several runs begin at the same time, on a machine that may be busy. */
const DEADLINE_MS = 60_000;
/** Growth of the ledger until a disturbance. */
const LEDGER_BYTES = 6_000;
/** Every nth packet with a COMMIT is cut: often enough even if packets have many transactions. */
const CUT_EVERY = 4;
/** `after` is certain to leave committed transactions without an answer. */
const CUTS = ['after', 'before', 'amid'] as const;

/** A run's ledger and database, and its events from a slot. */
export interface Taken {
  readonly plan: RunPlan;
  /** The database, as the run left it. */
  readonly target: ConnectionTarget;
  readonly ledger: string;
  readonly events: readonly ReceivedRow[];
  /** The rows of the tables before the run, as a snapshot has them. */
  readonly rows: readonly ReceivedRow[];
  /** LSNs: where the stream begins, and an end after all commits. */
  readonly from: number;
  readonly end: number;
}

/** Carries out a run in a copy of the database `template`, and takes its events from a slot. */
export async function takeRun(
  server: TestServer,
  template: string,
  plan: RunPlan,
  folder: string,
): Promise<Taken> {
  const name = `mutants_${plan.name}`;
  await server.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const target = server.target(name);
  const slot = `${name}_slot`;
  const rows = await withConnection(target, async (client) => {
    for (const statement of plan.sql) await client.query(statement);
    await client.query(`CREATE PUBLICATION p FOR TABLE ${hospital.tables.names.join(', ')}`);
    await client.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    return readRows(client);
  });
  const cwd = join(folder, plan.name);
  await mkdir(cwd);
  const done = new AbortController();
  // Once the run is under way, not while it gets ready.
  const begun = () => ledgerBytes(cwd) > 0 || done.signal.aborted;
  const beside = waitFor(begun, { deadline: DEADLINE_MS, what: 'a run' }).then(() =>
    writeBeside(target, done.signal, {
      deletes: plan.deletes,
      newest: plan.newest,
    }),
  );
  // Awaited below, once the run is over.
  beside.catch(() => undefined);
  try {
    await carryOut(server, target, plan, cwd);
  } finally {
    done.abort();
    await beside;
  }
  const taken = await takeSlot(target, slot);
  return { plan, target, ledger: ledgerOf(cwd), rows, ...taken };
}

async function readRows(client: Client): Promise<ReceivedRow[]> {
  const all: ReceivedRow[] = [];
  await client.query("SET DateStyle = 'ISO'");
  for (const table of hospital.tables.names) {
    const { columns, serverColumns } = hospital.tables.get(table);
    const names = [...columns, ...serverColumns].map(({ name }) => name);
    const text = `SELECT ${names.map((name) => `${name}::text`)} FROM ${table} ORDER BY id`;
    const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
    for (const values of rows) all.push({ ...SNAPSHOT_ROW, table, key: Number(values[0]), values });
  }
  return all;
}

const SNAPSHOT_ROW = {
  operation: 'snapshot',
  snapshot: 'row',
  xid: null,
  lsn: null,
  order: null,
  watermark: null,
  committedAt: null,
  connectorAt: null,
  receivedAt: 0,
  partition: 0,
  position: 0,
  origin: null,
} as const;

/** A run that ends while it is still catching up after a lost connection fails. */
function codeOf(stdout: string): number {
  const { server_lost } = JSON.parse(stdout) as RunSummary;
  return server_lost ? EXIT.unreachable : EXIT.done;
}

async function carryOut(
  server: TestServer,
  target: ConnectionTarget,
  plan: RunPlan,
  cwd: string,
): Promise<void> {
  const proxy = plan.disturbance === 'cuts' ? await startProxy(server.port, CUTS, CUT_EVERY) : null;
  const env = { ...IMPATIENT, ...envOf(target) };
  const port = String(proxy?.port ?? target.port);
  const rate = plan.args.includes('--rate') ? [] : ['--rate', 'max'];
  const cli = startCli(['stream', '--json', '--lang', 'en', ...rate, ...plan.args], {
    cwd,
    env: { ...env, PG_PORT: port },
  });
  try {
    await disturb(server, target, plan, cli, cwd);
    const { code, stdout, stderr } = await cli.ended();
    if (plan.disturbance !== 'kill') return assert.equal(code, codeOf(stdout), stderr);
    const resolved = await runCli(['ledger', 'resolve', '--lang', 'en'], { cwd, env });
    assert.equal(resolved.code, 0, resolved.stderr);
  } finally {
    cli.child.kill('SIGKILL');
    await cli.ended();
    await proxy?.close();
  }
}

async function disturb(
  server: TestServer,
  { database }: ConnectionTarget,
  { disturbance }: RunPlan,
  cli: RunningCli,
  cwd: string,
): Promise<void> {
  if (disturbance === 'none' || disturbance === 'cuts') return;
  const progress = async () => {
    const goal = ledgerBytes(cwd) + LEDGER_BYTES;
    const reached = () => ledgerBytes(cwd) >= goal || cli.child.exitCode !== null;
    await waitFor(reached, { deadline: DEADLINE_MS, what: 'progress' });
  };
  await progress();
  if (disturbance === 'restart') {
    await server.stop('immediate');
    await waitFor(() =>
      server.start().then(
        () => true,
        () => false,
      ),
    );
    return;
  }
  await server.terminateBackends(database);
  await progress();
  if (disturbance === 'kill') cli.child.kill('SIGKILL');
  else await server.terminateBackends(database);
}

/** The ledger of the only run in this folder. */
function ledgerOf(cwd: string): string {
  const runs = join(cwd, 'logs', 'runs');
  const [run = ''] = readdirSync(runs);
  return join(runs, run, 'ledger');
}

function ledgerBytes(cwd: string): number {
  try {
    const folder = ledgerOf(cwd);
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    return sizes.reduce((sum, size) => sum + size, 0);
  } catch {
    return 0;
  }
}

async function takeSlot(
  target: ConnectionTarget,
  slot: string,
): Promise<{ events: ReceivedRow[]; from: number; end: number }> {
  const reconnect = RECONNECT;
  const source = new SlotSource({
    tables: schemaWith([]).tables,
    target,
    slot,
    create: false,
    publications: ['p'],
    reconnect,
  });
  const started = await source.start();
  assert.ok(started !== null);
  const end = await withConnection(target, currentWalLsn);
  const sink = new Taker();
  const running = source.run(sink, anyScope);
  running.catch(() => undefined);
  try {
    await waitFor(() => sink.reached >= end, {
      deadline: DEADLINE_MS,
      what: 'the end of the slot',
    });
  } finally {
    source.stop();
    await running;
  }
  return { events: sink.events, from: started.from, end };
}

/** Keeps the events. */
class Taker implements Sink {
  readonly events: ReceivedRow[] = [];
  reached = 0;

  row(event: RowEvent, columns: RowColumns | null): void {
    this.events.push(receivedRow(event, columns));
  }

  changeWithoutKey({ table }: KeylessEvent): void {
    throw new Error(`a delete of ${table} without its id`);
  }

  truncate({ table }: TruncateEvent): void {
    throw new Error(`${table} was truncated`);
  }

  message(): void {}

  unstated(): void {}

  ignored(): void {}

  malformed({ reason }: Malformed): void {
    throw new Error(reason(en));
  }

  progress(lsn: number): void {
    this.reached = Math.max(this.reached, lsn);
  }

  idle(): void {}

  async ready(): Promise<void> {}
}
