import type { DatabaseFacts, TableFacts } from '../../database/facts.js';
import { readDatabaseFacts } from '../../database/read-facts.js';
import { OperatorError } from '../../errors.js';
import { type LedgerFacts, readFacts } from '../../ledger/facts-file.js';
import { ledgerFiles } from '../../ledger/folder.js';
import { type LedgerHeader, ledgerVersion } from '../../ledger/format.js';
import { readHeader } from '../../ledger/reader.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import { compareServers, identify } from '../../postgres/identity.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import type { Tables } from '../../schema/tables.js';
import { type Scope, type TablePlace, tableScope } from '../../sources/scope.js';
import { schemaOfLedger } from './ledger-schema.js';

/** A run's ledger, and the facts of its database. */
export interface OpenLedger {
  readonly version: number;
  /** The tables of the run. */
  readonly tables: Tables;
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
  const { facts: found, version: recorded } = readFacts(run.ledger);
  const { tables, extensions } = schemaOfLedger(run.ledger);
  const header = firstHeader(run.ledger);
  const server = found?.server ?? header?.server ?? null;
  const now = server === null ? null : await factsNow(run, server, tables, interrupted);
  const version = header?.ledger ?? (recorded > 0 ? recorded : ledgerVersion({ extensions }));
  // A ledger of version 1 has no facts: those of today are the best guess.
  const guess =
    server === null || now === null || version !== 1 ? null : { server, begin: now, end: now };
  const places: Record<string, TableFacts> | null =
    found?.begin.tables ?? guess?.begin.tables ?? null;
  const later: Record<string, TableFacts> | undefined = found?.end?.tables;
  const scope = {
    database: server?.database ?? null,
    tables: tables.record(({ name, schema }): TablePlace => {
      const place = places?.[name];
      if (place === undefined) {
        return { schema: schema ?? firstSchema(searchPath), partitions: [] };
      }
      return {
        schema: place.schema,
        partitions: [...place.partitions, ...(later?.[name]?.partitions ?? [])],
      };
    }),
  };
  return {
    version,
    tables,
    scope: tableScope(tables, scope),
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
  { target }: { readonly target: ConnectionTarget | null },
  before: LedgerHeader['server'],
  tables: Tables,
  interrupted: AbortSignal,
): Promise<DatabaseFacts | null> {
  if (target === null) return null;
  try {
    return await unlessAborted(interrupted, () =>
      withConnection(target, async (client) => {
        const { server } = await identify(client);
        if (compareServers(before, server) === 'other') return null;
        return readDatabaseFacts(client, tables);
      }),
    );
  } catch (error) {
    // An unreachable server, or missing tables, are reported by the comparison with the tables.
    if (error instanceof OperatorError) return null;
    throw error;
  }
}

/** The first schema of a search_path; null: it depends on the role. */
function firstSchema(searchPath: string): string | null {
  const [first = ''] = searchPath.split(',');
  const name = first.trim().replace(/^"(.*)"$/, '$1');
  return name === '' || name === '$user' ? null : name;
}
