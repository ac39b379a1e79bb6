import type { RowCounts } from '../schema/changes.js';
import { changesKey } from '../schema/key.js';
import type { TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';

/**
 * Compares the committed rows of a ledger with the run's counts of its events. They are equal unless an update changed a
 * key: the ledger then has a delete and an insert in its place, and an update of each row that followed by ON UPDATE
 * CASCADE.
 *
 * @param tables those of the ledger (`tablesOfLedger`)
 * @param hazards the run had some: their rows are in the ledger alone
 */
export function countsAgree(
  tables: Tables,
  recorded: RowCounts,
  counted: RowCounts,
  hazards = false,
): boolean {
  const renaming = new Set(
    tables.filter((table) => changesKey(table, table.changing)).map(({ name }) => name),
  );
  return tables.names.every((name) => {
    const [ledger, run] = [recorded[name], counted[name]];
    if (ledger === undefined || run === undefined) return ledger === run;
    if (hazards) return countsEvents(ledger, run, renaming.has(name));
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

/** Whether the ledger has all events of a table. An update that changed a key is a delete and an insert there. */
function countsEvents(
  ledger: RowCounts[TableName],
  run: RowCounts[TableName],
  isRenaming: boolean,
): boolean {
  const changes = (rows: RowCounts[TableName]) => rows.update + rows.delete;
  return (
    ledger.insert >= run.insert &&
    ledger.delete >= run.delete &&
    (isRenaming ? changes(ledger) >= changes(run) : ledger.update >= run.update)
  );
}
