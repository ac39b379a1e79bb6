import type { Client } from 'pg';
import { connect, cut } from '../postgres/connect.js';
import { requireTables, type TableOids, TablesGone } from '../postgres/table-oids.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { SlotState } from '../report/series.js';

/** After a failure the server is left alone for so many looks. */
const LOOKS_SKIPPED = 5;
/** A server that does not answer is not asked again by another look. */
const PATIENCE_SECONDS = 5;

/** What the server told at a look. */
export interface ServerState {
  /** WAL written so far, in bytes. */
  readonly walBytes: number;
  readonly slots: readonly SlotState[];
}

/**
 * Looks at the server's WAL, its replication slots and the tables over a connection of its own, reading only. What
 * the role may not see, or a server that is away, makes a look without a result, never a failure.
 */
export class ServerWatch {
  readonly #target: ConnectionTarget;
  readonly #tables: TableOids;
  readonly #onGone: (error: TablesGone) => void;
  #client: Client | null = null;
  #skip = 0;
  #looking = false;
  #closed = false;

  /** `onGone`: told when the tables are not those any more that the run began with. */
  constructor(target: ConnectionTarget, tables: TableOids, onGone: (error: TablesGone) => void) {
    this.#target = { ...target, connectTimeoutSeconds: PATIENCE_SECONDS };
    this.#tables = tables;
    this.#onGone = onGone;
  }

  /** The server's state, or null when it can't be told now. */
  async look(): Promise<ServerState | null> {
    if (this.#closed || this.#looking || this.#skip-- > 0) return null;
    this.#skip = 0;
    this.#looking = true;
    const patience = setTimeout(() => this.#leave(), PATIENCE_SECONDS * 1000);
    try {
      this.#client ??= await connect(this.#target);
      await requireTables(this.#client, this.#tables);
      return await stateOf(this.#client);
    } catch (error) {
      if (error instanceof TablesGone && !this.#closed) this.#onGone(error);
      this.#skip = LOOKS_SKIPPED;
      this.#leave();
      return null;
    } finally {
      clearTimeout(patience);
      this.#looking = false;
      if (this.#closed) this.#leave();
    }
  }

  close(): void {
    this.#closed = true;
    this.#leave();
  }

  /** Cuts the connection: a polite end would wait for a server that hangs. */
  #leave(): void {
    const client = this.#client;
    this.#client = null;
    if (client !== null) cut(client);
  }
}

async function stateOf(client: Client): Promise<ServerState> {
  const { rows } = await client.query<SlotState & { wal: number; name: string | null }>(
    `SELECT (now_at - '0/0')::float8 AS wal, s.slot_name AS name, s.active, s.wal_status,
            (now_at - s.restart_lsn)::float8 AS retained_bytes,
            (now_at - s.confirmed_flush_lsn)::float8 AS lag_bytes
       FROM pg_current_wal_lsn() AS now_at LEFT JOIN pg_replication_slots s ON true
      ORDER BY s.slot_name`,
  );
  return {
    walBytes: rows[0]?.wal ?? 0,
    slots: rows.flatMap(({ wal, name, ...slot }) => (name === null ? [] : [{ name, ...slot }])),
  };
}
