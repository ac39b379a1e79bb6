import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initDb, runScript } from '../src/database/scripts.js';
import { type EmbeddedServer, openEmbedded } from '../src/embedded/server.js';
import { withConnection } from '../src/postgres/connect.js';
import type { ConnectionTarget } from '../src/postgres/target.js';
import type { RunSummary } from '../src/runs/summary.js';
import { run } from './peers.js';

/** Where the bench's server looks for a port first. */
const FIRST_PORT = 54_400;
const DATABASE = 'bench';
/** Where a state of the database is kept that rounds start from. */
const KEPT = 'bench_kept';
/** The program as it is run: compiled. */
export const CLI = new URL('../src/cli.js', import.meta.url).pathname;

/** A server of the bench's own: PostgreSQL as it comes, with fsync and synchronous_commit on. */
export class BenchServer {
  readonly folder: string;
  readonly target: ConnectionTarget;
  readonly #server: EmbeddedServer;

  constructor(folder: string, server: EmbeddedServer) {
    this.folder = folder;
    this.target = server.target;
    this.#server = server;
  }

  static async start(): Promise<BenchServer> {
    const folder = mkdtempSync(join(tmpdir(), 'oltp-bench-'));
    // The server's account must be able to enter.
    chmodSync(folder, 0o755);
    const server = await openEmbedded(
      {
        dir: join(folder, 'data'),
        port: FIRST_PORT,
        dirIsExplicit: true,
        portIsExplicit: false,
        db: {
          database: DATABASE,
          searchPath: 'public',
          connectTimeoutSeconds: 10,
          applicationName: 'oltp-simulator-bench',
        },
      },
      () => undefined,
    );
    return new BenchServer(folder, server);
  }

  async stop(): Promise<void> {
    await this.#server.release();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Empty tables, with all that belongs to them, and nothing left to write from before. */
  async reset(): Promise<void> {
    await withConnection(this.target, async (client) => {
      await runScript(client, '99_drop_all.sql');
      await initDb(client, this.target);
    });
    await this.settle();
  }

  /** Keeps the database as it is now, for `restore`. */
  async keep(): Promise<void> {
    await this.#administer(
      `DROP DATABASE IF EXISTS ${KEPT}`,
      `CREATE DATABASE ${KEPT} TEMPLATE ${DATABASE}`,
    );
  }

  /** The database as it was kept, file by file. */
  async restore(): Promise<void> {
    await this.#administer(
      `DROP DATABASE ${DATABASE} WITH (FORCE)`,
      `CREATE DATABASE ${DATABASE} TEMPLATE ${KEPT}`,
    );
    await this.settle();
  }

  async #administer(...statements: readonly string[]): Promise<void> {
    await withConnection({ ...this.target, database: 'postgres' }, async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  }

  /** Writes out what earlier work left in memory, so that it is not paid for in the next round. */
  async settle(): Promise<void> {
    await withConnection(this.target, (client) => client.query('CHECKPOINT'));
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return withConnection(this.target, async (client) => {
      const { rows } = await client.query<Row>(text, [...values]);
      return rows;
    });
  }

  /** Empty tables but for so many patients, and a few of the rest. */
  async fillPatients(patients: number): Promise<void> {
    await this.reset();
    await this.cli(['seed'], {
      SEED_PACIENTES: String(patients),
      SEED_VALIDATE_FOREIGN_KEYS: 'false',
    });
    await this.settle();
  }

  /** Seconds from starting `stream` until it tells of its first committed batch. */
  async firstCommit(): Promise<number> {
    // A run that was ended while it counted its tables leaves the counting to the server.
    await this.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'oltp-simulator'",
    );
    const began = process.hrtime.bigint();
    const child = this.#spawn(['stream', '--jitter', '0', '--lang', 'en'], { LOG_LEVEL: 'INFO' });
    try {
      return await new Promise<number>((resolve, reject) => {
        let said = '';
        child.stderr.on('data', (chunk) => {
          said += chunk;
          if (said.includes('inserted +')) resolve(Number(process.hrtime.bigint() - began) / 1e9);
        });
        child.on('close', () => reject(new Error(`stream ended: ${said}`)));
      });
    } finally {
      await end(child);
    }
  }

  /** The most memory, in MB, that `stream --rate max` with 4 workers had at any time. */
  async peakMemory(seconds: number): Promise<number> {
    const args = ['stream', '--rate', 'max', '--workers', '4', '--duration', `${seconds}s`];
    const child = this.#spawn(args, {});
    let peak = 0;
    const look = setInterval(() => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    }, 100);
    await new Promise((resolve) => {
      child.on('exit', () => {
        clearInterval(look);
        resolve(null);
      });
    });
    return peak;
  }

  #spawn(args: readonly string[], env: Record<string, string>) {
    return spawn(process.execPath, [CLI, ...args], {
      cwd: this.folder,
      env: { ...this.#environment(), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  #environment(): Record<string, string> {
    const { host, port, user, password, database } = this.target;
    return {
      PATH: process.env.PATH ?? '',
      PG_HOST: host,
      PG_PORT: String(port),
      PG_USER: user,
      PG_PASSWORD: password ?? '',
      PG_DATABASE: database,
      PG_SSLMODE: 'disable',
      LOG_LEVEL: 'WARNING',
    };
  }

  /** Runs `stream` to its end, and returns its summary. */
  async stream(args: readonly string[]): Promise<RunSummary> {
    return JSON.parse((await this.cli(['stream', '--json', ...args])).stdout) as RunSummary;
  }

  /** Runs our own program against this server, as a process; `env`: further settings. */
  cli(args: readonly string[], env: Record<string, string> = {}) {
    return run(process.execPath, [CLI, ...args], {
      cwd: this.folder,
      env: { ...this.#environment(), ...env },
    });
  }
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill('SIGINT');
  await ended;
}
