import type { Client } from 'pg';
import { OneAhead } from '../lib/one-ahead.js';
import { findPrepared } from '../postgres/prepared.js';
import type { Operation } from '../schema/changes.js';
import type { Key, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { beginComparison, compare, compareKeyed, type KeyDifference } from './compare.js';
import { Expectations, expectationsOf } from './expectations.js';
import type { LedgerHeader } from './format.js';
import { KeyedWrites } from './keyed-writes.js';
import { explainByOthers, type OtherLedger } from './later-changes.js';
import { readRunHazards } from './run-hazards.js';
import { type LedgerTotals, readLedger } from './totals.js';
import { type IntentLocation, WorkerWrites } from './worker-writes.js';

/** Differences that are listed; the others are only counted. */
const DIFFERENCES_LISTED = 10;
/** Differences that are compared with other runs: they take about 200 MB. The others stay differences. */
const DIFFERENCES_KEPT = 500_000;

/** A key whose row in the database differs from the ledger. */
export interface LedgerDifference {
  readonly table: TableName;
  readonly key: Key;
  /** The last operation on it by the ledger; null if it was only leased. */
  readonly operation: Operation | null;
  /** Whether that operation was committed; false: aborted. */
  readonly committed: boolean;
  /** The transaction's xid; null if the row's `xmin` need not equal it. */
  readonly xid: number | null;
  /** `xmin` of the row; null if there is no row. */
  readonly xmin: number | null;
  /** A TRUNCATE of the run emptied the table after that. */
  readonly emptied?: true;
  /** The place of the transaction in the ledger; null for a lease. */
  readonly file: string | null;
  readonly intent: number | null;
}

export interface LedgerCheck {
  readonly totals: LedgerTotals;
  readonly differences: { readonly count: number; readonly examples: readonly LedgerDifference[] };
  /** Keys that a later run changed, according to its own ledger: they are not differences. */
  readonly changedSince: {
    readonly count: number;
    readonly runs: Readonly<Record<string, number>>;
  };
  /** Tables with rows in the ledger that were not compared, because nothing but their whole content identifies a row. */
  readonly unchecked: readonly TableName[];
  /** Names of prepared transactions of the run that are still there. */
  readonly prepared: readonly string[];
}

/**
 * Compares a ledger with the database, in one snapshot. Reads every file once (of a run with hazards twice) and keeps the
 * entries of two workers at a time, and those of keys that are texts until the end. A difference may be explained by the
 * ledger of a run that changed the row later.
 *
 * @param tables those of the ledger (`tablesOfLedger`)
 * @param others ledgers of runs that may have written after `started`
 */
export async function checkLedger(
  tables: Tables,
  client: Client,
  folder: string,
  onHeader: (header: LedgerHeader) => void,
  others: (started: string | null) => readonly OtherLedger[] = () => [],
): Promise<LedgerCheck> {
  const hazards = await readRunHazards(tables, folder);
  let writes = new WorkerWrites(tables, hazards);
  let next = new WorkerWrites(tables, hazards);
  const keyed = new KeyedWrites(tables, hazards);
  let run = '';
  const found: KeyDifference[] = [];
  const described: LedgerDifference[] = [];
  let count = 0;
  const wanted = () => DIFFERENCES_KEPT - found.length;
  const keep = (writes: Locations) => (difference: KeyDifference) => {
    found.push(difference);
    described.push(describe(difference, writes));
  };
  const comparison = await beginComparison(client);
  const compareWorker = async (own: WorkerWrites) => {
    for (const [table, entries] of own.tables) {
      const expected = new Expectations(entries, null, own.remainsOf(table.name));
      count += await compare(comparison, table, expected, wanted, keep(own));
    }
    own.clear();
  };
  // The server compares the writes of one worker while those of the next one are read.
  const comparing = new OneAhead();
  try {
    const totals = await readLedger(tables, folder, {
      onHeader: (header) => {
        run = header.run;
        onHeader(header);
      },
      onFile: (path) => {
        writes.beginFile(path);
        keyed.beginFile(path);
      },
      onLease: (lease) => writes.addLease(lease),
      onTransaction: (transaction) => {
        writes.add(transaction);
        keyed.add(transaction);
      },
      onWorkerEnd: async () => {
        const own = writes;
        await comparing.begin(() => compareWorker(own));
        [writes, next] = [next, writes];
      },
    });
    await comparing.end();
    const places = keyed.order();
    for (const { table, keys, entries } of keyed.tables) {
      const expectations = expectationsOf(entries, places, keyed.remainsOf(table.name));
      count += await compareKeyed(client, table, keys, expectations, wanted, keep(keyed));
    }
    const explained =
      found.length === 0 ? [] : await explainByOthers(found, others(totals.started), totals);
    const runs: Record<string, number> = {};
    for (const other of explained) if (other !== null) runs[other] = (runs[other] ?? 0) + 1;
    const since = Object.values(runs).reduce((sum, keys) => sum + keys, 0);
    const examples = described.filter((_, i) => explained[i] === null).slice(0, DIFFERENCES_LISTED);
    return {
      totals,
      differences: { count: count - since, examples },
      changedSince: { count: since, runs },
      unchecked: uncheckedOf(tables, totals),
      prepared: hazards === null ? [] : await findPrepared(client, run),
    };
  } finally {
    await comparing.end().catch(() => undefined);
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

function uncheckedOf(tables: Tables, { rows }: LedgerTotals): TableName[] {
  return tables
    .filter(({ keyKind, name }) => {
      const written = Object.values(rows[name]!).some((count) => count > 0);
      return keyKind === 'none' && written;
    })
    .map(({ name }) => name);
}

interface Locations {
  locate(transaction: number): IntentLocation | null;
}

function describe(
  { table, key, xmin, expected: { entry, emptied } }: KeyDifference,
  writes: Locations,
): LedgerDifference {
  const { write: operation, xid } = entry;
  const location = operation === null ? null : writes.locate(entry.transaction);
  const { file = null, intent = null } = location ?? {};
  const committed = entry.fate === 'committed';
  const difference = { table, key, operation, committed, xid, xmin, file, intent };
  return emptied === true ? { ...difference, emptied } : difference;
}
