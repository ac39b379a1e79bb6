import type { Client } from 'pg';
import { compareServers, primaryFactsOf } from '../postgres/identity.js';
import { endBackend, verdictOn } from '../postgres/in-doubt.js';
import type { Fate, Witness } from '../postgres/pending.js';
import { TABLE_NAMES } from '../schemas/hospital/tables.js';
import { type IntentRecord, type KeysOf, type LedgerHeader, outcomeOf } from './format.js';
import { forEachBlock } from './keys.js';
import { readLedgerFile } from './reader.js';
import { LedgerWriter } from './writer.js';

/** How many transactions came to each verdict. */
export type Verdicts = Record<Fate, number>;

/**
 * Finds out what became of the transactions that a run left without an outcome, or that could not be
 * found out about before, and adds it to the ledger. What a killed run had sent is not carried out any more
 * when this returns: its connections are ended first.
 */
export async function resolveLedger(client: Client, files: readonly string[]): Promise<Verdicts> {
  const verdicts: Verdicts = { committed: 0, aborted: 0, unknown: 0 };
  const { server: now } = await primaryFactsOf(client);
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
            ? await verdictOn(client, { xid, witness }, server)
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

/** The intents of a file whose fate is not known, in their order. */
async function openIntents(
  file: string,
): Promise<{ header: LedgerHeader | null; open: readonly IntentRecord[] }> {
  let header: LedgerHeader | null = null;
  const open = new Map<number, IntentRecord>();
  await readLedgerFile(
    file,
    (record) => {
      if ('ledger' in record) header = record;
      else if ('intent' in record) open.set(record.intent, record);
      const outcome = outcomeOf(record);
      if (outcome !== null && outcome.fate !== 'unknown') open.delete(outcome.number);
    },
    () => undefined,
  );
  return { header, open: [...open.values()] };
}

/**
 * A row by which a transaction is known: best an inserted one, whose key is nobody else's. Null: none of its keys
 * is an id.
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
      return { table, operation, id };
    }
  }
  return null;
}
