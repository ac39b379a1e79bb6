import type { Client } from 'pg';
import type { ReconnectPolicy } from '../src/lib/back-off.js';
import { BackOff } from '../src/lib/back-off.js';
import { monotonicMs, sleep } from '../src/lib/clock.js';
import { connect, underlyingError } from '../src/postgres/connect.js';
import { describeFailure, type Failure } from '../src/postgres/failures.js';
import { identifyPrimary } from '../src/postgres/identity.js';
import type { Fate } from '../src/postgres/pending.js';
import type { ConnectionTarget } from '../src/postgres/target.js';
import type { Control } from '../src/run/control.js';
import type { WorkerStats } from '../src/run/worker-stats.js';
import type { Reporter } from './reporter.js';
import type { TransactionJournal } from './transaction-journal.js';

/** Waits are cut into slices of this, so that a stop is noticed soon. */
export const SLICE_MS = 50;

export interface SessionParts {
  readonly target: ConnectionTarget;
  readonly reconnect: ReconnectPolicy;
  readonly control: Control;
  readonly stats: WorkerStats;
  readonly journal: TransactionJournal;
  readonly reporter: Reporter;
  /** Uniform in [0, 1): jitters the back-off, so that workers do not come back all at once. */
  readonly random: () => number;
  /** Run on each new connection, before anything else uses it. */
  readonly prepare: (client: Client) => Promise<void>;
}

/** A worker's one connection: opens it, reconnects when it is lost, settles transactions in doubt. */
export class Session {
  readonly #parts: SessionParts;
  #client: Client | null = null;
  /** Server clock minus `monotonicMs`, as of the last connect. */
  #epochMs = 0;
  /** Counts the attempts to connect since a batch was last committed. */
  readonly #backOff: BackOff;
  readonly #fates: Fate[] = [];

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#backOff = new BackOff(parts.reconnect, parts.random);
  }

  get client(): Client {
    if (this.#client === null) throw new Error('the session is not open');
    return this.#client;
  }

  /**
   * Milliseconds since 1970 by the server's clock: generators on several machines agree on it, and this
   * machine's clock may be set meanwhile.
   */
  serverNow(): number {
    return monotonicMs() + this.#epochMs;
  }

  /** Connects, and settles the transactions that an earlier connection of this worker left in doubt. */
  async open(): Promise<void> {
    const { target, journal, prepare } = this.#parts;
    const client = await connect(target);
    try {
      const facts = await identifyPrimary(client);
      await journal.open(client, facts, (fate) => this.#fates.push(fate));
      this.#epochMs = facts.epochMs;
      await prepare(client);
    } catch (error) {
      await end(client);
      throw error;
    }
    this.#client = client;
  }

  /** Describes a failure, with the reason that the server gave when it ended the connection. */
  failureOf(error: unknown): Failure {
    return describeFailure(this.#client === null ? error : underlyingError(this.#client, error));
  }

  /** The fates of the transactions that were settled since the last call, in their order. */
  takeFates(): Fate[] {
    return this.#fates.splice(0);
  }

  /** A batch went through: the next loss starts the back-off anew. */
  proved(): void {
    this.#backOff.proved();
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    if (client !== null) await end(client);
  }

  /**
   * Opens the connection again after `failure`, with growing pauses. Returns null when it is open, else
   * the reason: the run is being stopped, or the failure of the last attempt. A connection that is lost
   * again before it was `proved` uses the attempts that are left.
   */
  async reopen(failure: Failure): Promise<'stopped' | Failure | null> {
    const { stats, reporter } = this.#parts;
    const backOff = this.#backOff;
    const lost = monotonicMs();
    let latest = failure;
    await this.close();
    for (let waitMs = backOff.next(); waitMs !== null; waitMs = backOff.next()) {
      reporter.send({ kind: 'reconnecting', attempt: backOff.attempts, waitMs, failure: latest });
      if (!(await this.#wait(waitMs))) return 'stopped';
      try {
        await this.open();
        stats.count('reconnects');
        reporter.send({ kind: 'reconnected', afterMs: monotonicMs() - lost });
        return null;
      } catch (error) {
        latest = describeFailure(error);
        if (latest.class === 'hopeless' || latest.class === 'defect') return latest;
      }
    }
    return latest;
  }

  /** Waits; false when the run is being stopped meanwhile. */
  async #wait(ms: number): Promise<boolean> {
    const until = monotonicMs() + ms;
    while (!this.#parts.control.stopping) {
      const left = until - monotonicMs();
      if (left <= 0) return true;
      await sleep(Math.min(left, SLICE_MS));
    }
    return false;
  }
}

/** Ends a connection that may be dead already. */
async function end(client: Client): Promise<void> {
  await client.end().catch(() => undefined);
}
