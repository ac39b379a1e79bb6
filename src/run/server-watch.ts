import type { Client } from 'pg';
import { SideConnection } from '../postgres/side-connection.js';
import { requireTables, type TableOids, TablesGone } from '../postgres/table-oids.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Tables } from '../schema/tables.js';
import type { SlotState } from './series.js';

/** The state of the server at one look. */
export interface ServerState {
  /** WAL written so far, in bytes. */
  readonly walBytes: number;
  readonly slots: readonly SlotState[];
}

/**
 * Looks at the server's WAL, its replication slots and the run's tables, over a connection of its own that only reads.
 * A role without the right, or a server that is away, makes a look without a result, never a failure.
 */
export class ServerWatch {
  readonly #connection: SideConnection;
  readonly #tables: Tables;
  readonly #oids: TableOids;
  readonly #onGone: (error: TablesGone) => void;

  /** `onGone`: called when the tables of the run were dropped or made anew. */
  constructor(
    target: ConnectionTarget,
    tables: Tables,
    oids: TableOids,
    onGone: (error: TablesGone) => void,
  ) {
    this.#connection = new SideConnection(target);
    this.#tables = tables;
    this.#oids = oids;
    this.#onGone = onGone;
  }

  /** The server's state; null if the look has no result. */
  look(): Promise<ServerState | null> {
    return this.#connection.ask(async (client) => {
      try {
        await requireTables(client, this.#tables, this.#oids);
      } catch (error) {
        if (error instanceof TablesGone) this.#onGone(error);
        throw error;
      }
      return stateOf(client);
    });
  }

  close(): void {
    this.#connection.close();
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
