import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A transaction as the ledger records it. */
export interface RecordedTransaction {
  readonly worker: number;
  /** Its ordinal among those of its worker: rises, with gaps. */
  readonly place: number;
  readonly fate: 'committed' | 'aborted' | 'unknown' | 'open';
  /** 32 bits; null: not recorded. */
  readonly xid: number | null;
  readonly lsn: number | null;
  /** When COMMIT was sent, and when its answer arrived (Infinity: no answer): milliseconds. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** `table operation key` of each row that was written. */
  readonly rows: ReadonlySet<string>;
  /** A trigger dropped rows: the digest cannot be compared with the events. */
  readonly droppedAny: boolean;
  /** Rows were written in savepoints: the table has other xids for them. */
  readonly savepoints: boolean;
}

/** A ledger, read by the description of its format: independent of the verifier's code. */
export interface LedgerFacts {
  readonly transactions: readonly RecordedTransaction[];
  /** By table, leased ids that no transaction inserts. */
  readonly unused: ReadonlyMap<string, readonly number[]>;
  /** By table, leased ids: for each, an LSN that was recorded before. */
  readonly leased: Leases;
}

type Leases = ReadonlyMap<string, ReadonlyMap<number, number>>;

interface Line {
  readonly worker?: number;
  readonly connection?: number;
  readonly clock_ms?: number;
  readonly leased?: string;
  readonly keys?: string;
  readonly intent?: number;
  readonly at?: number;
  readonly rows?: Keys;
  readonly dropped?: Keys;
  readonly committed?: number;
  readonly aborted?: number;
  readonly resolved?: number;
  readonly verdict?: string;
  readonly xid?: string | null;
  readonly lsn?: string | null;
  readonly subtransactions?: true;
}
type Keys = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** More intents than a connection of these runs has. */
const CONNECTION = 1_000_000;

export function readFacts(folder: string): LedgerFacts {
  const transactions: RecordedTransaction[] = [];
  const leased = new Map<string, Map<number, number>>();
  for (const name of readdirSync(folder).sort()) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').map(parse);
    const worker = lines[0]?.worker ?? 0;
    const before = transactions.filter((transaction) => transaction.worker === worker);
    const own = transactionsOf(lines);
    transactions.push(...own);
    let lsn = Math.max(0, ...before.map((transaction) => transaction.lsn ?? 0));
    for (const line of lines) {
      if (line.intent !== undefined) lsn = Math.max(lsn, own[line.intent - 1]?.lsn ?? 0);
      if (line.leased === undefined) continue;
      const ids = leased.get(line.leased) ?? new Map<number, number>();
      leased.set(line.leased, ids);
      for (const key of keysOf(line.keys ?? '')) ids.set(key, lsn);
    }
  }
  return { transactions, unused: unusedOf(leased, transactions), leased };
}

function transactionsOf(lines: readonly Line[]): RecordedTransaction[] {
  const { worker = 0, connection = 0, clock_ms: began = 0 } = lines[0] ?? {};
  const outcomes = new Map<number, { fate: RecordedTransaction['fate']; line: Line }>();
  for (const line of lines) {
    const number = line.committed ?? line.aborted ?? line.resolved;
    if (number === undefined) continue;
    const fate =
      line.committed !== undefined ? 'committed' : line.aborted !== undefined ? 'aborted' : null;
    const outcome = { fate: fate ?? (line.verdict as RecordedTransaction['fate']), line };
    const before = outcomes.get(number)?.fate ?? 'unknown';
    if (before === 'unknown') outcomes.set(number, outcome);
  }
  return lines
    .filter(({ intent }) => intent !== undefined)
    .map((intent) => {
      const { fate, line } = outcomes.get(intent.intent!) ?? { fate: 'open' as const, line: {} };
      const xid = line.xid ?? intent.xid ?? null;
      const lsn = line.lsn ?? intent.lsn ?? null;
      const rows = rowsOf(intent.rows ?? {});
      for (const row of rowsOf(line.dropped ?? {})) rows.delete(row);
      return {
        worker,
        place: connection * CONNECTION + intent.intent!,
        fate,
        xid: xid === null ? null : Number(BigInt(xid) & 0xffff_ffffn),
        lsn: lsn === null ? null : lsnOf(lsn),
        sentAt: began + (intent.at ?? 0),
        answeredAt: line.committed === undefined ? Number.POSITIVE_INFINITY : began + line.at!,
        rows,
        droppedAny: line.dropped !== undefined,
        savepoints: intent.subtransactions === true,
      };
    });
}

function unusedOf(
  leased: Leases,
  transactions: readonly RecordedTransaction[],
): Map<string, number[]> {
  // Of any fate, and dropped ones, too: a transaction has used the id.
  const named = new Set(transactions.flatMap(({ rows }) => [...rows]));
  return new Map(
    [...leased].map(([table, ids]) => [
      table,
      [...ids.keys()].filter((id) => !named.has(`${table} insert ${id}`)),
    ]),
  );
}

/** The last line of a process that was killed may be cut off. */
function parse(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return {};
  }
}

function rowsOf(keys: Keys): Set<string> {
  const rows = new Set<string>();
  for (const [table, operations] of Object.entries(keys)) {
    for (const [operation, list] of Object.entries(operations)) {
      for (const key of keysOf(list)) rows.add(`${table} ${operation} ${key}`);
    }
  }
  return rows;
}

function keysOf(list: string): number[] {
  const keys: number[] = [];
  let key = 0;
  for (const part of list.split(',')) {
    const [step = '0', more = '0'] = part.split('+');
    key += Number(step);
    keys.push(key);
    for (let i = 0; i < Number(more); i++) keys.push(++key);
  }
  return keys;
}

function lsnOf(text: string): number {
  const [high = '0', low = '0'] = text.split('/');
  return Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16);
}
