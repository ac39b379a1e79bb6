import { existsSync } from 'node:fs';
import { fileNumbers, ledgerFile, ledgerFiles } from '../../ledger/folder.js';
import { HAZARDS_SINCE, type IntentRecord, type LedgerHeader } from '../../ledger/format.js';
import { forEachBlock } from '../../ledger/keys.js';
import { type LedgerProblem, LedgerReader } from '../../ledger/reader.js';
import { lsnBytes } from '../../postgres/lsn.js';
import type { Key, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import { locksTable } from '../hazards/table-history.js';
import { type Expected, expectedOf, lowHalf } from './expected.js';

/** The files of one worker: a file a connection, one after the other. */
interface WorkerFiles {
  readonly worker: number;
  /** Number of the file that is read. */
  connection: number;
  current: LedgerReader;
  /** Earlier files with transactions whose outcome may still be recorded. */
  lingering: readonly LedgerReader[];
  /** The highest LSN that was read: later transactions of the worker are beyond it. */
  frontier: number;
  /** The run is over, and everything was read. */
  finished: boolean;
}

/** Why the ledger lacks a transaction. */
export type Absence =
  /** An intent without an outcome may be this transaction: its xid or outcome may be recorded later. */
  | 'waiting'
  /** The run did not send it. */
  | 'foreign';

/**
 * The ledger of a run, read only as far as the stream has come: memory holds the transactions in flight, not the run.
 */
export class LedgerFeed {
  readonly #tables: Tables;
  readonly #folder: string;
  readonly #onProblem: (problem: LedgerProblem) => void;
  readonly #onTransaction: (transaction: Expected) => void;
  readonly #workers = new Map<number, WorkerFiles>();
  readonly #leased = new Map<TableName, KeyRanges>();
  #header: LedgerHeader | null = null;
  #over = false;
  /** The LSNs of the first and the last committed transaction that were read. */
  #lowest = Number.POSITIVE_INFINITY;
  #highest = Number.NEGATIVE_INFINITY;
  /** The least frontier of the workers that may have more. */
  #reached = Number.NEGATIVE_INFINITY;

  /**
   * @param onTransaction called for each transaction that is read: within a connection, in the order of outcomes
   */
  constructor(
    tables: Tables,
    folder: string,
    onTransaction: (transaction: Expected) => void,
    onProblem: (problem: LedgerProblem) => void,
  ) {
    this.#tables = tables;
    this.#folder = folder;
    this.#onTransaction = onTransaction;
    this.#onProblem = onProblem;
  }

  /** Of the first file; null: there is none yet. */
  get header(): LedgerHeader | null {
    return this.#header;
  }

  /** The run is over: nothing is added to the ledger from now on. */
  end(): void {
    this.#over = true;
    this.#reached = Number.NEGATIVE_INFINITY;
  }

  /** Whether the run is over, and everything was read. */
  get finished(): boolean {
    return this.#over && [...this.#workers.values()].every(({ finished }) => finished);
  }

  /** Whether the run leased this id. Keys that are no ids follow from leased numbers, which they do not show. */
  isLeased(table: TableName, key: Key): boolean {
    return typeof key === 'number' && this.#leased.get(table)?.has(key) === true;
  }

  /**
   * Reads on until every transaction whose changes may be at `lsn` was read, or everything that is written.
   *
   * @param xid of a change at `lsn`: a prepared transaction has changes below those of others that were committed before
   * @param looking also look for new connections, and for late outcomes in earlier ones: lists a folder
   */
  readTo(lsn: number, looking = false, xid: number | null = null): void {
    const prepared = this.#mayPrepare ? xid : null;
    if (lsn < this.#reached && prepared === null) return;
    const look = looking || this.#over;
    if (look) this.#discover();
    let reached = Number.POSITIVE_INFINITY;
    for (const files of this.#workers.values()) {
      // Their outcomes do not depend on how far the worker's next connection is read.
      if (look) this.#readLingering(files);
      while (!files.finished && files.frontier <= lsn && this.#advance(files, look));
      if (prepared !== null) {
        while (!files.finished && awaits(files, prepared) && this.#advance(files, look));
      }
      if (!files.finished) reached = Math.min(reached, files.frontier);
    }
    // During a run, a new worker may have transactions anywhere.
    if (this.#over) this.#reached = reached;
  }

  /** Reads one more piece of each worker; false: everything that is written was read. */
  readOn(): boolean {
    this.#discover();
    let more = false;
    for (const files of this.#workers.values()) {
      if (!files.finished && this.#advance(files, true)) more = true;
    }
    return more;
  }

  /**
   * Why the ledger lacks a transaction with this xid although it was read up to `lsn`: the intent precedes COMMIT, the
   * xid may follow.
   */
  absence(xid: number, lsn: number): Absence {
    if (this.#over) return 'foreign';
    const mayBe = (intent: IntentRecord) => intent.xid === null || lowHalf(intent.xid) === xid;
    for (const files of this.#workers.values()) {
      const { current, lingering, frontier } = files;
      if (this.#mayPrepare && awaits(files, xid)) return 'waiting';
      if (frontier <= lsn && current.open.some(mayBe)) return 'waiting';
      if (lingering.some(({ open }) => open.some(mayBe))) return 'waiting';
    }
    return 'foreign';
  }

  /** Whether the run was committing when an event of this LSN was written, as far as the ledger was read. */
  isDuringRun(lsn: number): boolean {
    return this.#lowest <= lsn && lsn <= this.#highest;
  }

  /** Whether an intent without an outcome may have changed this table as a whole before `lsn`. */
  mayLock(table: TableName, lsn: number): boolean {
    if (this.#over) return false;
    const locks = ({ hazards, lsn: own }: IntentRecord) =>
      hazards !== undefined && (lsnBytes(own) ?? 0) <= lsn && locksTable(hazards, table);
    for (const { current, lingering } of this.#workers.values()) {
      if (current.open.some(locks) || lingering.some(({ open }) => open.some(locks))) return true;
    }
    return false;
  }

  close(): void {
    for (const { current, lingering } of this.#workers.values()) {
      current.close();
      for (const file of lingering) file.close();
    }
  }

  /** Whether the run may have prepared transactions. */
  get #mayPrepare(): boolean {
    return this.#header !== null && this.#header.ledger >= HAZARDS_SINCE;
  }

  /** Looks for new workers. */
  #discover(): void {
    if (this.#over && this.#workers.size > 0) return;
    for (const path of ledgerFiles(this.#folder)) {
      const { worker, connection } = fileNumbers(path);
      if (this.#workers.has(worker)) continue;
      if (connection !== 1) this.#onProblem({ file: path, line: 1, kind: 'sequence' });
      const files: WorkerFiles = {
        worker,
        connection,
        current: this.#open(worker, path),
        lingering: [],
        frontier: Number.NEGATIVE_INFINITY,
        finished: false,
      };
      this.#workers.set(worker, files);
    }
  }

  /** Reads a piece of a worker's ledger; false: nothing more is written. */
  #advance(files: WorkerFiles, look: boolean): boolean {
    if (files.current.read()) return true;
    if (!look) return false;
    const next = ledgerFile(this.#folder, files.worker, files.connection + 1);
    if (existsSync(next)) {
      // The rest, written before the next connection began.
      while (files.current.read());
      if (files.current.open.length > 0 && !this.#over) {
        files.lingering = [...files.lingering, files.current];
      } else files.current.finish();
      files.connection++;
      files.current = this.#open(files.worker, next);
      return true;
    }
    this.#readLingering(files);
    if (!this.#over) return false;
    files.current.finish();
    files.finished = true;
    return true;
  }

  /** Reads earlier files on, and closes those without open transactions. */
  #readLingering(files: WorkerFiles): void {
    files.lingering = files.lingering.filter((file) => {
      while (file.read());
      if (file.open.length > 0 && !this.#over) return true;
      file.finish();
      return false;
    });
  }

  #open(worker: number, path: string): LedgerReader {
    let header: LedgerHeader | null = null;
    return new LedgerReader(this.#tables, path, {
      onHeader: (found) => {
        header = found;
        this.#header ??= found;
      },
      onLease: ({ leased, keys }) => {
        const ranges = this.#leased.get(leased) ?? new KeyRanges();
        this.#leased.set(leased, ranges);
        ranges.add(keys);
      },
      onTransaction: (transaction) => {
        // The missing header is a problem that was reported already.
        if (header === null) return;
        const expected = expectedOf(transaction, header, path);
        const files = this.#workers.get(worker);
        // A crash can lose the WAL of a transaction that was rolled back, and give its LSNs to later ones.
        if (files !== undefined && expected.lsn !== null && expected.fate === 'committed') {
          files.frontier = Math.max(files.frontier, expected.lsn);
          this.#lowest = Math.min(this.#lowest, expected.lsn);
          this.#highest = Math.max(this.#highest, expected.lsn);
        }
        this.#onTransaction(expected);
      },
      onProblem: this.#onProblem,
    });
  }
}

/** Whether a prepared transaction of this xid waits for its outcome in the file that is read. */
function awaits({ current }: WorkerFiles, xid: number): boolean {
  return current.open.some(({ hazards, xid: own }) => {
    return hazards?.gid !== undefined && lowHalf(own) === xid;
  });
}

/** A set of ids, kept as ranges: small if the ids are contiguous. */
export class KeyRanges {
  /** First and last ids of ranges that do not touch, ascending. */
  readonly #firsts: number[] = [];
  readonly #lasts: number[] = [];

  /** Adds a list of keys as the ledger writes it. */
  add(keys: string): void {
    forEachBlock(keys, (first, last) => this.#add(first, last));
  }

  has(key: number): boolean {
    const at = this.#after(key) - 1;
    return at >= 0 && key <= this.#lasts[at]!;
  }

  #add(first: number, last: number): void {
    let from = this.#after(first);
    // The range before, if it touches this one.
    if (from > 0 && this.#lasts[from - 1]! >= first - 1) from--;
    let to = from;
    while (to < this.#firsts.length && this.#firsts[to]! <= last + 1) to++;
    const begin = to > from ? Math.min(first, this.#firsts[from]!) : first;
    const end = to > from ? Math.max(last, this.#lasts[to - 1]!) : last;
    this.#firsts.splice(from, to - from, begin);
    this.#lasts.splice(from, to - from, end);
  }

  /** The first range that begins after `key`. */
  #after(key: number): number {
    let low = 0;
    let high = this.#firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firsts[middle]! <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
