import type { Client } from 'pg';
import { hazardCircumstances } from '../ledger/resolve.js';
import { keyOf } from '../ledger/row-key.js';
import { type ClosedLedger, LedgerError, type LedgerTask, LedgerWriter } from '../ledger/writer.js';
import { within } from '../lib/clock.js';
import { withConnection } from '../postgres/connect.js';
import { describeFailure, type Failure, LEDGER } from '../postgres/failures.js';
import { compareServers, identifyPrimary } from '../postgres/identity.js';
import { settlePending } from '../postgres/in-doubt.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Schema } from '../schema/schema.js';
import type { Tables } from '../schema/tables.js';
import type { WorkerStats } from './worker-stats.js';

/** A worker's record of its transactions: its statistics, and its files of the ledger where one is kept. */
export interface Journal {
  readonly stats: WorkerStats;
  readonly ledger: LedgerTask | null;
}

/** The members of a run's schema that its journals depend on. */
type JournaledSchema = Pick<Schema, 'tables' | 'hazards'>;

/**
 * Closes the journals of workers whose threads have ended. The server is asked for the fate of the transactions
 * whose COMMIT got no answer, for `patienceMs` at most (null: not at all); those that it does not answer for count
 * as unknown. A ledger that cannot be written leaves no transaction open in the statistics.
 *
 * @param failure why the run ended, if it failed
 * @returns that, or else why a ledger could not be written
 */
export async function closeJournals(
  schema: JournaledSchema,
  journals: readonly Journal[],
  target: ConnectionTarget,
  patienceMs: number | null,
  failure: Failure | null,
): Promise<Failure | null> {
  for (const { stats } of journals) stats.finishSettling();
  const closing = new Closing(schema.tables, failure);
  const inDoubt = journals.filter(({ stats }) => stats.pending !== null);
  if (inDoubt.length > 0 && patienceMs !== null) {
    const connectTimeoutSeconds = patienceMs / 1000;
    const asking = withConnection({ ...target, connectTimeoutSeconds }, (client) =>
      within(settleAll(schema, closing, inDoubt, client, patienceMs), patienceMs),
    );
    // The server is away for good: the fate of the others stays unknown, and is reported so.
    await asking.catch(() => undefined);
  }
  for (const journal of journals) await closing.open(journal, giveUp);
  return closing.failure;
}

async function settleAll(
  schema: JournaledSchema,
  closing: Closing,
  journals: readonly Journal[],
  client: Client,
  patienceMs: number,
): Promise<void> {
  const { server: now } = await identifyPrimary(client);
  for (const journal of journals) {
    const added = hazardCircumstances(schema, journal.ledger, journal.stats.connections);
    await closing.open(journal, (stats, ledger) =>
      settlePending(
        client,
        schema.tables,
        stats,
        ({ number }, { fate, xid }) => ledger?.writer.resolve(number, fate, xid),
        { keyOf, server: compareServers(ledger?.server ?? null, now), patienceMs, ...added },
      ),
    );
  }
}

/** Closes a journal; transactions that are still pending count as unknown. */
function giveUp(stats: WorkerStats, ledger: ClosedLedger | null): void {
  const open = new Set(ledger?.open);
  for (let entry = stats.pending; entry !== null; entry = stats.pending) {
    stats.settle('unknown');
    ledger?.writer.resolve(entry.number, 'unknown', entry.xid);
    open.delete(entry.number);
  }
  // Entered by a thread that ended before it had sent them.
  if (open.size > 0) ledger?.writer.abort([...open]);
}

type Act = (stats: WorkerStats, ledger: ClosedLedger | null) => void | Promise<void>;

class Closing {
  failure: Failure | null;
  readonly #tables: Tables;

  constructor(tables: Tables, failure: Failure | null) {
    this.#tables = tables;
    this.failure = failure;
  }

  /** Opens a journal for `act`. One whose ledger cannot be written is acted on again, without it. */
  async open({ stats, ledger: task }: Journal, act: Act): Promise<void> {
    let ledger: ClosedLedger | null = null;
    try {
      // After a ledger failed, its open intents may have been committed: `ledger resolve` asks about them.
      const failed = this.failure?.errno === LEDGER;
      if (task !== null && !failed) ledger = LedgerWriter.last(this.#tables, task, stats);
      await act(stats, ledger);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.failure ??= describeFailure(error);
      await act(stats, null);
    } finally {
      ledger?.writer.close();
    }
  }
}
