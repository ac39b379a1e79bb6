import type { Client } from 'pg';
import { monotonicMs, sleep } from '../lib/clock.js';
import { contentKeysOf, textsOfKey } from '../schema/key.js';
import {
  type Key,
  type Row,
  type ServerColumn,
  sqlName,
  type Table,
  type TableName,
} from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { type ServerRelation, STARTED_MICROS } from './identity.js';
import { keyEquals } from './key-sql.js';
import {
  type Backend,
  type EnteredPending,
  type Fate,
  MOST_WITNESSED,
  type Pending,
  type PendingTransactions,
  type Witness,
} from './pending.js';
import { type Finished, finishPrepared } from './prepared.js';
import { hasSqlstate, SQLSTATE } from './sqlstate.js';
import { parseRows, printedRows } from './statements.js';

/** A backend notices the loss of its client within this, or only after the server's own much longer timeouts. */
const PATIENCE_MS = 10_000;
const POLL_MS = 50;

/** The fate of a transaction, and its xid8 as text; null if unknown. */
export interface Verdict {
  readonly fate: Fate;
  readonly xid: string | null;
  /** Of a transaction that was still prepared: it was finished, or this connection may not do so. */
  readonly prepared?: Exclude<Finished, 'absent'>;
}

/** The key of a row; `row`: the values of all of its columns. */
type KeyOf = (table: Table, row: Row) => Key;

/** The facts that a verdict depends on besides the transaction. */
interface Circumstances {
  readonly keyOf: KeyOf;
  /** The server process that the transaction was sent to; null: it is unknown. */
  readonly backend: Backend | null;
  readonly server: ServerRelation;
  /** The name that the transaction is prepared under. */
  readonly gid?: string | undefined;
  /** Tables that the run truncates: there, a row that is missing shows nothing. */
  readonly truncated?: ReadonlySet<TableName>;
  /** Tables that the run rewrites: there, the `xmin` of a row may be of a change of the schema. */
  readonly rewritten?: ReadonlySet<TableName>;
  readonly patienceMs?: number;
}

/** The additions of a run's hazards to the circumstances of a worker's transactions. */
export interface HazardCircumstances extends Pick<Circumstances, 'truncated' | 'rewritten'> {
  /** The name of a prepared transaction, by its number in the ledger. */
  readonly gidOf?: (number: number) => string;
}

/** The same for all transactions of a worker. */
type WorkerCircumstances = Omit<Circumstances, 'backend' | 'gid'> & HazardCircumstances;

/** Called for each verdict as soon as it is found: the connection may be lost before the next one. */
export type OnVerdict = (pending: EnteredPending, verdict: Verdict) => void;

/**
 * Settles the transactions of a worker whose COMMIT got no answer, in their order. Calls `onVerdict` for each before
 * it is counted. A transaction whose fate is not found within `patienceMs` is `unknown`.
 */
export async function settlePending(
  client: Client,
  tables: Tables,
  account: PendingTransactions,
  onVerdict: OnVerdict,
  { patienceMs = PATIENCE_MS, gidOf, ...how }: WorkerCircumstances,
): Promise<void> {
  account.finishSettling();
  if (account.pending === null) return;
  const { backend } = account;
  const over = await endBackend(client, backend, patienceMs);
  for (let { pending } = account; pending !== null; pending = account.pending) {
    const verdict: Verdict = over
      ? await verdictOn(client, tables, pending, {
          ...how,
          ...(pending.prepared === undefined ? {} : { gid: gidOf?.(pending.number) }),
          ...{ backend, patienceMs },
        })
      : { fate: 'unknown', xid: null };
    // The main thread may have settled it meanwhile, because the run is ending.
    if (account.pending === null) break;
    onVerdict(pending, verdict);
    account.settle(verdict.fate, true);
  }
}

/**
 * Ends the server process of a lost connection: until then it may still carry out the commands that it was sent, and
 * it keeps its locks. A process behind a pooler is only waited for, because it may serve another client by now. False
 * if the process is still there after `patienceMs`, or may be: of another role's process, a role sees only the pid.
 */
export async function endBackend(
  client: Client,
  backend: Backend | null,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  if (backend === null) return true;
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    try {
      const { rowCount } = await client.query(
        `SELECT CASE WHEN backend_start IS NOT NULL AND NOT $3 THEN pg_terminate_backend(pid) END
           FROM pg_stat_activity
          WHERE pid = $1 AND (backend_start IS NULL OR ${STARTED_MICROS} = $2)`,
        [backend.pid, backend.startedMicros, backend.pooled === true],
      );
      if (rowCount === 0) return true;
    } catch (error) {
      if (hasSqlstate(error, SQLSTATE.INSUFFICIENT_PRIVILEGE)) return false;
      throw error;
    }
    if (monotonicMs() > deadline) return false;
    await sleep(POLL_MS);
  }
}

