import type { Client } from 'pg';
import { HOSPITAL } from '../legacy/seam.js';
import { TABLE_NAMES } from '../legacy/tables.js';
import { compareServers, identifyPrimary } from '../postgres/identity.js';
import { endBackend, verdictOn } from '../postgres/in-doubt.js';
import type { Fate, Witness } from '../postgres/pending.js';
import type { IntentRecord, KeysOf, LedgerHeader } from './format.js';
import { forEachBlock } from './keys.js';
import { LedgerReader } from './reader.js';
import { LedgerWriter } from './writer.js';

/** Transactions by verdict. */
export type Verdicts = Record<Fate, number>;

/**
 * Asks the server about the transactions that have no outcome, or `unknown`, and adds the answers to the ledger.
 * First ends the connections of the run: a server process may still carry out what a killed run has sent.
 */
export async function resolveLedger(client: Client, files: readonly string[]): Promise<Verdicts> {
  const verdicts: Verdicts = { committed: 0, aborted: 0, unknown: 0 };
  const { server: now } = await identifyPrimary(client);
  for (const file of files) {
    const { header, open } = await openIntents(file);
    if (header === null || open.length === 0) continue;
    const server = compareServers(header.server, now);
    const over = server === 'other' || (await endBackend(client, header.backend));
    const { writer } = LedgerWriter.reopen(file);
    try {
      for (const { intent, xid, rows } of open) {
        const witness = witnessOf(rows);
        const verdict =
          over && witness !== null
            ? await verdictOn(client, HOSPITAL.tables, { xid, witness }, server)
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

/** The intents of a file without a final outcome, in their order. */
async function openIntents(
  file: string,
): Promise<{ header: LedgerHeader | null; open: readonly IntentRecord[] }> {
  let header: LedgerHeader | null = null;
  const open: IntentRecord[] = [];
  const reader = new LedgerReader(file, {
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

/**
 * The row that shows whether a transaction was committed: an inserted one if there is one, because no other
 * transaction can have its key. Null if no key is an id.
 */
function witnessOf(rows: KeysOf): Witness | null {
  for (const operation of ['insert', 'update', 'delete'] as const) {
    for (const table of TABLE_NAMES) {
      const keys = rows[table]?.[operation];
      if (typeof keys !== 'string') continue;
      let id = 0;
      forEachBlock(keys, (first) => {
        id ||= first;
      });
      return { table, operation, key: id }; // seam
    }
  }
  return null;
}
