import type { TestDatabase } from '../../helpers/database.js';
import { contentKey, type Parts } from './content-key.js';
import { type DecodedChange, parseDecoded } from './decoded-change.js';

const SLOT = 'oracle';
/** Changes of one request, and the rest of their last transaction: some have 200 kB. */
const CHANGES_AT_ONCE = 5_000;
/** The first version with `pg_walinspect`. */
const WITH_WALINSPECT = 15;

/**
 * A transaction as the ledger or the server has it: `table operation key` of each change, sorted. A composite key is
 * the JSON array of its values; in a table without a key, that of a row follows from its contents. An update that
 * changes the key is a delete and an insert.
 */
export interface SeenTransaction {
  /** The low 32 bits of the transaction's id; null where it is unknown. */
  readonly xid: number | null;
  readonly changes: readonly string[];
}

/** How often the server saw the changes that pipelines get wrong. */
interface HardChanges {
  /** Updates whose new row lacks a TOASTed value. */
  unchangedToast: number;
  keyChanges: number;
  /** Updates of rows whose foreign key followed a key change. */
  cascades: number;
}

/** The committed transactions by the server's own decoder and its WAL: no code of the program is part of it. */
export class Oracle {
  readonly hard: HardChanges = { unchangedToast: 0, keyChanges: 0, cascades: 0 };
  readonly #db: TestDatabase;
  readonly #seen = new Set<number>();
  #lsn: string;

  private constructor(db: TestDatabase, lsn: string) {
    this.#db = db;
    this.#lsn = lsn;
  }

  static async begin(db: TestDatabase): Promise<Oracle> {
    if (db.server.version >= WITH_WALINSPECT) {
      await db.query('CREATE EXTENSION IF NOT EXISTS pg_walinspect');
    }
    const [slot] = await db.query<{ lsn: string }>(
      "SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'test_decoding')",
      [SLOT],
    );
    return new Oracle(db, slot?.lsn ?? '0/0');
  }

  /** The transactions that changed rows since the last time, in the order of their commits. */
  async transactions(): Promise<SeenTransaction[]> {
    const transactions: SeenTransaction[] = [];
    let changes: DecodedChange[] = [];
    for await (const { xid, data } of this.#lines()) {
      const change = parseDecoded(data);
      if (change !== null && !IDLE.test(change.table)) changes.push(change);
      else if (change !== null) continue;
      else if (data.startsWith('BEGIN')) changes = [];
      else if (!data.startsWith('COMMIT')) continue;
      // After a crash the slot goes back a little, and repeats transactions.
      else if (changes.length > 0 && !this.#seen.has(Number(xid))) {
        this.#seen.add(Number(xid));
        this.#count(changes);
        transactions.push({ xid: Number(xid), changes: changes.flatMap(textsOf).sort() });
      }
    }
    return transactions;
  }

  async *#lines(): AsyncGenerator<{ xid: string; data: string }> {
    for (;;) {
      const rows = await this.#db.query<{ xid: string; data: string }>(
        'SELECT xid::text, data FROM pg_logical_slot_get_changes($1, NULL, $2)',
        [SLOT, CHANGES_AT_ONCE],
      );
      if (rows.length === 0) return;
      yield* rows;
    }
  }

  /** Counts the hard ones among the changes of a transaction. */
  #count(changes: readonly DecodedChange[]): void {
    const updates = changes.filter(({ operation }) => operation === 'update');
    const changed = updates.filter((change) => textsOf(change).length > 1);
    const newKeys = new Set(changed.map(({ table, row }) => keyOf(table, row)));
    const followed = updates.filter(({ table, row }) => {
      const principal = row.get(FOLLOWING[table] ?? '');
      return principal !== null && principal !== undefined && newKeys.has(principal);
    });
    this.hard.unchangedToast += updates.filter(({ unchanged }) => unchanged.length > 0).length;
    this.hard.keyChanges += changed.length;
    this.hard.cascades += followed.length;
  }

  /** Ids of all transactions whose commit stands in the WAL since the last time; null: this version cannot say. */
  async commits(): Promise<ReadonlySet<number> | null> {
    if (this.#db.server.version < WITH_WALINSPECT) return null;
    const rows = await this.#db.query<{ xid: string }>(
      // The record of COMMIT PREPARED is written by another transaction's end, or by none: its own is in the text.
      `SELECT coalesce(substring(description FROM '^(\\d+):'), xid::text) AS xid
         FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn())
        WHERE resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%'`,
      [this.#lsn],
    );
    const [now] = await this.#db.query<{ lsn: string }>(
      'SELECT pg_current_wal_flush_lsn()::text AS lsn',
    );
    this.#lsn = now?.lsn ?? this.#lsn;
    return new Set(rows.map(({ xid }) => Number(xid)));
  }

  async end(): Promise<void> {
    await this.#db.query('SELECT pg_drop_replication_slot($1)', [SLOT]);
  }
}

const ITENS = 'faturamento."Itens da Conta"';

/** Keys that are not the column `id`, by table. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  sinais_vitais: ['paciente_id', 'medido_em'],
  prescricoes: ['codigo'],
  [ITENS]: ['Código'],
};

/** Tables without a key. */
const CONTENTS: Readonly<Record<string, Parts>> = {
  auditoria: { changing: ['revisada'], fixed: ['dia', 'usuario', 'acao', 'objeto'] },
};

/** The column that follows the changed key of another row of its table. */
const FOLLOWING: Readonly<Record<string, string>> = { [ITENS]: 'Item Principal' };

/** Tables that the hazard `quiet` keeps busy: they are none of the run's. */
const IDLE = /^oltp_simulator_quiet\./;

const PARTITION = /^(sinais_vitais)_\w+$/;

function textsOf({ table, operation, old, row }: DecodedChange): string[] {
  const root = PARTITION.exec(table)?.[1] ?? table;
  if (root in CONTENTS) return [`${root} ${operation} ${keyOf(root, old ?? row)}`];
  const key = keyOf(root, row);
  if (old === null || keyOf(root, old) === key) return [`${root} ${operation} ${key}`];
  return [`${root} delete ${keyOf(root, old)}`, `${root} insert ${key}`];
}

function keyOf(table: string, values: ReadonlyMap<string, string | null>): string {
  const contents = CONTENTS[table];
  if (contents !== undefined) return contentKey(values, contents);
  const parts = (KEYS[table] ?? ['id']).map((name) => values.get(name) ?? '');
  return parts.length === 1 ? parts[0]! : JSON.stringify(parts);
}
