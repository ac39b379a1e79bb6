import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { MOST_PENDING } from '../postgres/pending.js';
import type { Tables } from '../schema/tables.js';
import {
  type IntentRecord,
  type LeaseRecord,
  type LedgerHeader,
  type LedgerRecord,
  outcomeOf,
} from './format.js';
import { isHeader, isRecordOf } from './is-record.js';
import { type SealedLine, SealedLines } from './sealed-lines.js';
import { type LedgerTransaction, TransactionFold } from './transactions.js';

/** Bytes read at a time. Small, so that their strings are garbage before the collector moves them to old space. */
export const LEDGER_CHUNK_BYTES = 1 << 16;

/**
 * `malformed` and `broken`: see `SealedLine`. `sequence`: an intent or an outcome that cannot stand here, or a
 * missing file.
 */
type ProblemKind = NonNullable<SealedLine<never>['problem']> | 'sequence';

export interface LedgerProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly kind: ProblemKind;
}

export interface LedgerReaderListener {
  readonly onHeader?: (header: LedgerHeader) => void;
  readonly onLease?: (lease: LeaseRecord) => void;
  /** Called once for each transaction, when its outcome is final or the file is finished: not in the order of intents. */
  readonly onTransaction?: (transaction: LedgerTransaction) => void;
  readonly onProblem?: (problem: LedgerProblem) => void;
}

/** One buffer for all readers of a thread: a piece is processed before the next one is read. */
const buffer = Buffer.alloc(LEDGER_CHUNK_BYTES);

/**
 * Reads the file of one connection piece by piece, also while it is being written. Reads are synchronous: the file
 * is local, and its reader cannot go on without it.
 */
export class LedgerReader {
  readonly #path: string;
  readonly #onProblem: (problem: LedgerProblem) => void;
  readonly #fd: number;
  readonly #lines: SealedLines<LedgerRecord>;
  /** The transactions read so far, with their sums. */
  readonly transactions: TransactionFold;
  #closed = false;

  /** @param tables those of the ledger: `tablesOfLedger` */
  constructor(tables: Tables, path: string, listener: LedgerReaderListener) {
    const ignore = () => undefined;
    const { onHeader = ignore, onLease = ignore, onTransaction = ignore } = listener;
    const { onProblem = ignore } = listener;
    this.#path = path;
    this.#onProblem = onProblem;
    this.transactions = new TransactionFold(tables, {
      onHeader,
      onLease,
      onTransaction,
      onSequence: (line) => onProblem({ file: path, line, kind: 'sequence' }),
    });
    this.#lines = new SealedLines(path, isRecordOf(tables));
    this.#fd = openSync(path, 'r');
  }

  /** Intents without a final outcome so far. */
  get open(): readonly IntentRecord[] {
    return this.transactions.open;
  }

  /** Reads the next piece; false if nothing more is written yet. */
  read(): boolean {
    const bytes = readSync(this.#fd, buffer, 0, LEDGER_CHUNK_BYTES, null);
    if (bytes > 0) this.#take(this.#lines.push(buffer.subarray(0, bytes)));
    return bytes > 0;
  }

  /** Reports the transactions without a final outcome and closes the file: nothing more will be written. */
  finish(): void {
    this.#take(this.#lines.finish());
    this.transactions.finish();
    this.close();
  }

  /** Reads to the end and finishes. Lets other work of the thread run between two pieces: Ctrl+C must get through. */
  async readAll(): Promise<void> {
    try {
      while (this.read()) await setImmediate();
      this.finish();
    } finally {
      this.close();
    }
  }

  close(): void {
    if (!this.#closed) closeSync(this.#fd);
    this.#closed = true;
  }

  #take(lines: Iterable<SealedLine<LedgerRecord>>): void {
    for (const { number: line, record, problem } of lines) {
      if (problem !== null) this.#onProblem({ file: this.#path, line, kind: problem });
      if (record !== null) this.transactions.take(record, line);
    }
  }
}

/** The header of a worker's file; null if its first line is not written whole. */
export function readHeader(path: string): LedgerHeader | null {
  const lines = new SealedLines(path, isHeader);
  const bytes = Buffer.alloc(LEDGER_CHUNK_BYTES);
  const fd = openSync(path, 'r');
  try {
    const read = bytes.subarray(0, readSync(fd, bytes));
    for (const { record } of linesOf(lines, read)) return record;
    return null;
  } finally {
    closeSync(fd);
  }
}

/** All lines of a file, or of its end. */
export function* linesOf<R extends object>(
  lines: SealedLines<R>,
  bytes: Buffer,
): Generator<SealedLine<R>> {
  yield* lines.push(bytes);
  yield* lines.finish();
}

/** How a file of the ledger ends. */
export interface LedgerTail {
  /** The CRC of its last whole line. */
  readonly chain: number;
  /** Its last line was cut off. */
  readonly cutOff: boolean;
  /** The intents without an outcome. */
  readonly open: readonly number[];
  /** Null if the first line is not written whole. */
  readonly header: LedgerHeader | null;
}

/**
 * Reads the end of a file: twice as much each time, until it holds more intents than can be without an outcome.
 * A worker that reconnects must not wait for the whole file.
 */
export function readTail(tables: Tables, path: string): LedgerTail {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    for (let length = Math.min(size, LEDGER_CHUNK_BYTES); ; length = Math.min(size, 2 * length)) {
      const bytes = Buffer.alloc(length);
      readSync(fd, bytes, 0, length, size - length);
      const { intents, ...tail } = tailOf(tables, path, bytes, length === size);
      if (length === size || intents > MOST_PENDING) return { ...tail, header: readHeader(path) };
    }
  } finally {
    closeSync(fd);
  }
}

/** @param whole the bytes are the whole file; else their first line may be a part of one, and is skipped */
function tailOf(tables: Tables, path: string, bytes: Buffer, whole: boolean) {
  const lines = new SealedLines(path, isRecordOf(tables), whole ? 0 : null);
  const open = new Set<number>();
  let intents = 0;
  const take = (record: LedgerRecord | null) => {
    if (record === null) return;
    if ('intent' in record) {
      open.add(record.intent);
      intents++;
    } else open.delete(outcomeOf(record)?.number ?? 0);
  };
  const begin = whole ? 0 : bytes.indexOf('\n') + 1;
  for (const { record } of lines.push(bytes.subarray(begin))) take(record);
  const { cutOff } = lines;
  for (const { record } of lines.finish()) take(record);
  return { chain: lines.chain, cutOff, open: [...open], intents };
}
