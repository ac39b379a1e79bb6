import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { ledgerFiles, ledgerFolder } from '../../../src/ledger/folder.js';
import type { CommittedRecord, IntentRecord, LedgerRecord } from '../../../src/ledger/format.js';
import { seal } from '../../../src/ledger/sealed-lines.js';
import { TransactionFold } from '../../../src/ledger/transactions.js';
import { SCHEMA } from '../../unit/ledger/sample-ledger.js';

/** A line of a ledger: its record, and its seal as it was written. */
export interface Line {
  record: LedgerRecord;
  readonly crc: string;
}

/** A ledger in memory, file by file. */
export interface Ledger {
  readonly path: string;
  readonly lines: Line[];
}

/** A committed transaction: its file, and its two lines there. */
export interface Committed {
  readonly file: Ledger;
  readonly intent: Line & { record: IntentRecord };
  readonly outcome: Line & { record: CommittedRecord };
}

export function loadLedger(runFolder: string): Ledger[] {
  return ledgerFiles(ledgerFolder(runFolder)).map((path) => ({
    path,
    lines: readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { crc, ...record } = JSON.parse(line);
        return { record, crc };
      }),
  }));
}

/** Writes it with the seals as they were read: as somebody who does not know of seals would change a ledger. */
export function saveWithOldSeals(files: readonly Ledger[]): void {
  for (const { path, lines } of files) {
    const texts = lines.map(({ record, crc }) => JSON.stringify({ ...record, crc }));
    writeFileSync(path, texts.map((text) => `${text}\n`).join(''));
  }
}

/** Writes it with new numbers, sums and seals that agree: as somebody who knows the format would change a ledger. */
export function saveResealed(files: readonly Ledger[]): void {
  const ignore = () => undefined;
  for (const { path, lines } of files) {
    const fold = new TransactionFold(SCHEMA.tables, {
      onHeader: ignore,
      onLease: ignore,
      onTransaction: ignore,
      onSequence: (line) => assert.fail(`${path}:${line}`),
    });
    const numbers = new Map<number, number>();
    let chain = 0;
    let text = '';
    for (const [i, { record }] of lines.entries()) {
      const next = renumber(record, numbers, fold);
      fold.take(next, i + 1);
      const sealed = seal(next, chain);
      chain = sealed.chain;
      text += sealed.line;
    }
    writeFileSync(path, text);
  }
}

function renumber(
  record: LedgerRecord,
  numbers: Map<number, number>,
  fold: TransactionFold,
): LedgerRecord {
  const numberOf = (old: number) => numbers.get(old) ?? assert.fail(`no intent ${old}`);
  if ('intent' in record) {
    numbers.set(record.intent, numbers.size + 1);
    return { ...record, intent: numbers.size };
  }
  if ('committed' in record) return { ...record, committed: numberOf(record.committed) };
  if ('aborted' in record) return { aborted: numberOf(record.aborted) };
  if ('end' in record) {
    const { committed, aborted } = fold.counts;
    return { end: { committed, aborted, doubt: 0, rows: structuredClone(fold.rows) } };
  }
  return record;
}

/** All committed transactions of a ledger. */
export function committedOf(files: readonly Ledger[]): Committed[] {
  return files.flatMap((file) => {
    const intents = new Map<number, Committed['intent']>();
    return file.lines.flatMap((line): Committed[] => {
      const { record } = line;
      if ('intent' in record) intents.set(record.intent, line as Committed['intent']);
      if (!('committed' in record)) return [];
      const intent = intents.get(record.committed);
      return intent === undefined ? [] : [{ file, intent, outcome: line as Committed['outcome'] }];
    });
  });
}
