import type { ServerIdentity } from '../postgres/identity.js';
import { noRows, OPERATIONS, type RowCounts } from '../schemas/hospital/changes.js';
import { TABLE_NAMES } from '../schemas/hospital/tables.js';
import { factsFile, readFacts } from './facts-file.js';
import { filePlace, ledgerFiles } from './folder.js';
import type { LeaseRecord, LedgerHeader } from './format.js';
import { type LedgerProblem, readLedgerFile } from './reader.js';
import { type LedgerTransaction, type Outcome, TransactionFold } from './transactions.js';

/** Problems that are told one by one; of more, only the number is. */
const PROBLEMS_LISTED = 10;

/** What the ledger of a run comes to. */
export interface LedgerTotals {
  readonly workers: number;
  readonly connections: number;
  /** ISO 8601, by the generator's clock: the first connection, and the last entry. Null: nothing is there. */
  readonly started: string | null;
  readonly ended: string | null;
  /** Every server that was connected to. */
  readonly servers: readonly ServerIdentity[];
  readonly transactions: Readonly<Record<Outcome, number>>;
  /** Committed ones. */
  readonly rows: Readonly<RowCounts>;
  readonly problems: { readonly count: number; readonly examples: readonly LedgerProblem[] };
}

/** Told of what a ledger holds, file by file. */
export interface LedgerListener {
  readonly onFile?: (path: string) => void;
  readonly onHeader?: (header: LedgerHeader) => void;
  readonly onLease?: (lease: LeaseRecord) => void;
  readonly onTransaction?: (transaction: LedgerTransaction) => void;
  /** All files of a worker were read; the next one waits for this. */
  readonly onWorkerEnd?: () => Promise<void>;
}

/** Reads the ledger of a run from its beginning to its end, once. */
export async function readLedger(
  folder: string,
  listener: LedgerListener = {},
): Promise<LedgerTotals> {
  const transactions: Record<Outcome, number> = { committed: 0, aborted: 0, unknown: 0, open: 0 };
  const rows = noRows();
  const examples: LedgerProblem[] = [];
  const servers = new Map<string, ServerIdentity>();
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
    const place = filePlace(path);
    if (place.worker !== last.worker) {
      if (last.worker > 0) await listener.onWorkerEnd?.();
      workers++;
      last = { worker: place.worker, connection: 0 };
    }
    const onSequence = (line: number) => onProblem({ file: path, line, kind: 'sequence' });
    // A connection whose file is gone.
    if (place.connection !== last.connection + 1) onSequence(1);
    last = place;
    listener.onFile?.(path);
    let began = Number.NaN;
    const fold = new TransactionFold({
      onHeader: (header) => {
        began = Date.parse(header.started);
        started = Math.min(started, began);
        servers.set(JSON.stringify(header.server), header.server);
        version = Math.max(version, header.ledger);
        if (header.worker !== place.worker || header.connection !== place.connection) onSequence(1);
        listener.onHeader?.(header);
      },
      onLease: (lease) => listener.onLease?.(lease),
      onTransaction: (transaction) => listener.onTransaction?.(transaction),
      onSequence,
    });
    await readLedgerFile(path, (record, line) => fold.take(record, line), onProblem);
    fold.finish();
    if (!Number.isNaN(began)) ended = Math.max(ended, began + fold.lastMs);
    for (const outcome of Object.keys(transactions) as Outcome[]) {
      transactions[outcome] += fold.counts[outcome];
    }
    for (const table of TABLE_NAMES) {
      for (const write of OPERATIONS) rows[table][write] += fold.rows[table][write];
    }
  }
  if (workers > 0) await listener.onWorkerEnd?.();
  // From version 2 on, a run writes down what it found in its database before anything else.
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
  };
}

function timeOf(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
