import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initDb, runScript } from '../src/database/scripts.js';
import { type EmbeddedServer, openEmbedded } from '../src/embedded/server.js';
import { withConnection } from '../src/postgres/connect.js';
import type { ConnectionTarget } from '../src/postgres/target.js';
import type { RunSummary } from '../src/runs/summary.js';
import { schemaWith } from '../src/schemas/index.js';
import { run } from './peers.js';
import { usageOf } from './usage.js';

/** The first port that the bench's server tries. */
const FIRST_PORT = 54_400;
const DATABASE = 'bench';
/** Copy of the database from which rounds start. */
const KEPT = 'bench_kept';
/** The compiled program. */
export const CLI = new URL('../src/cli.js', import.meta.url).pathname;

/** An embedded server for one bench, with PostgreSQL's defaults: `fsync` and `synchronous_commit` on. */
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

  /** Creates the schema anew, and checkpoints. */
  async reset(): Promise<void> {
    await withConnection(this.target, async (client) => {
      await runScript(client, '99_drop_all.sql');
      await initDb(client, this.target, schemaWith([]));
    });
    await this.settle();
  }

  /** Copies the database, for `restore`. */
  async keep(): Promise<void> {
    await this.#administer(
      `DROP DATABASE IF EXISTS ${KEPT}`,
      `CREATE DATABASE ${KEPT} TEMPLATE ${DATABASE}`,
    );
  }

  /** Replaces the database by the copy, file by file, and checkpoints. */
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

  /** Checkpoints, so that the next round does not write pages of an earlier one. */
  async settle(): Promise<void> {
    await withConnection(this.target, (client) => client.query('CHECKPOINT'));
  }

  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return withConnection(this.target, async (client) => {
      const { rows } = await client.query<Row>(text, [...values]);
      return rows;
    });
  }

  /** Creates the schema anew and seeds it with so many patients, and few rows in other tables. */
  async fillPatients(patients: number): Promise<void> {
    await this.reset();
    await this.cli(['seed'], {
      SEED_PACIENTES: String(patients),
      SEED_VALIDATE_FOREIGN_KEYS: 'false',
    });
    await this.settle();
  }

  /** Seconds from starting `stream` until it logs its first committed batch. */
  async firstCommit(): Promise<number> {
    // A run that was ended while it counted its tables leaves that query running on the server.
    await this.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'oltp-simulator'",
    );
    const began = process.hrtime.bigint();
    const child = this.#spawn(['stream', '--jitter', '0', '--lang', 'en'], { LOG_LEVEL: 'INFO' });
    try {
      return await new Promise<number>((resolve, reject) => {
        let stderr = '';
        child.stderr.on('data', (chunk) => {
          stderr += chunk;
          if (stderr.includes('inserted +')) resolve(Number(process.hrtime.bigint() - began) / 1e9);
        });
        child.on('close', () => reject(new Error(`stream ended: ${stderr}`)));
      });
    } finally {
      await end(child);
    }
  }

  /** Peak resident memory of `stream --rate max`, in MB. */
  async peakMemory(seconds: number, workers: number): Promise<number> {
    const count = String(workers);
    const args = ['stream', '--rate', 'max', '--workers', count, '--duration', `${seconds}s`];
    return (await usageOf(this.#spawn(args, {}))).peakMb;
  }

  #spawn(args: readonly string[], env: Record<string, string>) {
    return spawn(process.execPath, [CLI, ...args], {
      cwd: this.folder,
      env: { ...this.#environment(), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }

  /** Starts the program against this server, as a process whose output is read. */
  spawn(args: readonly string[]) {
    return spawn(process.execPath, [CLI, ...args], {
      cwd: this.folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
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

  /** Runs `stream` to its end and returns its summary. */
  async stream(args: readonly string[]): Promise<RunSummary> {
    return JSON.parse((await this.cli(['stream', '--json', ...args])).stdout) as RunSummary;
  }

  /** Runs the program against this server, as a process. `env`: further settings. */
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
