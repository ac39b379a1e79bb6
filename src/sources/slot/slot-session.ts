import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import { operatorErrorOf, withConnection } from '../../postgres/connect.js';
import { type Client, DatabaseError, escapeLiteral } from '../../postgres/driver.js';
import { describeFailure, placeOf } from '../../postgres/failures.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { parseLsn } from './lsn.js';
import { DecodeError } from './pgoutput.js';
import { createTemporarySlot } from './replication.js';

/** Between two statuses at most: the server gives a consumer up after 60 s of silence by default. */
const STATUS_MS = 10_000;
/** Statuses within the silence that the server allows: one or two may be late. */
const STATUSES_PER_TIMEOUT = 4;

/** duplicate_object */
const EXISTS = '42710';
/** object_in_use */
const IN_USE = '55006';
/** undefined_object */
const NO_SUCH_SLOT = '42704';

/** What is to be known before a slot is read. */
export interface SlotSession {
  /** What it was confirmed up to; 0n when that is unknown. */
  readonly position: bigint;
  /** How often the server wants to hear of us, in milliseconds. */
  readonly statusMs: number;
  /** Given to the server at initdb. */
  readonly system: string;
}

/** Makes the session write values in one way only, whatever the server's settings, and looks at the slot. */
export async function prepareSession(client: Client, slot: string): Promise<SlotSession> {
  await client.query(
    `SELECT set_config('IntervalStyle', 'postgres', false),
            set_config('extra_float_digits', '3', false),
            set_config('bytea_output', 'hex', false)`,
  );
  const { rows } = await client.query<{ timeout: number; position: string | null }>(
    `SELECT setting::int AS timeout,
            (SELECT confirmed_flush_lsn::text FROM pg_replication_slots
              WHERE slot_name = ${escapeLiteral(slot)}) AS position
       FROM pg_settings WHERE name = 'wal_sender_timeout'`,
  );
  const { timeout = 0, position = null } = rows[0] ?? {};
  const system = await client.query<{ systemid: string }>('IDENTIFY_SYSTEM');
  return {
    position: position === null ? 0n : (parseLsn(position) ?? 0n),
    // 0: the server waits for ever.
    statusMs:
      timeout === 0 ? STATUS_MS : Math.min(STATUS_MS, Math.ceil(timeout / STATUSES_PER_TIMEOUT)),
    system: system.rows[0]?.systemid ?? '',
  };
}

/**
 * Makes the slot, and returns its consistent point: what is committed after it is sent. The server waits
 * for the transactions that run; `signal` ends that.
 */
export async function makeTemporarySlot(
  client: Client,
  target: ConnectionTarget,
  slot: string,
  signal?: AbortSignal,
): Promise<bigint> {
  signal?.throwIfAborted();
  // Asked for, since a pooler makes a number up.
  const { rows: own } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // Cutting the connection would not do: a server that waits does not look at it.
  const cancel = () => {
    const ask = (other: Client) => other.query('SELECT pg_cancel_backend($1)', [own[0]?.pid]);
    withConnection(target, ask).catch(() => undefined);
  };
  signal?.addEventListener('abort', cancel);
  try {
    const { rows } = await client.query<{ consistent_point: string }>(createTemporarySlot(slot));
    return parseLsn(rows[0]?.consistent_point ?? '') ?? 0n;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === EXISTS) throw slotExists(target, slot);
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** The output plugin whose messages can be read. */
const PLUGIN = 'pgoutput';

/** Throws where the slot is there and can never be read: it decodes by another plugin, or not at all. */
export async function requirePgoutput(
  client: Client,
  target: ConnectionTarget,
  slot: string,
): Promise<void> {
  const { rows } = await client.query<{ plugin: string | null }>(
    'SELECT plugin FROM pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
  const [found] = rows;
  if (found === undefined || found.plugin === PLUGIN) return;
  const { plugin } = found;
  const where = placeOf(target);
  throw new OperatorError(EXIT.state, (m) =>
    plugin === null
      ? m.source.slotPhysical({ slot, where })
      : m.source.slotOtherPlugin({ slot, where, plugin }),
  );
}

/** A server from 18 on would go on without a publication that is not there, and send nothing of it. */
export async function requirePublications(
  client: Client,
  { database }: ConnectionTarget,
  publications: readonly string[],
): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT pubname AS name FROM pg_publication',
  );
  const names = new Set(rows.map(({ name }) => name));
  const publication = publications.find((name) => !names.has(name));
  if (publication === undefined) return;
  throw new SourceAbsent(EXIT.state, (m) => m.db.publicationMissing({ publication, database }));
}

/** There is a slot of that name that is not ours. */
export function slotExists(target: ConnectionTarget, slot: string): OperatorError {
  return new OperatorError(EXIT.state, (m) =>
    m.source.slotExists({ slot, where: placeOf(target) }),
  );
}

/** The server said goodbye: it is shut down. */
export function streamEnded(target: ConnectionTarget, slot: string): OperatorError {
  return new OperatorError(EXIT.unreachable, (m) =>
    m.db.streamEnded({ slot, where: placeOf(target) }),
  );
}

/** Whether the slot is being read by somebody else, which may be who we were before. */
export function isInUse(error: unknown): boolean {
  const cause = error instanceof OperatorError ? error.cause : error;
  return cause instanceof DatabaseError && cause.code === IN_USE;
}

/** What the server has against the slot or the publications is not what it has against rows. */
export function errorOfSlot(error: unknown, target: ConnectionTarget, slot: string): unknown {
  if (error instanceof DecodeError) return error;
  if (error instanceof DatabaseError && describeFailure(error).class !== 'critical') {
    const { message } = error;
    const where = placeOf(target);
    const Refusal = error.code === NO_SUCH_SLOT || isInUse(error) ? SourceAbsent : OperatorError;
    return new Refusal(
      EXIT.state,
      (m) =>
        isInUse(error)
          ? m.source.slotInUse({ slot, where, message })
          : m.db.slotRefused({ slot, where, message }),
      { cause: error },
    );
  }
  return operatorErrorOf(error, target);
}
