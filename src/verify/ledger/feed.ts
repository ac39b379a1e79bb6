import { existsSync } from 'node:fs';
import { fileNumbers, ledgerFile, ledgerFiles } from '../../ledger/folder.js';
import type { IntentRecord, LedgerHeader } from '../../ledger/format.js';
import { type LedgerProblem, LedgerReader } from '../../ledger/reader.js';
import type { TableName } from '../../schemas/hospital/tables.js';
import { KeyRanges } from '../rows/key-ranges.js';
import { type Expected, expectedOf, lowHalf } from './expected.js';

/** The connections of one worker, one after the other. */
interface WorkerFiles {
  readonly worker: number;
  /** Of the file that is read. */
  connection: number;
  current: LedgerReader;
  /** Earlier files that have transactions without an outcome: it may be entered yet. */
  lingering: readonly LedgerReader[];
  /** How far the WAL was at the last transaction that was read: those to come are beyond. */
  frontier: number;
  /** Read to the end, of a run that is over. */
  finished: boolean;
}

/** Why a transaction is not there. */
export type Absence =
  /** The ledger has it, and nothing says yet what it is called, or what became of it. */
  | 'waiting'
  /** It is none of the run's. */
  | 'foreign';

/**
 * The ledger of a run, read beside the stream that is held against it: as far as the stream has come, and no
 * farther. Those transactions are in memory that were read and did not come yet.
 */
export class LedgerFeed {
  readonly #folder: string;
  readonly #onProblem: (problem: LedgerProblem) => void;
  readonly #onTransaction: (transaction: Expected) => void;
  readonly #workers = new Map<number, WorkerFiles>();
  readonly #leased = new Map<TableName, KeyRanges>();
  #header: LedgerHeader | null = null;
  #over = false;
  /** The least frontier of the workers that may have more. */
  #reached = Number.NEGATIVE_INFINITY;

  /**
   * @param onTransaction told of each transaction as it is read, in the order of outcomes of a connection
   */
  constructor(
    folder: string,
    onTransaction: (transaction: Expected) => void,
    onProblem: (problem: LedgerProblem) => void,
  ) {
    this.#folder = folder;
    this.#onTransaction = onTransaction;
    this.#onProblem = onProblem;
  }

  /** Of the first file; null before one is there. */
  get header(): LedgerHeader | null {
    return this.#header;
  }

  /** The run is over: what the ledger does not have will not come. */
  end(): void {
    this.#over = true;
    this.#reached = Number.NEGATIVE_INFINITY;
  }

  /** Everything was read, of a run that is over. */
  get finished(): boolean {
    return this.#over && [...this.#workers.values()].every(({ finished }) => finished);
  }

  /** Whether the run took this id for itself. */
  isLeased(table: TableName, key: number | string): boolean {
    return typeof key === 'number' && this.#leased.get(table)?.has(key) === true;
  }

  /**
   * Reads on until every transaction whose changes may be at `lsn` was read, or all that is written.
   *
   * @param looking looks for connections that are new, too: of a run that is under way, which costs a little
   */
  readTo(lsn: number, looking = false): void {
    if (lsn < this.#reached) return;
    const look = looking || this.#over;
    if (look) this.#discover();
    let reached = Number.POSITIVE_INFINITY;
    for (const files of this.#workers.values()) {
      // However far the connection after them is read.
      if (look) this.#readLingering(files);
      while (!files.finished && files.frontier <= lsn && this.#advance(files, look));
      if (!files.finished) reached = Math.min(reached, files.frontier);
    }
    // A worker that is yet to begin may have anything.
    if (this.#over) this.#reached = reached;
  }

  /** Reads one piece on, wherever there is one; false at the end of all that is written. */
  readOn(): boolean {
    this.#discover();
    let more = false;
    for (const files of this.#workers.values()) {
      if (!files.finished && this.#advance(files, true)) more = true;
    }
    return more;
  }

  /**
   * Why a transaction with this id and changes at `lsn` is not there, once all was read up to there: an
   * intent is in the ledger before its COMMIT is sent, what it is called may be entered later.
   */
  absence(xid: number, lsn: number): Absence {
    if (this.#over) return 'foreign';
    const mayBe = ({ xid: name }: IntentRecord) => name === null || lowHalf(name) === xid;
    for (const { current, lingering, frontier } of this.#workers.values()) {
      if (frontier <= lsn && current.open.some(mayBe)) return 'waiting';
      if (lingering.some(({ open }) => open.some(mayBe))) return 'waiting';
    }
    return 'foreign';
  }

  close(): void {
    for (const { current, lingering } of this.#workers.values()) {
      current.close();
      for (const file of lingering) file.close();
    }
  }

  /** Finds workers that are new. */
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

  /** Reads a piece of a worker's ledger; false where nothing more is written. */
  #advance(files: WorkerFiles, look: boolean): boolean {
    if (files.current.read()) return true;
    if (!look) return false;
    const next = ledgerFile(this.#folder, files.worker, files.connection + 1);
    if (existsSync(next)) {
      // What was entered before the next connection began.
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

  /** Reads what was entered into earlier files since; those that nothing more is expected of are closed. */
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
    return new LedgerReader(path, {
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
        if (files !== undefined && expected.lsn !== null) {
          files.frontier = Math.max(files.frontier, expected.lsn);
        }
        this.#onTransaction(expected);
      },
      onProblem: this.#onProblem,
    });
  }
}
