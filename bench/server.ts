import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withConnection } from '../src/postgres/connect.js';
import { type EmbeddedServer, openEmbedded } from '../src/postgres/embedded.js';
import { initDb, runScript } from '../src/postgres/scripts.js';
import type { ConnectionTarget } from '../src/postgres/target.js';
import { run } from './peers.js';

/** Where the bench's server looks for a port first. */
const FIRST_PORT = 54_400;
const CLI = new URL('../src/cli.js', import.meta.url).pathname;

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
    const { chmodSync } = await import('node:fs');
    chmodSync(folder, 0o755);
    const server = await openEmbedded(
      {
        dir: join(folder, 'data'),
        port: FIRST_PORT,
        dirIsExplicit: true,
        portIsExplicit: false,
        db: {
          database: 'bench',
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
      await initDb(client);
    });
    await this.settle();
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

  /** Runs our own program against this server, as a process; `env`: further settings. */
  cli(args: readonly string[], env: Record<string, string> = {}) {
    const { host, port, user, password, database } = this.target;
    return run(process.execPath, [CLI, ...args], {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH ?? '',
        PG_HOST: host,
        PG_PORT: String(port),
        PG_USER: user,
        PG_PASSWORD: password ?? '',
        PG_DATABASE: database,
        PG_SSLMODE: 'disable',
        LOG_LEVEL: 'WARNING',
        ...env,
      },
    });
  }
}
