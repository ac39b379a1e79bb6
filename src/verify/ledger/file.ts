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
 * A file of the ledger, read piece by piece while it may still be written. Reads synchronously: the file is local, and
 * the event that needs it cannot be judged before.
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
        // Without the header, which is reported as a problem already, times cannot be known.
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

  /** Intents without an outcome, as far as the file was read. */
  get open(): readonly IntentRecord[] {
    return this.#fold.open;
  }

  /** Reads the next piece; false: nothing more is written. */
  read(): boolean {
    const bytes = readSync(this.#fd, buffer, 0, buffer.length, null);
    if (bytes > 0) this.#lines.push(buffer.subarray(0, bytes));
    return bytes > 0;
  }

  /** Closes the file: nothing more will be written. Reports the transactions without an outcome. */
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
