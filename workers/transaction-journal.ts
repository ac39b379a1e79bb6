import type { Client } from 'pg';
import { ledgerFile } from '../src/ledger/folder.js';
import { hazardCircumstances } from '../src/ledger/resolve.js';
import { keyOf } from '../src/ledger/row-key.js';
import type { LedgerTask } from '../src/ledger/writer.js';
import { type Change, LedgerWriter, type TransactionName } from '../src/ledger/writer.js';
import {
  type ConnectionIdentity,
  compareServers,
  type ServerIdentity,
} from '../src/postgres/identity.js';
import { settlePending } from '../src/postgres/in-doubt.js';
import type { Fate } from '../src/postgres/pending.js';
import { gidOf } from '../src/postgres/prepared.js';
import type { WorkerStats } from '../src/run/worker-stats.js';
import type { Schema } from '../src/schema/schema.js';
import type { TableName } from '../src/schema/table.js';
import type { BatchOutcome } from './batch-result.js';
import { hazardEffects } from './hazards/effects.js';

/** A transaction whose COMMIT the server answered. */
export interface CommittedTransaction extends TransactionName {
  /** Rows that were sent and not stored: something on the server dropped them. */
  readonly dropped: readonly Change[];
}

/**
 * The two records of a worker's transactions: the statistics, which the main thread reads, and the ledger,
 * which outlives the process. A transaction is entered in both before its COMMIT is sent, and closed in both
 * when the answer is there. In the ledger first: a transaction that a dead worker left open in the statistics
 * is settled by the next one, which enters its outcome in the ledger once more.
 */
export class TransactionJournal {
  readonly #schema: Schema;
  readonly #stats: WorkerStats;
  readonly #task: LedgerTask | null;
  #ledger: LedgerWriter | null = null;
  /** Ledger numbers of the pending transactions, in the order of the statistics. */
  #numbers: number[] = [];
  #server: ServerIdentity | null = null;

  constructor(schema: Schema, stats: WorkerStats, task: LedgerTask | null) {
    this.#schema = schema;
    this.#stats = stats;
    this.#task = task;
  }

  /** Whether there is a ledger, which records every key and the transaction's xid. */
  get detailed(): boolean {
    return this.#task !== null;
  }

  /** Ids were taken from a table's sequence. */
  lease(table: TableName, ids: readonly number[]): void {
    this.#ledger?.lease(table, ids);
  }

  /** Enters transactions before their COMMITs, PREPAREs or deliberate ROLLBACKs are sent. */
  intend(outcomes: readonly BatchOutcome[]): void {
    const numbers =
      this.#ledger?.intend(
        outcomes.map(({ pending, lsn, changes, subtransactions, hazards }) => {
          return { xid: pending?.xid ?? null, lsn, changes, subtransactions, hazards };
        }),
      ) ?? [];
    this.#numbers.push(...numbers);
    for (const [i, outcome] of outcomes.entries()) {
      const { pending, rows, events } = outcome;
      if (pending === null) throw new Error('a batch without a witness');
      const effects = hazardEffects(outcome);
      this.#stats.intend(pending, rows, events, numbers[i], effects);
    }
  }

  /** Tells its connection from all others of the run: `RUN/WORKER/CONNECTION`. Throws without a ledger. */
  get place(): string {
    if (this.#task === null) throw new Error('no ledger is kept');
    return `${this.#task.run}/${this.#task.worker}/${this.#stats.connections}`;
  }

  /** The name that the pending transaction is prepared under. Throws without a ledger, or where none is pending. */
  get gid(): string {
    const [intent] = this.#numbers;
    if (this.#task === null || intent === undefined) throw new Error('no transaction to prepare');
    const { run, worker } = this.#task;
    return gidOf({ run, worker, connection: this.#stats.connections, intent });
  }

  /** The COMMITs of the first ones were answered. */
  commit(answers: readonly CommittedTransaction[]): void {
    const numbers = this.#numbers.splice(0, answers.length);
    try {
      this.#ledger?.commit(answers.map((answer, i) => ({ ...answer, number: numbers[i] ?? 0 })));
    } finally {
      for (const { dropped } of answers) {
        for (const { table, operation, rows } of dropped) {
          this.#stats.reduce({ table, operation, count: rows.length });
        }
        this.#stats.settle('committed');
      }
    }
  }

  /** The server answered that the first `count` pending transactions are not committed. */
  withdraw(count: number): void {
    const numbers = this.#numbers.splice(0, count);
    if (numbers.length > 0) this.#ledger?.abort(numbers);
    this.#stats.withdraw(count);
  }

  /** The connection is lost: the pending transactions are in doubt. */
  lose(): void {
    const numbers = this.#numbers.splice(0);
    if (numbers.length > 0) this.#ledger?.doubt(numbers);
  }

  /**
   * Opens the journal of a new connection, after the transactions that an earlier one left open were settled,
   * also one of an earlier life of this worker. Calls `onFate` with the fate of each.
   */
  async open(
    client: Client,
    facts: ConnectionIdentity,
    onFate: (fate: Fate) => void,
  ): Promise<void> {
    this.#close();
    const before =
      this.#task === null ? null : LedgerWriter.last(this.#schema.tables, this.#task, this.#stats);
    const server = compareServers(this.#server ?? before?.server ?? null, facts.server);
    const open = new Set(before?.open);
    const { connections } = this.#stats;
    try {
      await settlePending(
        client,
        this.#schema.tables,
        this.#stats,
        ({ number }, { fate, xid }) => {
          before?.writer.resolve(number, fate, xid);
          open.delete(number);
          onFate(fate);
        },
        { keyOf, server, ...hazardCircumstances(this.#schema, this.#task, connections) },
      );
      // Entered by a thread that ended before it sent them.
      if (open.size > 0) before?.writer.abort([...open]);
    } finally {
      before?.writer.close();
    }
    this.#server = facts.server;
    if (this.#task !== null) this.#ledger = this.#begin(this.#task, facts);
    this.#stats.backend = facts.backend;
  }

  #begin(
    { folder, worker, run, rng, hazards }: LedgerTask,
    facts: ConnectionIdentity,
  ): LedgerWriter {
    const connection = this.#stats.connections + 1;
    const { offsetMs: server_offset_ms, server, backend } = facts;
    return LedgerWriter.create(
      this.#schema,
      ledgerFile(folder, worker, connection),
      { run, worker, connection, rng, server_offset_ms, server, backend },
      hazards,
    );
  }

  /** The worker ends in order. */
  end(): void {
    try {
      this.#ledger?.end();
    } catch {
      // The disk was full before, and that is reported already.
    }
    this.#close();
  }

  #close(): void {
    this.#ledger?.close();
    this.#ledger = null;
  }
}
