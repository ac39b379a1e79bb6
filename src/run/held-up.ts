import { monotonicMs, sleep, within } from '../lib/clock.js';
import { connect, cut } from '../postgres/connect.js';
import type { Client } from '../postgres/driver.js';
import { STARTED_MICROS } from '../postgres/identity.js';
import type { Backend } from '../postgres/pending.js';
import type { ConnectionTarget } from '../postgres/target.js';
import {
  addWait,
  type FoundWait,
  holdersOf,
  IS_WAITING,
  WAIT_COLUMNS,
  WAITING_SESSIONS,
  type Wait,
  waitOf,
  watcherName,
} from '../postgres/waits.js';

/** Locks change hands all the time: only a wait of this length holds a run up. */
const HELD_UP_MS = 500;
/** A server process that was cancelled and still waits is cancelled again after this. */
const ASK_AGAIN_MS = 250;
const LOOK_MS = 20;
/** Pipelined transactions wait for the standby one after the other: the next one waits already. */
const NEXT_MS = 2;
/** A freed worker may have ended before the server's answer to the cancellation arrives. */
const LAST_ANSWER_MS = 200;

/** A wait of a worker's server process. */
export interface WorkerWait extends FoundWait {
  /** Start of its transaction, which tells the waits of one process apart. */
  readonly began: string;
  readonly committing: boolean;
}

/** The waits that held workers up when the run was to end. */
export interface HeldUp {
  readonly waits: readonly Wait[];
  /** Transactions that were committed without the confirmation of their standby. */
  readonly unconfirmed: number;
}

/**
 * Chooses the waits to end: long ones, and later ones of processes that were freed before. A process that waits only
 * for other workers is left alone: they are freed themselves, or just work.
 */
export function waitsToEnd(
  found: readonly WorkerWait[],
  workers: ReadonlySet<number>,
  freed: ReadonlySet<number>,
): WorkerWait[] {
  return found.filter(
    ({ pid, standby, seconds, blockers }) =>
      (seconds * 1000 >= HELD_UP_MS || freed.has(pid)) &&
      (standby || blockers.some((blocker) => !workers.has(blocker))),
  );
}

/**
 * Ends the waits of a run's workers once the run is to end, over a connection of its own. A statement that waited for
 * a lock fails (query_canceled), and its batch is rolled back; a transaction that waited for a synchronous standby
 * is committed on this server alone. Processes that work are left alone.
 */
export class WaitEnder {
  readonly #connecting: Promise<Client>;
  readonly #onCancel: (pid: number) => void;
  readonly #waits = new Map<string, Wait>();
  readonly #freed = new Set<number>();
  /** When each transaction was last cancelled, on the monotonic clock. */
  readonly #cancelled = new Map<string, number>();
  readonly #unconfirmed = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #answered = false;

  /** `onCancel`: called before a process is cancelled. */
  constructor(target: ConnectionTarget, onCancel: (pid: number) => void) {
    this.#onCancel = onCancel;
    const applicationName = watcherName(target.applicationName);
    this.#connecting = connect({ ...target, applicationName });
  }

  /** Ends waits of these processes until `close`. A server that refuses, or is away, leaves them waiting. */
  start(workers: () => readonly Backend[]): void {
    this.#running = this.#run(workers);
  }

  /** The server has answered. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Ends the watch, and returns the waits that were ended. Waits shortly for the last answer. */
  async close(): Promise<HeldUp> {
    this.#closed = true;
    await within(this.#running, LAST_ANSWER_MS);
    this.#connecting.then(cut).catch(() => undefined);
    return { waits: [...this.#waits.values()], unconfirmed: this.#unconfirmed.size };
  }

  async #run(workers: () => readonly Backend[]): Promise<void> {
    try {
      const client = await this.#connecting;
      while (!this.#closed) await sleep((await this.#look(client, workers())) ? NEXT_MS : LOOK_MS);
    } catch {
      // The end of the grace cuts the workers off, then.
    }
  }

  /** Ends the waits of one look. False: there was none to end. */
  async #look(client: Client, workers: readonly Backend[]): Promise<boolean> {
    const pids = new Set(workers.map(({ pid }) => pid));
    const found = await findWaitsOf(client, workers);
    this.#answered = true;
    const ending = waitsToEnd(found, pids, this.#freed).filter(
      (wait) =>
        monotonicMs() - (this.#cancelled.get(nameOf(wait)) ?? -ASK_AGAIN_MS) >= ASK_AGAIN_MS,
    );
    if (ending.length === 0) return false;
    for (const { pid } of ending) this.#onCancel(pid);
    const ended = await cancel(client, workers, ending);
    for (const wait of ending.filter(({ pid }) => ended.has(pid))) {
      this.#cancelled.set(nameOf(wait), monotonicMs());
      this.#freed.add(wait.pid);
      if (wait.standby && wait.committing) this.#unconfirmed.add(nameOf(wait));
      addWait(
        this.#waits,
        waitOf(
          wait,
          holdersOf(wait, ({ pid }) => !pids.has(pid)),
        ),
      );
    }
    return true;
  }
}

function nameOf({ pid, began }: WorkerWait): string {
  return `${pid} ${began}`;
}

/** SQL: session `a` is one of `ownedBy`; its start tells it apart from a later one with the same pid. */
const IS_OWN = `(a.pid, ${STARTED_MICROS}) IN (SELECT * FROM unnest($1::int[], $2::bigint[]))`;

function ownedBy(backends: readonly Backend[]): [number[], number[]] {
  return [backends.map(({ pid }) => pid), backends.map(({ startedMicros }) => startedMicros)];
}

async function findWaitsOf(client: Client, workers: readonly Backend[]): Promise<WorkerWait[]> {
  const { rows } = await client.query<WorkerWait>(
    `SELECT ${WAIT_COLUMNS}, a.xact_start::text AS began, a.query = 'COMMIT' AS committing
       FROM ${WAITING_SESSIONS} WHERE ${IS_OWN} AND ${IS_WAITING}`,
    ownedBy(workers),
  );
  return rows;
}

/** Cancels the statements of processes that still wait; returns the processes that were cancelled. */
async function cancel(
  client: Client,
  workers: readonly Backend[],
  waits: readonly WorkerWait[],
): Promise<Set<number>> {
  const { rows } = await client.query<{ pid: number; cancelled: boolean }>(
    // Materialized: otherwise the server may evaluate pg_cancel_backend first, on everybody's processes.
    `WITH waiting AS MATERIALIZED (
       SELECT a.pid FROM pg_stat_activity a WHERE ${IS_OWN} AND a.pid = ANY ($3) AND ${IS_WAITING})
     SELECT pid, pg_cancel_backend(pid) AS cancelled FROM waiting`,
    [...ownedBy(workers), waits.map(({ pid }) => pid)],
  );
  return new Set(rows.flatMap(({ pid, cancelled }) => (cancelled ? [pid] : [])));
}
