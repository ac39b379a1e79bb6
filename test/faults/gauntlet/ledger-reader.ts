import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeenTransaction } from './oracle.js';

/** The contents of a ledger, read by the format's description alone: no code of the program is part of it. */
export interface LedgerContents {
  readonly committed: readonly RecordedTransaction[];
  /** Those that were rolled back, on purpose or not. */
  readonly aborted: readonly RecordedTransaction[];
  /** The changes of each transaction whose fate the server could not say, and its line with the verdict. */
  readonly unknown: readonly string[];
  /** Transactions without an outcome. */
  readonly open: number;
  /** Transactions whose connection was lost while COMMIT was under way. */
  readonly doubted: number;
}

export interface RecordedTransaction extends SeenTransaction {
  readonly lsn: string | null;
  /** The record of its hazards. */
  readonly hazards: Hazards;
}

interface Hazards {
  readonly names: readonly string[];
  readonly undone?: RowKeys;
  readonly gid?: string;
  readonly rollback?: true;
  readonly truncated?: readonly string[];
  readonly ddl?: readonly {
    readonly table: string;
    readonly columns?: Readonly<Record<string, string | null>>;
  }[];
  readonly messages?: readonly { readonly content: string; readonly transactional: boolean }[];
}

type RowKeys = Record<string, Record<string, string | readonly string[]>>;

const NO_HAZARDS: Hazards = { names: [] };

interface Line {
  readonly worker?: number;
  readonly connection?: number;
  readonly backend?: { readonly pid: number };
  readonly intent?: number;
  readonly rows?: RowKeys;
  readonly hazards?: Hazards;
  readonly committed?: number;
  readonly dropped?: unknown;
  readonly aborted?: number;
  readonly doubt?: number;
  readonly resolved?: number;
  readonly verdict?: string;
  readonly xid?: string | null;
  readonly lsn?: string | null;
}

/** Counts of one connection's file. */
export interface ConnectionLedger {
  readonly worker: number;
  readonly connection: number;
  /** The process id of its backend. */
  readonly backend: number;
  /** Transactions without an outcome. */
  readonly open: number;
  /** Transactions whose COMMIT was answered. */
  readonly committed: number;
  /** Transactions whose COMMIT got no answer, and whose fate was found later. */
  readonly settled: number;
}

/** The connections of a run, of each worker in their order; also of a run under way. */
export function readConnections(folder: string): ConnectionLedger[] {
  return connectionFiles(folder).flatMap((name) => readConnection(folder, name) ?? []);
}

/** The latest connection of each worker. */
export function readLatestConnections(folder: string): ConnectionLedger[] {
  const latest = new Map(connectionFiles(folder).map((name) => [name.split('-')[1], name]));
  return [...latest.values()].flatMap((name) => readConnection(folder, name) ?? []);
}

/** Files of connections, those of a worker in their order. */
export function connectionFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('worker-'))
    .sort();
}

/** Null: its first line is not written yet. */
function readConnection(folder: string, name: string): ConnectionLedger | null {
  const [head = '', ...rest] = readFileSync(join(folder, name), 'utf8').split('\n');
  const { worker, connection, backend } = parse(head);
  if (worker === undefined || connection === undefined || backend === undefined) return null;
  const lines = rest.map(parse);
  const numbers = (of: (line: Line) => number | undefined) =>
    new Set(lines.flatMap((line) => of(line) ?? []));
  const ended = numbers((line) => line.committed ?? line.aborted ?? line.resolved);
  return {
    ...{ worker, connection, backend: backend.pid },
    open: numbers(({ intent }) => intent).size - ended.size,
    committed: numbers(({ committed }) => committed).size,
    settled: numbers(({ resolved }) => resolved).size,
  };
}

export function readLedger(folder: string): LedgerContents {
  const committed: RecordedTransaction[] = [];
  const aborted: RecordedTransaction[] = [];
  const unknown: string[] = [];
  let open = 0;
  let doubted = 0;
  for (const name of readdirSync(folder).sort()) {
    const pending = new Map<number, Line>();
    const verdicts = new Map<number, string>();
    const decide = (number: number, verdict: string, line: Line) => {
      const intent = pending.get(number);
      // A second outcome of a transaction must be the same.
      if (intent === undefined) {
        if (verdicts.get(number) !== verdict) throw new Error(`${name}: two verdicts on ${number}`);
        return;
      }
      verdicts.set(number, verdict);
      pending.delete(number);
      const transaction = recorded(intent, line);
      if (verdict === 'unknown') {
        unknown.push(`${transaction.changes.join(', ')}: ${JSON.stringify(line)}`);
      } else (verdict === 'committed' ? committed : aborted).push(transaction);
    };
    for (const text of readFileSync(join(folder, name), 'utf8').split('\n')) {
      const line = parse(text);
      if (line.intent !== undefined) pending.set(line.intent, line);
      else if (line.committed !== undefined) decide(line.committed, 'committed', line);
      else if (line.aborted !== undefined) decide(line.aborted, 'aborted', line);
      else if (line.doubt !== undefined) doubted++;
      else if (line.resolved !== undefined) decide(line.resolved, line.verdict ?? '', line);
    }
    open += pending.size;
  }
  return { committed, aborted, unknown, open, doubted };
}

/** The outcome's xid and LSN count, and where it has none, those of the intent. */
function recorded(intent: Line, outcome: Line): RecordedTransaction {
  const xid = outcome.xid ?? intent.xid ?? null;
  const { rows = {}, hazards = NO_HAZARDS } = intent;
  const { truncated = [], messages = [] } = hazards;
  return {
    xid: xid === null ? null : Number(BigInt(xid) & 0xffff_ffffn),
    lsn: outcome.lsn ?? intent.lsn ?? null,
    changes: changesOf(rows),
    truncated: [...truncated].sort(),
    messages: messages.flatMap(({ content, transactional }) => (transactional ? [content] : [])),
    hazards,
  };
}

/** The last line of a process that was killed may be cut off. */
function parse(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}

export function changesOf(rows: RowKeys): string[] {
  return Object.entries(rows)
    .flatMap(([table, operations]) =>
      Object.entries(operations).flatMap(([operation, keys]) =>
        keysOf(keys).map((key) => `${table} ${operation} ${key}`),
      ),
    )
    .sort();
}

function keysOf(keys: string | readonly string[]): (string | number)[] {
  if (typeof keys !== 'string') return [...keys];
  const list: number[] = [];
  let key = 0;
  for (const part of keys.split(',')) {
    const [step = '0', more = '0'] = part.split('+');
    key += Number(step);
    list.push(key);
    for (let i = 0; i < Number(more); i++) list.push(++key);
  }
  return list;
}
