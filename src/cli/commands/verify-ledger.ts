import type { DatabaseFacts } from '../../database/facts.js';
import { readDatabaseFacts } from '../../database/read-facts.js';
import { OperatorError } from '../../errors.js';
import { type LedgerFacts, readFacts } from '../../ledger/facts-file.js';
import { ledgerFiles } from '../../ledger/folder.js';
import { type LedgerHeader, ledgerVersion } from '../../ledger/format.js';
import { readHeader } from '../../ledger/reader.js';
import { TABLE_NAMES, type TableName } from '../../legacy/tables.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import { compareServers, identify } from '../../postgres/identity.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { type Scope, type TablePlace, tableScope } from '../../sources/scope.js';

/** A run's ledger, and the facts of its database. */
export interface OpenLedger {
  readonly version: number;
  /** Decides which table an event means. */
  readonly scope: Scope;
  /** The facts that the run recorded: more once it is over. Null: none. */
  readonly facts: () => LedgerFacts | null;
  /** The facts of the database today; null: it cannot be asked, or is another one. */
  readonly now: DatabaseFacts | null;
}

/** Reads the facts that a run recorded of its database. Asks the database, too, if there is a server to connect to. */
export async function openLedger(
  run: { readonly ledger: string; readonly target: ConnectionTarget | null },
  searchPath: string,
  interrupted: AbortSignal,
): Promise<OpenLedger> {
  const { facts: found } = readFacts(run.ledger);
  const header = firstHeader(run.ledger);
  const server = found?.server ?? header?.server ?? null;
  const now = server === null ? null : await factsNow(run.target, server, interrupted);
  const version = header?.ledger ?? ledgerVersion({ extensions: [] });
  // A ledger of version 1 has no facts: those of today are the best guess.
  const guess =
    server === null || now === null || version !== 1 ? null : { server, begin: now, end: now };
  const places = found?.begin.tables ?? guess?.begin.tables ?? null;
  return {
    version,
    scope: tableScope({
      database: server?.database ?? null,
      tables: placesOf((table) => {
        if (places === null) return { schema: firstSchema(searchPath), partitions: [] };
        const { schema, partitions } = places[table];
        const later = found?.end?.tables[table].partitions ?? [];
        return { schema, partitions: [...partitions, ...later] };
      }),
    }),
    facts: () => readFacts(run.ledger).facts ?? guess,
    now,
  };
}

/** The header of the first worker's file; null: nothing was written yet, or the line is damaged. */
export function firstHeader(ledger: string): LedgerHeader | null {
  const [path] = ledgerFiles(ledger);
  return path === undefined ? null : readHeader(path);
}

async function factsNow(
  target: ConnectionTarget | null,
  before: LedgerHeader['server'],
  interrupted: AbortSignal,
): Promise<DatabaseFacts | null> {
  if (target === null) return null;
  try {
    return await unlessAborted(interrupted, () =>
      withConnection(target, async (client) => {
        const { server } = await identify(client);
        return compareServers(before, server) === 'other' ? null : readDatabaseFacts(client);
      }),
    );
  } catch (error) {
    // An unreachable server, or missing tables, are reported by the comparison with the tables.
    if (error instanceof OperatorError) return null;
    throw error;
  }
}

function placesOf(of: (table: TableName) => TablePlace): Record<TableName, TablePlace> {
  return Object.fromEntries(TABLE_NAMES.map((table) => [table, of(table)])) as Record<
    TableName,
    TablePlace
  >;
}

/** The first schema of a search_path; null: it depends on the role. */
function firstSchema(searchPath: string): string | null {
  const [first = ''] = searchPath.split(',');
  const name = first.trim().replace(/^"(.*)"$/, '$1');
  return name === '' || name === '$user' ? null : name;
}
