import type { Client } from 'pg';
import { compareServers, identifyPrimary } from '../postgres/identity.js';
import { endBackend, type HazardCircumstances, verdictOn } from '../postgres/in-doubt.js';
import { type Fate, MOST_WITNESSED, type Witness } from '../postgres/pending.js';
import { gidOf } from '../postgres/prepared.js';
import { OPERATIONS } from '../schema/changes.js';
import type { Schema } from '../schema/schema.js';
import type { Table } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { Fingerprints } from './fingerprint.js';
import type { FingerprintsOf, IntentRecord, KeysOf, LedgerHeader } from './format.js';
import { decodeKeys } from './keys.js';
import { LedgerReader } from './reader.js';
import { contentKey, fixedOfContentKey, keyOf } from './row-key.js';
import { type LedgerTask, LedgerWriter } from './writer.js';

/** Transactions by verdict. */
export type Verdicts = Record<Fate, number>;

/**
 * Asks the server about the transactions that have no outcome, or `unknown`, and adds the answers to the ledger.
 * First ends the connections of the run: a server process may still carry out what a killed run has sent.
 */
export async function resolveLedger(
  tables: Tables,
  client: Client,
  files: readonly string[],
): Promise<Verdicts> {
  const verdicts: Verdicts = { committed: 0, aborted: 0, unknown: 0 };
  const { server: now } = await identifyPrimary(client);
  for (const file of files) {
    const { header, open } = await openIntents(tables, file);
    if (header === null || open.length === 0) continue;
    const server = compareServers(header.server, now);
    const { backend } = header;
    const over = server === 'other' || (await endBackend(client, backend));
    const { writer } = LedgerWriter.reopen(tables, file);
    try {
      for (const { intent, xid, lsn, rows, prints } of open) {
        const witness = witnessOf(tables, rows, prints);
        const verdict =
          over && witness !== null
            ? await verdictOn(client, tables, { xid, witness, lsn }, { keyOf, backend, server })
            : ({ fate: 'unknown', xid } as const);
        writer.resolve(intent, verdict.fate, verdict.xid);
        verdicts[verdict.fate]++;
      }
    } finally {
      writer.close();
    }
  }
  return verdicts;
}

/**
 * What the hazards of a run add to the circumstances of a worker's transactions.
 *
 * @param task null: no ledger is kept, so there are no hazards
 * @param connection that the transactions were sent on
 */
export function hazardCircumstances(
  { hazards }: Pick<Schema, 'hazards'>,
  task: LedgerTask | null,
  connection: number,
): HazardCircumstances {
  if (task === null || !task.hazards) return {};
  const { run, worker } = task;
  return {
    truncated: new Set(hazards.truncate),
    gidOf: (intent) => gidOf({ run, worker, connection, intent }),
  };
}

/** The intents of a file without a final outcome, in their order. */
async function openIntents(
  tables: Tables,
  file: string,
): Promise<{ header: LedgerHeader | null; open: readonly IntentRecord[] }> {
  let header: LedgerHeader | null = null;
  const open: IntentRecord[] = [];
  const reader = new LedgerReader(tables, file, {
    onHeader: (record) => {
      header = record;
    },
    onTransaction: ({ intent, outcome }) => {
      if (outcome === 'open' || outcome === 'unknown') open.push(intent);
    },
  });
  await reader.readAll();
  return { header, open };
}

/** The surest witnesses first: only an id can be looked up without the xid. */
const KEY_KINDS = ['id', 'columns', 'none'] as const;

/**
 * The row that shows whether a transaction was committed: an inserted one if there is one, because no other
 * transaction can have its key. Null if the transaction wrote no row.
 */
function witnessOf(tables: Tables, rows: KeysOf, prints: FingerprintsOf = {}): Witness | null {
  for (const kind of KEY_KINDS) {
    for (const operation of OPERATIONS) {
      for (const table of tables.filter(({ keyKind }) => keyKind === kind)) {
        const list = rows[table.name]?.[operation];
        const [first] = list === undefined ? [] : decodeKeys(table, list);
        if (first === undefined) continue;
        const key = kind === 'none' ? contentsOf(table, rows, prints) : first;
        return { table: table.name, operation, key };
      }
    }
  }
  return null;
}

/** `Witness.key` of a table without a key: its inserted rows, and its updated ones as they are after the update. */
function contentsOf(table: Table, rows: KeysOf, prints: FingerprintsOf): string {
  const { insert = [], update = [] } = rows[table.name] ?? {};
  const before = decodeKeys(table, update).map(String);
  const text = prints[table.name]?.update;
  const sums = text === undefined ? null : new Fingerprints(table, text, before.length);
  const after = before.map((key, i) => {
    if (sums === null) return key;
    // An update leaves the fixed columns alone.
    return contentKey(sums.changing(i), sums.fixed(i) ?? fixedOfContentKey(key));
  });
  return [...decodeKeys(table, insert), ...after].slice(0, MOST_WITNESSED).join('');
}
