import type { TestDatabase } from '../../helpers/database.js';
import { type DecodedChange, parseDecoded } from './decoded-change.js';

const SLOT = 'oracle';

/**
 * A transaction as the ledger or the server has it: `table operation key` of each change, sorted. A composite key is
 * the JSON array of its values; rows of a table without a key have `*`. An update that changes the key is a delete and
 * an insert.
 */
export interface SeenTransaction {
  /** The low 32 bits of the transaction's id; null where it is unknown. */
  readonly xid: number | null;
  readonly changes: readonly string[];
}

/** The committed transactions by the server's own decoder and its WAL: no code of the program is part of it. */
export class Oracle {
  readonly #db: TestDatabase;
  readonly #seen = new Set<number>();
  #lsn: string;

  private constructor(db: TestDatabase, lsn: string) {
    this.#db = db;
    this.#lsn = lsn;
  }

  static async begin(db: TestDatabase): Promise<Oracle> {
    await db.query('CREATE EXTENSION IF NOT EXISTS pg_walinspect');
    await db.query("SET TimeZone = 'UTC'");
    const [slot] = await db.query<{ lsn: string }>(
      "SELECT lsn::text FROM pg_create_logical_replication_slot($1, 'test_decoding')",
      [SLOT],
    );
    return new Oracle(db, slot?.lsn ?? '0/0');
  }

  /** The transactions that changed rows since the last time, in the order of their commits. */
  async transactions(): Promise<SeenTransaction[]> {
    const rows = await this.#db.query<{ xid: string; data: string }>(
      'SELECT xid::text, data FROM pg_logical_slot_get_changes($1, NULL, NULL)',
      [SLOT],
    );
    const transactions: SeenTransaction[] = [];
    let changes: string[] = [];
    for (const { xid, data } of rows) {
      const change = parseDecoded(data);
      if (change !== null) changes.push(...textsOf(change));
      else if (data.startsWith('BEGIN')) changes = [];
      // After a crash the slot goes back a little, and repeats transactions.
      else if (changes.length > 0 && !this.#seen.has(Number(xid))) {
        this.#seen.add(Number(xid));
        transactions.push({ xid: Number(xid), changes: changes.sort() });
      }
    }
    return transactions;
  }

  /** Ids of all transactions whose commit stands in the WAL since the last time, and where it ends. */
  async commits(): Promise<Map<number, string>> {
    const rows = await this.#db.query<{ xid: string; lsn: string }>(
      `SELECT xid::text, end_lsn::text AS lsn
         FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn())
        WHERE resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%'`,
      [this.#lsn],
    );
    const [now] = await this.#db.query<{ lsn: string }>(
      'SELECT pg_current_wal_flush_lsn()::text AS lsn',
    );
    this.#lsn = now?.lsn ?? this.#lsn;
    return new Map(rows.map(({ xid, lsn }) => [Number(xid), lsn]));
  }

  async end(): Promise<void> {
    await this.#db.query('SELECT pg_drop_replication_slot($1)', [SLOT]);
  }
}

/** Keys that are not the column `id`, by table. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  sinais_vitais: ['paciente_id', 'medido_em'],
  prescricoes: ['codigo'],
  auditoria: [],
  'faturamento."Itens da Conta"': ['Código'],
};

const PARTITION = /^(sinais_vitais)_\w+$/;

function textsOf({ table, operation, old, row }: DecodedChange): string[] {
  const root = PARTITION.exec(table)?.[1] ?? table;
  const names = KEYS[root] ?? ['id'];
  if (names.length === 0) return [`${root} ${operation} *`];
  const keyOf = (values: ReadonlyMap<string, string | null>) => {
    const parts = names.map((name) => values.get(name) ?? '');
    return parts.length === 1 ? parts[0]! : JSON.stringify(parts);
  };
  const key = keyOf(row);
  if (operation !== 'update' || old === null || keyOf(old) === key) {
    return [`${root} ${operation} ${key}`];
  }
  return [`${root} delete ${keyOf(old)}`, `${root} insert ${key}`];
}
