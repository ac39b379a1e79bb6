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

/** Locks change hands all the time: only what has lasted this long holds a run up. */
const HELD_UP_MS = 500;
/** A server process that was asked to give up is asked again after this. */
const ASK_AGAIN_MS = 250;
const LOOK_MS = 20;
/** Transactions sent in one go wait for the standby one after the other: the next one waits already. */
const NEXT_MS = 2;
/** Workers that are free again may have ended before the answer that they were freed is here. */
const LAST_ANSWER_MS = 200;

/** A wait of a worker's server process. */
export interface WorkerWait extends FoundWait {
  /** When its transaction began; tells the waits of one process apart. */
  readonly began: string;
  readonly committing: boolean;
}

/** The waits that held workers up when the run was to end. */
export interface HeldUp {
  readonly waits: readonly Wait[];
  /** Transactions that were committed without the standby that they waited for. */
  readonly unconfirmed: number;
}

/**
 * The waits that are to be ended: long ones, and further ones of processes that were freed from one. A
 * process in the way of which only other workers are is left alone: they are freed, or just work.
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
 * Ends what the workers of a run wait for once it is to end, over a connection of its own: somebody's
 * lock, whereupon the statement fails (query_canceled) and its batch is rolled back; or a synchronous standby that is
 * away, whereupon the transaction is committed, on this server alone. What merely works is left alone.
 */
export class WaitEnder {
  readonly #connecting: Promise<Client>;
  readonly #onCancel: (pid: number) => void;
  readonly #waits = new Map<string, Wait>();
  readonly #freed = new Set<number>();
  /** When each transaction was asked to give up the last time. */
  readonly #asked = new Map<string, number>();
  readonly #unconfirmed = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #answered = false;

  /** `onCancel`: called before a process is asked to give up. */
  constructor(target: ConnectionTarget, onCancel: (pid: number) => void) {
    this.#onCancel = onCancel;
    const applicationName = watcherName(target.applicationName);
    this.#connecting = connect({ ...target, applicationName });
  }

  /** Ends waits of these processes until `close`. A server that refuses, or is away, leaves them to themselves. */
  start(workers: () => readonly Backend[]): void {
    this.#running = this.#run(workers);
  }

  /** The server has answered. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The waits that were ended. The answer about the last ones may be on its way. */
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
      // The run's grace ends the waits, then.
    }
  }

  /** True: there was something to end. */
  async #look(client: Client, workers: readonly Backend[]): Promise<boolean> {
    const pids = new Set(workers.map(({ pid }) => pid));
    const found = await findWaitsOf(client, workers);
    this.#answered = true;
    const ending = waitsToEnd(found, pids, this.#freed).filter(
      (wait) => monotonicMs() - (this.#asked.get(nameOf(wait)) ?? -ASK_AGAIN_MS) >= ASK_AGAIN_MS,
    );
    if (ending.length === 0) return false;
    for (const { pid } of ending) this.#onCancel(pid);
    const ended = await cancel(client, workers, ending);
    for (const wait of ending.filter(({ pid }) => ended.has(pid))) {
      this.#asked.set(nameOf(wait), monotonicMs());
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

/** SQL: a session `a` is one of `ownedBy`, and no later one with the number of one that is gone. */
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

/** Asks processes to give up what they wait for, where they still do; returns those that were asked. */
async function cancel(
  client: Client,
  workers: readonly Backend[],
  waits: readonly WorkerWait[],
): Promise<Set<number>> {
  const { rows } = await client.query<{ pid: number; asked: boolean }>(
    // Materialized: among conditions the server may try the cheapest first, on everybody's processes.
    `WITH waiting AS MATERIALIZED (
       SELECT a.pid FROM pg_stat_activity a WHERE ${IS_OWN} AND a.pid = ANY ($3) AND ${IS_WAITING})
     SELECT pid, pg_cancel_backend(pid) AS asked FROM waiting`,
    [...ownedBy(workers), waits.map(({ pid }) => pid)],
  );
  return new Set(rows.flatMap(({ pid, asked }) => (asked ? [pid] : [])));
}
