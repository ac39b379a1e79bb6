import type { RowCounts } from '../schema/changes.js';
import type { Tables } from '../schema/tables.js';

/**
 * Whether the committed rows of a ledger can be those that the run counted as its events. They are the same, but where
 * an update changes a key: then the ledger has a delete and an insert instead, and updates of the rows that followed by
 * ON UPDATE CASCADE.
 *
 * @param tables those of the ledger (`tablesOfLedger`)
 */
export function countsAgree(tables: Tables, recorded: RowCounts, counted: RowCounts): boolean {
  const renaming = new Set(
    tables
      .filter(({ changing, key }) => key.some((column) => changing.includes(column)))
      .map(({ name }) => name),
  );
  return tables.names.every((name) => {
    const [ledger, run] = [recorded[name], counted[name]];
    if (ledger === undefined || run === undefined) return ledger === run;
    const renamed = ledger.insert - run.insert;
    const added = ledger.update + renamed - run.update;
    const { foreignKeys } = tables.get(name);
    const isFollower = foreignKeys.some(({ references }) => renaming.has(references));
    return (
      ledger.delete - run.delete === renamed &&
      (renaming.has(name) ? renamed >= 0 : renamed === 0) &&
      (isFollower ? added >= 0 : added === 0)
    );
  });
}
