import type { ServerIdentity } from '../postgres/identity.js';
import { noRows, OPERATIONS, type RowCounts } from '../schema/changes.js';
import type { Tables } from '../schema/tables.js';
import { factsFile, readFacts } from './facts-file.js';
import { fileNumbers, ledgerFiles } from './folder.js';
import { HAZARDS_SINCE } from './format.js';
import { HazardCounts, type HazardTotals } from './hazard-totals.js';
import { type LedgerProblem, LedgerReader, type LedgerReaderListener } from './reader.js';
import type { Outcome } from './transactions.js';

/** Problems that are listed; the others are only counted. */
const PROBLEMS_LISTED = 10;

/** Sums of a run's ledger. */
export interface LedgerTotals {
  readonly workers: number;
  readonly connections: number;
  /** ISO 8601, by the generator's clock: the first connection, and the last record. Null for an empty ledger. */
  readonly started: string | null;
  readonly ended: string | null;
  /** All servers that the run connected to. */
  readonly servers: readonly ServerIdentity[];
  readonly transactions: Readonly<Record<Outcome, number>>;
  /** Rows of committed transactions. */
  readonly rows: Readonly<RowCounts>;
  readonly problems: { readonly count: number; readonly examples: readonly LedgerProblem[] };
  /** Left out: the run had no hazards. */
  readonly hazards?: HazardTotals;
}

/** Receives the content of a ledger, file by file. */
export interface LedgerListener extends Omit<LedgerReaderListener, 'onProblem'> {
  readonly onFile?: (path: string) => void;
  /** All files of a worker were read. The next worker's files wait for the promise. */
  readonly onWorkerEnd?: () => Promise<void>;
}

/** Reads the whole ledger of a run, in one pass. `tables`: those of the ledger (`tablesOfLedger`). */
export async function readLedger(
  tables: Tables,
  folder: string,
  listener: LedgerListener = {},
): Promise<LedgerTotals> {
  const transactions: Record<Outcome, number> = { committed: 0, aborted: 0, unknown: 0, open: 0 };
  const rows = noRows(tables);
  const examples: LedgerProblem[] = [];
  const servers = new Map<string, ServerIdentity>();
  const hazards = new HazardCounts();
  const files = ledgerFiles(folder);
  let count = 0;
  let version = 0;
  let workers = 0;
  let last = { worker: 0, connection: 0 };
  let started = Number.POSITIVE_INFINITY;
  let ended = Number.NEGATIVE_INFINITY;
  const onProblem = (problem: LedgerProblem) => {
    if (++count <= PROBLEMS_LISTED) examples.push(problem);
  };
  for (const path of files) {
    const named = fileNumbers(path);
    if (named.worker !== last.worker) {
      if (last.worker > 0) await listener.onWorkerEnd?.();
      workers++;
      last = { worker: named.worker, connection: 0 };
    }
    const misplaced = { file: path, line: 1, kind: 'sequence' } as const;
    // The file of the connection before is missing.
    if (named.connection !== last.connection + 1) onProblem(misplaced);
    last = named;
    listener.onFile?.(path);
    let began = Number.NaN;
    const reader = new LedgerReader(tables, path, {
      ...listener,
      onHeader: (header) => {
        began = Date.parse(header.started);
        started = Math.min(started, began);
        servers.set(JSON.stringify(header.server), header.server);
        version = Math.max(version, header.ledger);
        if (header.worker !== named.worker || header.connection !== named.connection) {
          onProblem(misplaced);
        }
        listener.onHeader?.(header);
      },
      onTransaction: (transaction) => {
        if (transaction.intent.hazards !== undefined) hazards.add(transaction);
        listener.onTransaction?.(transaction);
      },
      onProblem,
    });
    await reader.readAll();
    const read = reader.transactions;
    if (!Number.isNaN(began)) ended = Math.max(ended, began + read.lastMs);
    for (const outcome of Object.keys(transactions) as Outcome[]) {
      transactions[outcome] += read.counts[outcome];
    }
    for (const table of tables.names) {
      for (const write of OPERATIONS) rows[table]![write] += read.rows[table]![write];
    }
  }
  if (workers > 0) await listener.onWorkerEnd?.();
  // From version 2 on, a run writes the file about its database first.
  const { facts, damaged } = readFacts(folder);
  if (damaged || (version > 1 && facts === null)) {
    onProblem({ file: factsFile(folder), line: 1, kind: damaged ? 'broken' : 'sequence' });
  }
  return {
    workers,
    connections: files.length,
    started: timeOf(started),
    ended: timeOf(ended),
    servers: [...servers.values()],
    transactions,
    rows,
    problems: { count, examples },
    ...(version >= HAZARDS_SINCE ? { hazards: hazards.totals } : {}),
  };
}

function timeOf(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
