import { closeSync, openSync, readSync } from 'node:fs';
import type { IntentRecord, LeaseRecord, LedgerHeader } from '../../ledger/format.js';
import { LEDGER_CHUNK_BYTES, LedgerLines, type LedgerProblem } from '../../ledger/reader.js';
import { TransactionFold } from '../../ledger/transactions.js';
import { type Expected, expectedOf } from './expected.js';

export interface LedgerFileListener {
  readonly onHeader: (header: LedgerHeader) => void;
  readonly onLease: (lease: LeaseRecord) => void;
  readonly onTransaction: (transaction: Expected) => void;
  readonly onProblem: (problem: LedgerProblem) => void;
}

const buffer = Buffer.alloc(LEDGER_CHUNK_BYTES);

/**
 * A file of the ledger, read on piece by piece while it may still be written: what is held against it is
 * read beside it, so that neither has to be in memory. Read at once, without a promise: it is a local
 * file, and whoever reads it can't go on without.
 */
export class LedgerFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #lines: LedgerLines;
  readonly #fold: TransactionFold;
  #header: LedgerHeader | null = null;
  #closed = false;

  constructor(path: string, listener: LedgerFileListener) {
    this.#path = path;
    const onSequence = (line: number) => listener.onProblem({ file: path, line, kind: 'sequence' });
    this.#fold = new TransactionFold({
      onHeader: (header) => {
        this.#header = header;
        listener.onHeader(header);
      },
      onLease: listener.onLease,
      onTransaction: (transaction) => {
        // Without a header nothing can be said of what follows; that it is not there is told already.
        if (this.#header === null) return;
        listener.onTransaction(expectedOf(transaction, this.#header, this.#path));
      },
      onSequence,
    });
    this.#lines = new LedgerLines(
      path,
      (record, line) => this.#fold.take(record, line),
      listener.onProblem,
    );
    this.#fd = openSync(path, 'r');
  }

  /** Transactions that it says nothing final of, as far as it was read. */
  get open(): readonly IntentRecord[] {
    return this.#fold.open;
  }

  /** Reads the next piece; false where nothing more is written. */
  read(): boolean {
    const bytes = readSync(this.#fd, buffer, 0, buffer.length, null);
    if (bytes > 0) this.#lines.push(buffer.subarray(0, bytes));
    return bytes > 0;
  }

  /** Nothing more will be written: tells of the transactions that nothing final is known about. */
  finish(): void {
    this.#lines.finish();
    this.#fold.finish();
    this.close();
  }

  close(): void {
    if (!this.#closed) closeSync(this.#fd);
    this.#closed = true;
  }
}
