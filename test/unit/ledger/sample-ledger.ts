import { type LedgerHeader, type LedgerRecord, ledgerVersion } from '../../../src/ledger/format.js';
import { isRecordOf } from '../../../src/ledger/is-record.js';
import { type LedgerProblem, linesOf } from '../../../src/ledger/reader.js';
import { SealedLines, seal } from '../../../src/ledger/sealed-lines.js';
import { schemaWith } from '../../../src/schemas/index.js';

export const SCHEMA = schemaWith([]);

export const HEADER: LedgerHeader = {
  ledger: ledgerVersion({ extensions: [] }),
  run: '20261123-201530-a1b2',
  worker: 1,
  connection: 1,
  rng: 42,
  started: '2026-11-23T20:15:30.000Z',
  server_offset_ms: 0.5,
  server: { system_identifier: '7301', timeline: 1, version: '18.4', database: 'hospital' },
  backend: { pid: 71, startedMicros: 1_790_000_000_000_000 },
};

/** An intent that inserts a few rows and changes two. */
export function intent(number: number, xid: string | null = String(700 + number)): LedgerRecord {
  return {
    intent: number,
    at: number,
    xid,
    lsn: '0/1A2B3C',
    rows: {
      consultas: { insert: `${1000 + 10 * number}+4`, update: '7,3' },
      exames: { delete: '12' },
    },
    digest: '0123456789abcdef',
  };
}

export function committed(number: number, xid: string | null = null): LedgerRecord {
  return { committed: number, at: number + 0.5, xid, lsn: null };
}

/** The trailer of a file with `count` committed transactions of `intent`. */
export function end(count: number, aborted = 0, doubt = 0): LedgerRecord {
  const rows =
    count === 0
      ? {}
      : { consultas: { insert: 5 * count, update: 2 * count }, exames: { delete: count } };
  return { end: { committed: count, aborted, doubt, rows } };
}

/** Records as the text of a file. */
export function textOf(records: readonly LedgerRecord[]): string {
  let chain = 0;
  let text = '';
  for (const record of records) {
    const sealed = seal(record, chain);
    text += sealed.line;
    chain = sealed.chain;
  }
  return text;
}

/** The records of a file with this text, and its problems. */
export function read(path: string, text: string) {
  const records: LedgerRecord[] = [];
  const problems: LedgerProblem[] = [];
  const lines = new SealedLines(path, isRecordOf(SCHEMA.tables));
  for (const { number, record, problem } of linesOf(lines, Buffer.from(text))) {
    if (record !== null) records.push(record);
    if (problem !== null) problems.push({ file: path, line: number, kind: problem });
  }
  return { records, problems };
}
