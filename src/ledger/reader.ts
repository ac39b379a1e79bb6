import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { EXIT, OperatorError } from '../errors.js';
import { isCutOff, LEDGER_VERSION, type LedgerRecord, readSeal } from './format.js';
import { isRecord } from './shape.js';

/** Bytes that are read at a time: so few that their text is young when it is garbage, and soon gone. */
const CHUNK_BYTES = 1 << 16;

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
 * Reads a file of the ledger line by line, and holds every line against its seal. A last line that was cut
 * off was not written, and is passed over, also when lines were added behind it. Throws an OperatorError
 * on a file of another version.
 */
export async function readLedgerFile(
  path: string,
  onRecord: (record: LedgerRecord, line: number) => void,
  onProblem: (problem: LedgerProblem) => void,
): Promise<void> {
  const file = await open(path, 'r');
  try {
    let chain = 0;
    let number = 0;
    const take = (line: string) => {
      number++;
      const { said, is } = readSeal(line, chain);
      // A line that was cut off, by a full disk or the end of the process: the next one follows the last whole one.
      if (said === null) {
        if (!isCutOff(line)) onProblem({ file: path, line: number, kind: 'malformed' });
        return;
      }
      chain = said;
      const record = parse(line);
      if (record === null) return onProblem({ file: path, line: number, kind: 'malformed' });
      if ('ledger' in record && record.ledger !== LEDGER_VERSION) {
        const version = Number(record.ledger);
        throw new OperatorError(EXIT.usage, (m) => m.ledger.otherVersion({ path, version }));
      }
      if (said !== is) onProblem({ file: path, line: number, kind: 'broken' });
      onRecord(record, number);
    };
    const buffer = Buffer.alloc(CHUNK_BYTES);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead === 0) break;
      const lines = (rest + decoder.write(buffer.subarray(0, bytesRead))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
    }
    // All but the line feed may have been written.
    if (rest !== '') take(rest);
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