/**
 * Finds the fate of a transaction whose backend is gone. `unknown`: it is another server, has forgotten the xid, or
 * still has it in progress after `patienceMs`. A promoted server may have given the xid to another transaction: then
 * only the witness decides. A transaction that is still prepared has outlived its backend: it is finished as it was
 * meant to be.
 */
export async function verdictOn(
  client: Client,
  tables: Tables,
  { xid, witness, lsn = null, prepared }: Pending,
  { keyOf, backend, server, gid, truncated, rewritten, patienceMs = PATIENCE_MS }: Circumstances,
): Promise<Verdict> {
  if (server === 'other') return { fate: 'unknown', xid: null };
  if (prepared !== undefined && gid !== undefined) {
    const finished = await finishPrepared(client, gid, prepared);
    const aborted = { fate: 'aborted', xid } as const;
    if (finished === 'finished') {
      const verdict = prepared === 'commit' ? ({ fate: 'committed', xid } as const) : aborted;
      return { ...verdict, prepared: finished };
    }
    if (finished !== 'absent') return { fate: 'unknown', xid, prepared: finished };
    // It was rolled back, or it was never prepared.
    if (prepared === 'rollback') return aborted;
  }
  const mayVanish = truncated?.has(witness.table) === true;
  const isRewritten = rewritten?.has(witness.table) === true;
  const how = { keyOf, mayVanish, isRewritten };
  const row = new WitnessedRow(client, tables.get(witness.table), witness, how);
  if (xid === null || server === 'promoted') return byRow(row, xid);
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    const status = await xactStatus(client, xid);
    // A crash can lose xids that were assigned but not yet in the WAL, and the server assigns them again: then the
    // status is of another transaction, and only the witness decides.
    if (status === 'committed') {
      const fate = row.isProof ? null : await fateByWal(client, backend, lsn);
      return { fate: fate ?? (await row.confirms(xid)), xid };
    }
    if (status === 'aborted' || status === 'future') return { fate: 'aborted', xid };
    if (status === null) return byRow(row, xid);
    if (monotonicMs() > deadline) return { fate: 'unknown', xid };
    await sleep(POLL_MS);
  }
}

/** Decides by the witness alone: certain for an inserted row, for others only while no one else wrote the row. */
async function byRow(row: WitnessedRow, xid: string | null): Promise<Verdict> {
  const { operation } = row;
  if (!row.hasKey) return { fate: 'unknown', xid };
  const state = await row.read();
  if (state === undefined && row.mayVanish) return { fate: 'unknown', xid };
  if (operation === 'delete') return { fate: state === undefined ? 'committed' : 'aborted', xid };
  if (state === undefined) {
    return operation === 'insert' ? { fate: 'aborted', xid } : { fate: 'unknown', xid };
  }
  const writer = fullXid(state.xmin, state.now);
  // If the row was updated since, or rewritten, its `xmin` is of that update, and the transaction's xid is unknown.
  if (operation === 'insert') {
    return { fate: 'committed', xid: xid ?? (state.untouched && !row.isRewritten ? writer : null) };
  }
  return { fate: writer === xid ? 'committed' : 'unknown', xid };
}

/** The xid8 of a row's 32-bit `xmin`: the last one with these low bits before `now`. */
function fullXid(xmin: string, now: string): string {
  const next = BigInt(now);
  const same = (next & ~0xffff_ffffn) | BigInt(xmin);
  return String(same < next ? same : same - 0x1_0000_0000n);
}

/**
 * The fate of a transaction whose xid is committed, without its rows. `null`: undecided, since after a crash the xid may
 * be another transaction's.
 */
async function fateByWal(
  client: Client,
  backend: Backend | null,
  lsn: string | null,
): Promise<Fate | null> {
  // The checkpointer of a server that has restarted is a new one. Roles without the rights of pg_read_all_stats see none.
  const { rows } = await client.query<{ restarted: boolean; precedes: boolean | null }>(
    `SELECT ${STARTED_MICROS} > $1 AS restarted, checkpoint_lsn < $2::pg_lsn AS precedes
       FROM pg_stat_activity, pg_control_checkpoint() WHERE backend_type = 'checkpointer'`,
    [backend?.startedMicros ?? 0, lsn],
  );
  const [now] = rows;
  if (now?.restarted === false) return 'committed';
  // Recovery ends with a checkpoint. The server lost all WAL beyond it.
  return now?.precedes === true ? 'aborted' : null;
}

