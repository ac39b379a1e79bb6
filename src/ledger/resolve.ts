import type { Client } from 'pg';
import { compareServers, identifyPrimary } from '../postgres/identity.js';
import {
  endBackend,
  type HazardCircumstances,
  type Verdict,
  verdictOn,
} from '../postgres/in-doubt.js';
import { type Fate, MOST_WITNESSED, type PreparedEnd, type Witness } from '../postgres/pending.js';
import { findPrepared, finishPrepared, gidOf, type PreparedRefusal } from '../postgres/prepared.js';
import { OPERATIONS, type Operation } from '../schema/changes.js';
import type { Schema } from '../schema/schema.js';
import type { Key, Table, TableName } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { Fingerprints } from './fingerprint.js';
import { ledgerFiles } from './folder.js';
import type { FingerprintsOf, HazardRecord, IntentRecord, KeysOf, LedgerHeader } from './format.js';
import { decodeKeys, type KeyList } from './keys.js';
import { LedgerReader } from './reader.js';
import { contentKey, fixedOfContentKey, keyOf } from './row-key.js';
import { readRunHazards } from './run-hazards.js';
import { type LedgerTask, LedgerWriter } from './writer.js';

/** Transactions by verdict. */
type Verdicts = Record<Fate, number>;

/** The answers of the server about a run's transactions. */
export interface Resolution {
  readonly verdicts: Verdicts;
  /** Prepared transactions that were finished. */
  readonly finished: number;
  /** Prepared transactions that this connection may not finish. */
  readonly refused: readonly PreparedRefusal[];
}

/**
 * Asks the server about the transactions that have no outcome, or `unknown`, and adds the answers to the ledger.
 * First ends the connections of the run: a server process may still carry out what a killed run has sent. Finishes the
 * run's prepared transactions as the ledger says; those that it does not name are rolled back.
 */
export async function resolveLedger(
  tables: Tables,
  client: Client,
  ledger: string,
): Promise<Resolution> {
  const verdicts: Verdicts = { committed: 0, aborted: 0, unknown: 0 };
  const refused: PreparedRefusal[] = [];
  const undecided = new Set<string>();
  let finished = 0;
  let ownRun: string | null = null;
  const runHazards = await readRunHazards(tables, ledger);
  const truncated = runHazards?.truncates.tables ?? new Set<TableName>();
  const rewritten = runHazards?.rewrites.tables ?? new Set<TableName>();
  const lastChoice = new Set([...truncated, ...(runHazards?.shared.keys() ?? [])]);
  const { server: now } = await identifyPrimary(client);
  for (const file of ledgerFiles(ledger)) {
    const { header, open } = await openIntents(tables, file);
    if (header === null) continue;
    const server = compareServers(header.server, now);
    if (runHazards !== null && server !== 'other') ownRun = header.run;
    if (open.length === 0) continue;
    const { backend } = header;
    const over = server === 'other' || (await endBackend(client, backend));
    const { writer } = LedgerWriter.reopen(tables, file);
    try {
      for (const intent of open) {
        const { xid, lsn, rows, prints, hazards } = intent;
        const witness = witnessOf(tables, rows, prints, lastChoice);
        const { gid } = hazards ?? {};
        const pending = { xid, lsn, prepared: endOf(hazards) };
        const how = { keyOf, backend, server, gid, truncated, rewritten };
        const verdict: Verdict =
          over && witness !== null
            ? await verdictOn(client, tables, { ...pending, witness }, how)
            : { fate: 'unknown', xid };
        writer.resolve(intent.intent, verdict.fate, verdict.xid);
        verdicts[verdict.fate]++;
        if (verdict.prepared === 'finished') finished++;
        else if (verdict.prepared !== undefined) refused.push(verdict.prepared);
        if (gid !== undefined && verdict.fate === 'unknown') undecided.add(gid);
      }
    } finally {
      writer.close();
    }
  }
  if (ownRun !== null) {
    for (const gid of await findPrepared(client, ownRun)) {
      if (undecided.has(gid)) continue;
      const ended = await finishPrepared(client, gid, 'rollback');
      if (ended === 'finished') finished++;
      else if (ended !== 'absent') refused.push(ended);
    }
  }
  return { verdicts, finished, refused };
}

/** The end that a prepared transaction is meant to have; undefined: it is not prepared. */
function endOf(hazards: HazardRecord | undefined): PreparedEnd | undefined {
  if (hazards?.gid === undefined) return undefined;
  return hazards.rollback === true ? 'rollback' : 'commit';
}

/**
 * The additions of a run's hazards to the circumstances of a worker's transactions.
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
    rewritten: new Set(
      hazards.changes.flatMap(({ table, rewrites }) => (rewrites === true ? [table] : [])),
    ),
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
 *
 * @param lastChoice tables whose rows a TRUNCATE may have taken since, or other transactions may have written
 */
function witnessOf(
  tables: Tables,
  rows: KeysOf,
  prints: FingerprintsOf | undefined,
  lastChoice: ReadonlySet<TableName>,
): Witness | null {
  const own = witnessIn(tables, rows, prints, ({ name }) => !lastChoice.has(name));
  return own ?? witnessIn(tables, rows, prints, ({ name }) => lastChoice.has(name));
}

function witnessIn(
  tables: Tables,
  rows: KeysOf,
  prints: FingerprintsOf | undefined,
  isWanted: (table: Table) => boolean,
): Witness | null {
  for (const kind of KEY_KINDS) {
    const wanted = tables.filter((table) => table.keyKind === kind && isWanted(table));
    for (const operation of OPERATIONS) {
      for (const table of wanted) {
        const first = witnessKey(table, operation, rows[table.name] ?? {});
        if (first === undefined) continue;
        const key = kind === 'none' ? contentsOf(table, rows, prints ?? {}) : first;
        return { table: table.name, operation, key };
      }
    }
  }
  return null;
}

/** The first key of a list whose row is, after the transaction, as this operation alone would leave it. */
function witnessKey(
  table: Table,
  operation: Operation,
  lists: Readonly<Partial<Record<Operation, KeyList>>>,
): Key | undefined {
  const { insert, delete: deleted } = lists;
  const list = lists[operation];
  const keys = list === undefined ? [] : decodeKeys(table, list);
  if (insert === undefined || deleted === undefined || table.keyKind === 'none') return keys[0];
  const balances = new Map<Key, number>();
  const count = (list: KeyList, by: 1 | -1) => {
    for (const key of decodeKeys(table, list)) balances.set(key, (balances.get(key) ?? 0) + by);
  };
  count(insert, 1);
  count(deleted, -1);
  const isLeft = (balance: number | undefined) => {
    if (operation === 'update') return balance === undefined;
    return operation === 'insert' ? balance! > 0 : balance! < 0;
  };
  return keys.find((key) => isLeft(balances.get(key)));
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
