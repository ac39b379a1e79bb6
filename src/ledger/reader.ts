import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { EXIT, OperatorError } from '../errors.js';
import { isCutOff, LEDGER_VERSIONS, type LedgerRecord, readSeal } from './format.js';
import { isRecord } from './shape.js';

/** Bytes that are read at a time: so few that their text is young when it is garbage, and soon gone. */
export const LEDGER_CHUNK_BYTES = 1 << 16;

/**
 * What is wrong with a line. `malformed`: it is no record. `broken`: it, or one before it, is not what
 * was written: changed, lost, or out of its place. `sequence`: an intent or an outcome that cannot come here.
 */
export type ProblemKind = 'malformed' | 'broken' | 'sequence';

export interface LedgerProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly kind: ProblemKind;
}

/**
 * Makes records of the text of a ledger's file as it comes, and holds every line against its seal. A last
 * line that was cut off was not written, and is passed over, also when lines were added behind it. Throws
 * an OperatorError on a file of another version.
 */
export class LedgerLines {
  readonly #path: string;
  readonly #onRecord: (record: LedgerRecord, line: number) => void;
  readonly #onProblem: (problem: LedgerProblem) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';
  #chain = 0;
  #number = 0;

  constructor(
    path: string,
    onRecord: (record: LedgerRecord, line: number) => void,
    onProblem: (problem: LedgerProblem) => void,
  ) {
    this.#path = path;
    this.#onRecord = onRecord;
    this.#onProblem = onProblem;
  }

  /** The next bytes of the file. */
  push(bytes: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line);
  }

  /** No more will come: all but the line feed of a last line may have been written. */
  finish(): void {
    if (this.#rest !== '') this.#take(this.#rest);
    this.#rest = '';
  }

  #take(line: string): void {
    this.#number++;
    const place = { file: this.#path, line: this.#number };
    const { said, is } = readSeal(line, this.#chain);
    // A line that was cut off, by a full disk or the end of the process: the next one follows the last whole one.
    if (said === null) {
      if (!isCutOff(line)) this.#onProblem({ ...place, kind: 'malformed' });
      return;
    }
    this.#chain = said;
    const record = parse(line);
    if (record === null) {
      this.#onProblem({ ...place, kind: 'malformed' });
      return;
    }
    if ('ledger' in record && !LEDGER_VERSIONS.includes(record.ledger)) {
      const version = Number(record.ledger);
      throw new OperatorError(EXIT.usage, (m) =>
        m.ledger.otherVersion({ path: place.file, version }),
      );
    }
    if (said !== is) this.#onProblem({ ...place, kind: 'broken' });
    this.#onRecord(record, this.#number);
  }
}

/** Reads a file of the ledger from its beginning to its end. */
export async function readLedgerFile(
  path: string,
  onRecord: (record: LedgerRecord, line: number) => void,
  onProblem: (problem: LedgerProblem) => void,
): Promise<void> {
  const lines = new LedgerLines(path, onRecord, onProblem);
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(LEDGER_CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, LEDGER_CHUNK_BYTES);
      if (bytesRead === 0) break;
      lines.push(buffer.subarray(0, bytesRead));
    }
    lines.finish();
  } finally {
    await file.close();
  }
}

function parse(line: string): LedgerRecord | null {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