/** `future`: the server has not assigned this xid, so the transaction that had it was lost in a crash. */
async function xactStatus(client: Client, xid: string): Promise<string | null> {
  try {
    const { rows } = await client.query<{ status: string | null }>(
      'SELECT pg_xact_status($1::xid8) AS status',
      [xid],
    );
    return rows[0]?.status ?? null;
  } catch (error) {
    if (hasSqlstate(error, SQLSTATE.INVALID_PARAMETER_VALUE)) return 'future';
    throw error;
  }
}

/** The row of a witness, as it is now. */
class WitnessedRow {
  readonly operation: Witness['operation'];
  /** A row that is missing shows nothing. */
  readonly mayVanish: boolean;
  /** Its `xmin` may be of a transaction that wrote all rows of the table again. */
  readonly isRewritten: boolean;
  readonly #client: Client;
  readonly #table: Table;
  readonly #keyOf: KeyOf;
  readonly #key: Key;
  readonly #values: readonly string[];

  constructor(
    client: Client,
    table: Table,
    { operation, key }: Witness,
    {
      keyOf,
      mayVanish,
      isRewritten,
    }: Pick<WitnessedRow, 'mayVanish' | 'isRewritten'> & {
      readonly keyOf: KeyOf;
    },
  ) {
    this.operation = operation;
    this.mayVanish = mayVanish;
    this.isRewritten = isRewritten;
    this.#key = key;
    this.#keyOf = keyOf;
    this.#client = client;
    this.#table = table;
    this.#values = this.hasKey ? textsOfKey(table, key) : [];
  }

  /** False: no statement finds the row again. */
  get hasKey(): boolean {
    return this.#table.keyKind !== 'none';
  }

  /**
   * Whether the row alone shows the fate: only its transaction can have inserted it. A row that others write, too, may
   * have been written since by a transaction that got the same xid.
   */
  get isProof(): boolean {
    return this.hasKey && this.operation === 'insert' && !this.mayVanish;
  }

  /** Undefined: there is no such row. `untouched`: it was not updated since it was inserted. */
  async read(): Promise<{ xmin: string; now: string; untouched: boolean } | undefined> {
    const { rows } = await this.#client.query<{ xmin: string; now: string; untouched: boolean }>(
      `SELECT xmin::text, pg_snapshot_xmax(pg_current_snapshot())::text AS now,
              ${untouched(this.#table)} AS untouched
         FROM ${this.#table.name} WHERE ${keyCondition(this.#table)}`,
      [...this.#values],
    );
    return rows[0];
  }

  /**
   * The fate of a transaction whose xid is committed: whether the row is as the transaction would have left it. A key is
   * inserted only once; an updated row was last written by the transaction, by a savepoint of it, or by a later
   * transaction.
   */
  async confirms(xid: string): Promise<Fate> {
    if (!this.hasKey) return this.#confirmsWithoutKey(xid);
    const { rows } = await this.#client.query<{ touched: boolean }>(
      `SELECT age(xmin) <= age($1::xid8::xid) AS touched
         FROM ${this.#table.name} WHERE ${keyCondition(this.#table, 2)}`,
      [xid, ...this.#values],
    );
    const [row] = rows;
    if (row === undefined && this.mayVanish) return 'unknown';
    const isAsLeft =
      this.operation === 'delete'
        ? row === undefined
        : row !== undefined && (this.operation === 'insert' || row.touched);
    return isAsLeft ? 'committed' : 'aborted';
  }

  /**
   * The rows with this xid must be some of those that the transaction wrote: others are of a transaction that got its
   * xid after a crash. Without any, all may have been written again since.
   */
  async #confirmsWithoutKey(xid: string): Promise<Fate> {
    const table = this.#table;
    const { rows } = await this.#client.query<{ found: string | null }>(
      `SELECT ${printedRows(table, '')} AS found FROM ${table.name} WHERE xmin = $1::xid8::xid`,
      [xid],
    );
    const found = parseRows(table, rows[0]?.found ?? null).map((row) => this.#keyOf(table, row));
    const own = contentKeysOf(String(this.#key));
    if (found.length === 0 || own.length >= MOST_WITNESSED) return 'unknown';
    for (const key of found) {
      const at = own.indexOf(String(key));
      if (at < 0) return 'aborted';
      own.splice(at, 1);
    }
    return 'committed';
  }
}

/** SQL: the row of a key, whose values are the parameters from `$first` on. */
function keyCondition(table: Table, first = 1): string {
  return keyEquals(table, '', (i, type) => `$${first + i}::${type}`);
}

/** SQL: the row was not updated since it was inserted, by the stamps that the server sets; false without these. */
function untouched({ serverColumns }: Table): string {
  const stampOf = (set: ServerColumn['set']) =>
    serverColumns.find((column) => column.set === set)?.name;
  const [inserted, updated] = [stampOf('insert'), stampOf('update')];
  if (inserted === undefined || updated === undefined) return 'false';
  return `${sqlName(updated)} = ${sqlName(inserted)}`;
}
