import { mkdirSync } from 'node:fs';
import type { Client } from 'pg';
import { writeFacts } from '../../../src/ledger/facts-file.js';
import { ledgerFile } from '../../../src/ledger/folder.js';
import type { SharedRows } from '../../../src/ledger/recorded-schema.js';
import { type Change, type HazardOutcome, LedgerWriter } from '../../../src/ledger/writer.js';
import { identify } from '../../../src/postgres/identity.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { SAMPLE } from '../../unit/ledger/sample-tables.js';

interface TransactionOptions {
  readonly hazards?: HazardOutcome | null;
  /** By default that of the run. */
  readonly client?: Client;
}

/** A run of a test: it executes statements, and records their changes as workers do. */
export class Run {
  readonly folder: string;
  readonly #client: Client;
  readonly #writers = new Map<number, LedgerWriter>();

  private constructor(client: Client, folder: string) {
    this.#client = client;
    this.folder = folder;
  }

  /** @param shared ids of rows that both workers write; null: the run has no hazards */
  static async begin(
    client: Client,
    folder: string,
    shared: SharedRows | null = null,
  ): Promise<Run> {
    mkdirSync(folder, { recursive: true });
    const { server } = await identify(client);
    writeFacts(SAMPLE, folder, 'test', server, factsWithTriggers({}), shared);
    const run = new Run(client, folder);
    for (const worker of [1, 2]) {
      const members = { run: 'test', worker, connection: 1, rng: 7, server_offset_ms: 0, server };
      const backend = { pid: 1, startedMicros: Date.now() * 1_000 };
      const path = ledgerFile(folder, worker, 1);
      run.#writers.set(
        worker,
        LedgerWriter.create(SAMPLE, path, { ...members, backend }, shared !== null),
      );
    }
    return run;
  }

  /** Runs a transaction, and records it. `end`: ROLLBACK is recorded as aborted. `answered`: its outcome is recorded. */
  async transact(
    worker: number,
    sql: string,
    changes: Change[],
    end = 'COMMIT',
    answered = true,
    { hazards = null, client = this.#client }: TransactionOptions = {},
  ): Promise<void> {
    const writer = this.#writers.get(worker)!;
    await client.query(`BEGIN; ${sql}`);
    const { rows } = await client.query<{ xid: string; lsn: string }>(
      'SELECT pg_current_xact_id()::text AS xid, pg_current_wal_insert_lsn()::text AS lsn',
    );
    const name = rows[0]!;
    const [number = 0] = writer.intend([{ ...name, changes, subtransactions: false, hazards }]);
    await client.query(end);
    if (!answered) return;
    if (end === 'COMMIT') writer.commit([{ ...name, number, dropped: [] }]);
    else writer.abort([number]);
  }

  lease(worker: number, table: string, ids: readonly number[]): void {
    this.#writers.get(worker)!.lease(table, ids);
  }

  end(): void {
    for (const writer of this.#writers.values()) {
      writer.end();
      writer.close();
    }
  }
}

export const change = (
  table: string,
  operation: Change['operation'],
  ...rows: Change['rows']
): Change => ({
  table,
  operation,
  rows,
});
