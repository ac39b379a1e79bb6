import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { MOST_PENDING } from '../postgres/pending.js';
import { type LedgerHeader, type LedgerRecord, outcomeOf, readSeal } from './format.js';

/** Bytes that are looked at first; enough for the last transactions of most runs. */
const FIRST_BYTES = 1 << 16;

/** How a file of the ledger ends. */
export interface LedgerTail {
  /** The CRC of its last whole line. */
  readonly chain: number;
  /** Its last line was cut off. */
  readonly cutOff: boolean;
  /** The intents without an outcome. */
  readonly open: readonly number[];
  /** Its first line, where it is whole. */
  readonly header: LedgerHeader | null;
}

/** Reads as much of the end of a file as holds the transactions that can be without an outcome. */
export function readTail(path: string): LedgerTail {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    for (let length = Math.min(size, FIRST_BYTES); ; length = Math.min(size, 2 * length)) {
      const bytes = Buffer.alloc(length);
      readSync(fd, bytes, 0, length, size - length);
      const text = bytes.toString('utf8');
      // The first line of a part is cut off, unless the part is the whole.
      const begin = length === size ? 0 : text.indexOf('\n') + 1;
      const tail = tailOf(text.slice(begin));
      if (length < size && tail.intents <= MOST_PENDING) continue;
      return { ...tail, header: tail.header ?? headerOf(fd) };
    }
  } finally {
    closeSync(fd);
  }
}

/** The first line of a file, if it is a header. */
function headerOf(fd: number): LedgerHeader | null {
  const bytes = Buffer.alloc(FIRST_BYTES);
  const [line = ''] = bytes.toString('utf8', 0, readSync(fd, bytes, 0, FIRST_BYTES, 0)).split('\n');
  return readSeal(line, 0).said === null ? null : (JSON.parse(line) as LedgerHeader);
}

function tailOf(text: string): LedgerTail & { intents: number } {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  const cutOff = rest !== '';
  // Of a whole line, the line feed alone may have been cut off.
  if (readSeal(rest, 0).said !== null) lines.push(rest);
  const open = new Set<number>();
  let chain = 0;
  let intents = 0;
  let header: LedgerHeader | null = null;
  for (const line of lines) {
    const { said } = readSeal(line, 0);
    if (said === null) continue;
    chain = said;
    const record = JSON.parse(line) as LedgerRecord;
    if ('ledger' in record) header = record;
    else if ('intent' in record) {
      open.add(record.intent);
      intents++;
    } else open.delete(outcomeOf(record)?.number ?? 0);
  }
  return { chain, cutOff, open: [...open], header, intents };
}
