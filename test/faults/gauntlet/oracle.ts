import type { TestDatabase } from '../../helpers/database.js';
import { contentKey, type Parts } from './content-key.js';
import {
  type DecodedChange,
  parseDecoded,
  parseMessage,
  parseTruncated,
} from './decoded-change.js';

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
  /** Tables that it truncated, sorted. */
  readonly truncated: readonly string[];
  /** Its transactional messages, in order. */
  readonly messages: readonly string[];
}

/** A transaction as the server's decoder has it. */
export interface DecodedTransaction extends SeenTransaction {
  /** By table: the added columns of each row that it inserted or updated, as a JSON object; each of them once. */
  readonly added: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The ends of transactions that stand in the WAL: their ids, and those of subtransactions. */
export interface WalEnds {
  readonly commits: ReadonlySet<number>;
  readonly aborts: ReadonlySet<number>;
  /** Transactions that took ids from a sequence, which gives these to others if the server crashes before their end. */
  readonly takers: ReadonlySet<number>;
  /** Names of prepared transactions, by their ids. */
  readonly prepared: ReadonlyMap<number, string>;
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
  /** Messages that do not depend on their transaction. */
  readonly looseMessages = new Set<string>();
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
  async transactions(): Promise<DecodedTransaction[]> {
    const transactions: DecodedTransaction[] = [];
    let content = new Content();
    for await (const { xid, data } of this.#lines()) {
      if (data.startsWith('BEGIN')) content = new Content();
      else if (!data.startsWith('COMMIT')) this.#take(data, content);
      // After a crash the slot goes back a little, and repeats transactions.
      else if (!content.isEmpty && !this.#seen.has(Number(xid))) {
        this.#seen.add(Number(xid));
        this.#count(content.changes);
        transactions.push(content.seenAs(Number(xid)));
      }
    }
    return transactions;
  }

  /** Takes a line between those of BEGIN and COMMIT, or of a message outside of them. */
  #take(line: string, content: Content): void {
    const message = parseMessage(line);
    if (message !== null) {
      if (message.prefix !== MESSAGE_PREFIX) return;
      if (message.transactional) content.messages.push(message.content);
      else this.looseMessages.add(message.content);
      return;
    }
    const truncated = parseTruncated(line);
    if (truncated !== null) {
      content.truncated.push(...truncated.filter((table) => !IDLE.test(table)));
      return;
    }
    const change = parseDecoded(line);
    if (change === null) throw new Error(`not understood: ${line}`);
    if (!IDLE.test(change.table)) content.changes.push(change);
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

  /** How transactions ended, by the WAL since the last time; null: this version cannot say. */
  async ends(): Promise<WalEnds | null> {
    if (this.#db.server.version < WITH_WALINSPECT) return null;
    const rows = await this.#db.query<{ xid: string; type: string; text: string }>(
      `SELECT xid::text, record_type AS type, description AS text
         FROM pg_get_wal_records_info($1, pg_current_wal_flush_lsn())
        WHERE resource_manager = 'Sequence'
           OR resource_manager = 'Transaction' AND record_type ~ '^(COMMIT|ABORT|PREPARE)'`,
      [this.#lsn],
    );
    const [now] = await this.#db.query<{ lsn: string }>(
      'SELECT pg_current_wal_flush_lsn()::text AS lsn',
    );
    this.#lsn = now?.lsn ?? this.#lsn;
    const idsOf = (end: RegExp) =>
      new Set(rows.filter(({ type }) => end.test(type)).flatMap(idsOfRecord));
    const prepared = rows.flatMap(({ type, xid, text }) => {
      const gid = type === 'PREPARE' ? GID.exec(text)?.[1] : undefined;
      return gid === undefined ? [] : [[Number(xid), gid] as const];
    });
    return {
      commits: idsOf(/^COMMIT/),
      aborts: idsOf(/^ABORT/),
      takers: idsOf(/^LOG$/),
      prepared: new Map(prepared),
    };
  }

  async end(): Promise<void> {
    await this.#db.query('SELECT pg_drop_replication_slot($1)', [SLOT]);
  }
}

/** The rows and messages of a transaction, one line after the other. */
class Content {
  readonly changes: DecodedChange[] = [];
  readonly truncated: string[] = [];
  readonly messages: string[] = [];

  get isEmpty(): boolean {
    return this.changes.length + this.truncated.length + this.messages.length === 0;
  }

  seenAs(xid: number): DecodedTransaction {
    const added = new Map<string, Set<string>>();
    for (const { table, operation, row } of this.changes) {
      const root = rootOf(table);
      const names = ADDED[root];
      if (operation === 'delete' || names === undefined) continue;
      const columns = names.filter((name) => row.has(name)).map((name) => [name, row.get(name)]);
      const seen = added.get(root) ?? new Set();
      added.set(root, seen.add(JSON.stringify(Object.fromEntries(columns))));
    }
    return {
      ...{ xid, added, messages: this.messages, truncated: this.truncated.sort() },
      changes: this.changes.flatMap(textsOf).sort(),
    };
  }
}

/** The prefix of the program's messages. */
const MESSAGE_PREFIX = 'oltp-simulator';
/** The name in the description of the record of PREPARE TRANSACTION. */
const GID = /^gid ([^:]+):/;
/** In the description of a record that ends a transaction. */
const SUBTRANSACTIONS = /; subxacts: ([\d ]+)/;

/** The ids of the transactions that a record ends: that of a prepared one is in the text, not its own. */
function idsOfRecord({ xid, text }: { xid: string; text: string }): number[] {
  const subtransactions = SUBTRANSACTIONS.exec(text)?.[1]?.trim().split(' ') ?? [];
  return [/^(\d+):/.exec(text)?.[1] ?? xid, ...subtransactions].map(Number);
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

/** Columns that changes of the schema add and drop, by table. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  prontuarios: ['revisao', 'versao'],
  sinais_vitais: ['aparelho', 'equipamento'],
  auditoria: ['origem'],
  [ITENS]: ['Lote Nº', 'Lote de Envio'],
};

/** The column that follows the changed key of another row of its table. */
const FOLLOWING: Readonly<Record<string, string>> = { [ITENS]: 'Item Principal' };

/** Tables that the hazard `quiet` keeps busy: the run does not have them. */
const IDLE = /^oltp_simulator_quiet\./;

const PARTITION = /^(sinais_vitais)_\w+$/;

/** The partitioned table of a partition, and any other table itself. */
function rootOf(table: string): string {
  return PARTITION.exec(table)?.[1] ?? table;
}

/** Whether rows of this table have no key: then those of the same contents are not told apart. */
export function hasNoKey(table: string): boolean {
  return table in CONTENTS;
}

function textsOf({ table, operation, old, row }: DecodedChange): string[] {
  const root = rootOf(table);
  if (hasNoKey(root)) return [`${root} ${operation} ${keyOf(root, old ?? row)}`];
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
