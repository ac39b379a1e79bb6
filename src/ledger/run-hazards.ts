import type { Key, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { readFacts } from './facts-file.js';
import { HAZARDS_SINCE } from './format.js';
import { decodeKeys } from './keys.js';
import { readLedger } from './totals.js';
import type { LedgerTransaction } from './transactions.js';
import { Truncates } from './truncates.js';

/** The effects of a run's hazards on rows that other transactions of it write. */
export interface RunHazards {
  /** By table, ids of rows that several workers may write. */
  readonly shared: ReadonlyMap<TableName, ReadonlySet<Key>>;
  readonly truncates: Truncates;
  /**
   * By table, the xids of the transactions that changed it: where PostgreSQL writes a table anew, like for another type
   * of a column, the rows get this xid as their `xmin`.
   */
  readonly rewriters: ReadonlyMap<TableName, readonly number[]>;
}

/** Reads them from a ledger; null: the run had no hazards. A TRUNCATE counts for every worker, and may be in the last file. */
export async function readRunHazards(tables: Tables, ledger: string): Promise<RunHazards | null> {
  const { schema, version } = readFacts(ledger);
  if (version < HAZARDS_SINCE) return null;
  const truncates = new Truncates();
  const rewriters = new Map<TableName, number[]>();
  await readLedger(tables, ledger, {
    onTransaction: (transaction) => {
      truncates.add(transaction);
      for (const [table, xid] of rewritten(transaction)) {
        rewriters.set(table, [...(rewriters.get(table) ?? []), xid]);
      }
    },
  });
  const shared = Object.entries(schema?.shared ?? {}).map(
    ([table, keys]) => [table, new Set(decodeKeys(tables.get(table), keys))] as const,
  );
  return { shared: new Map(shared), truncates, rewriters };
}

/** The tables that a transaction may have written anew, with its xid. */
export function rewritten({
  intent: { hazards },
  outcome,
  xid,
}: LedgerTransaction): [TableName, number][] {
  if (hazards?.ddl === undefined || outcome === 'aborted' || xid === null) return [];
  return hazards.ddl.map(({ table }) => [table, Number(xid)]);
}
