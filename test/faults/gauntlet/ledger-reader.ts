import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeenTransaction } from './oracle.js';

/** The contents of a ledger, read by the format's description alone: no code of the program is part of it. */
export interface LedgerContents {
  readonly committed: readonly (SeenTransaction & { readonly lsn: string | null })[];
  /** The changes of each transaction whose fate the server could not say, and its line with the verdict. */
  readonly unknown: readonly string[];
  /** Transactions without an outcome. */
  readonly open: number;
  /** Transactions whose connection was lost while COMMIT was under way. */
  readonly doubted: number;
}

interface Line {
  readonly intent?: number;
  readonly rows?: Record<string, Record<string, string | readonly string[]>>;
  readonly committed?: number;
  readonly dropped?: unknown;
  readonly aborted?: number;
  readonly doubt?: number;
  readonly resolved?: number;
  readonly verdict?: string;
  readonly xid?: string | null;
  readonly lsn?: string | null;
}

export function readLedger(folder: string): LedgerContents {
  const committed: (SeenTransaction & { lsn: string | null })[] = [];
  const unknown: string[] = [];
  let open = 0;
  let doubted = 0;
  for (const name of readdirSync(folder).sort()) {
    const pending = new Map<number, string[]>();
    const verdicts = new Map<number, string>();
    const decide = (number: number, verdict: string, line: Line) => {
      const { xid, lsn } = line;
      const changes = pending.get(number);
      // A second outcome of a transaction must be the same.
      if (changes === undefined) {
        if (verdicts.get(number) !== verdict) throw new Error(`${name}: two verdicts on ${number}`);
        return;
      }
      verdicts.set(number, verdict);
      pending.delete(number);
      if (verdict === 'unknown') unknown.push(`${changes.join(', ')}: ${JSON.stringify(line)}`);
      if (verdict !== 'committed') return;
      const bits = xid === null || xid === undefined ? null : Number(BigInt(xid) & 0xffff_ffffn);
      committed.push({ xid: bits, changes, lsn: lsn ?? null });
    };
    for (const text of readFileSync(join(folder, name), 'utf8').split('\n')) {
      const line = parse(text);
      if (line.intent !== undefined) pending.set(line.intent, changesOf(line.rows ?? {}));
      else if (line.committed !== undefined) decide(line.committed, 'committed', line);
      else if (line.aborted !== undefined) decide(line.aborted, 'aborted', line);
      else if (line.doubt !== undefined) doubted++;
      else if (line.resolved !== undefined) decide(line.resolved, line.verdict ?? '', line);
    }
    open += pending.size;
  }
  return { committed, unknown, open, doubted };
}

/** The last line of a process that was killed may be cut off. */
function parse(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}

function changesOf(rows: Record<string, Record<string, string | readonly string[]>>): string[] {
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
