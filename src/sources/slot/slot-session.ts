import { EXIT, OperatorError, SourceAbsent } from '../../errors.js';
import { operatorErrorOf, withConnection } from '../../postgres/connect.js';
import { type Client, DatabaseError, escapeLiteral } from '../../postgres/driver.js';
import { describeFailure } from '../../postgres/failures.js';
import { parseLsn } from '../../postgres/lsn.js';
import { hasSqlstate, SQLSTATE } from '../../postgres/sqlstate.js';
import { addressOf, type ConnectionTarget } from '../../postgres/target.js';
import { DecodeError } from './byte-reader.js';
import { createTemporarySlot } from './replication.js';
import { PreparedBefore } from './unfinished.js';

/** Limit between two statuses; by default the server gives up a silent consumer after 60 s. */
const STATUS_MS = 10_000;
/** Statuses per `wal_sender_timeout`, so that one or two may be late. */
const STATUSES_PER_TIMEOUT = 4;

/** PostgreSQL 14 has slots with two_phase, but its pgoutput sends prepared transactions when they are committed. */
const TWO_PHASE_VERSION = 150_000;

/** The state of slot and server before streaming. */
export interface SlotSession {
  /** The slot's confirmed position; 0n when unknown. */
  readonly position: bigint;
  /** Between two statuses, in milliseconds. */
  readonly statusMs: number;
  /** The server's system identifier, made by initdb. */
  readonly system: string;
  /** The slot sends transactions when they are prepared. */
  readonly twoPhase: boolean;
}

/** Sets the session's formats of values, so that the server's settings have no effect, and reads the slot's state. */
export async function prepareSession(client: Client, slot: string): Promise<SlotSession> {
  await client.query(
    `SELECT set_config('DateStyle', 'ISO', false),
            set_config('TimeZone', 'UTC', false),
            set_config('IntervalStyle', 'postgres', false),
            set_config('extra_float_digits', '1', false),
            set_config('bytea_output', 'hex', false)`,
  );
  const { rows } = await client.query<{
    timeout: number;
    position: string | null;
    two_phase: boolean | null;
  }>(
    `SELECT setting::int AS timeout, slot.confirmed_flush_lsn::text AS position,
            slot.two_phase AND current_setting('server_version_num')::int >= ${TWO_PHASE_VERSION} AS two_phase
       FROM pg_settings LEFT JOIN pg_replication_slots slot ON slot_name = ${escapeLiteral(slot)}
      WHERE name = 'wal_sender_timeout'`,
  );
  const { timeout = 0, position = null, two_phase = null } = rows[0] ?? {};
  const system = await client.query<{ systemid: string }>('IDENTIFY_SYSTEM');
  return {
    position: position === null ? 0n : (parseLsn(position) ?? 0n),
    // A timeout of 0: the server waits forever.
    statusMs:
      timeout === 0 ? STATUS_MS : Math.min(STATUS_MS, Math.ceil(timeout / STATUSES_PER_TIMEOUT)),
    system: system.rows[0]?.systemid ?? '',
    twoPhase: two_phase === true,
  };
}

/**
 * Makes the slot and returns its consistent point: transactions that commit after it are sent. The server first waits
 * for running transactions; `signal` ends that wait.
 */
export async function makeTemporarySlot(
  client: Client,
  target: ConnectionTarget,
  slot: string,
  signal?: AbortSignal,
): Promise<bigint> {
  signal?.throwIfAborted();
  // Queried, since a pooler makes up the backend's pid of the protocol.
  const { rows: own } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  // Closing the connection is not enough: a server that waits does not notice it.
  const cancel = () => {
    const ask = (other: Client) => other.query('SELECT pg_cancel_backend($1)', [own[0]?.pid]);
    withConnection(target, ask).catch(() => undefined);
  };
  signal?.addEventListener('abort', cancel);
  try {
    const { rows } = await client.query<{ consistent_point: string }>(createTemporarySlot(slot));
    return parseLsn(rows[0]?.consistent_point ?? '') ?? 0n;
  } catch (error) {
    if (hasSqlstate(error, SQLSTATE.DUPLICATE_OBJECT)) throw slotExists(target, slot);
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

/** The output plugin that `pgoutput.ts` decodes. */
const PLUGIN = 'pgoutput';

/** Throws where the slot exists and cannot be read: it has another plugin, or is physical. */
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
  const where = addressOf(target);
  throw new OperatorError(EXIT.state, (m) =>
    plugin === null
      ? m.sources.slotPhysical({ slot, where })
      : m.sources.slotOtherPlugin({ slot, where, plugin }),
  );
}

/** Throws where a publication is missing: a server from 18 on would only skip it. */
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

/** The error for a slot of that name that is not ours. */
export function slotExists(target: ConnectionTarget, slot: string): OperatorError {
  return new OperatorError(EXIT.state, (m) =>
    m.sources.slotExists({ slot, where: addressOf(target) }),
  );
}

/** The error for a server that ended the stream: it is shut down. */
export function streamEnded(target: ConnectionTarget, slot: string): OperatorError {
  return new OperatorError(EXIT.unreachable, (m) =>
    m.db.streamEnded({ slot, where: addressOf(target) }),
  );
}

/** Whether the slot is in use, perhaps still by our connection before. */
export function isInUse(error: unknown): boolean {
  const cause = error instanceof OperatorError ? error.cause : error;
  return hasSqlstate(cause, SQLSTATE.OBJECT_IN_USE);
}

/** The operator's error for a failure of the slot or its publications, which differs from a failed row's. */
export function errorOfSlot(error: unknown, target: ConnectionTarget, slot: string): unknown {
  if (error instanceof DecodeError || error instanceof PreparedBefore) return error;
  if (error instanceof DatabaseError && describeFailure(error).class !== 'critical') {
    const { message } = error;
    const where = addressOf(target);
    const Refusal =
      error.code === SQLSTATE.UNDEFINED_OBJECT || isInUse(error) ? SourceAbsent : OperatorError;
    return new Refusal(
      EXIT.state,
      (m) =>
        isInUse(error)
          ? m.sources.slotInUse({ slot, where, message })
          : m.db.slotRefused({ slot, where, message }),
      { cause: error },
    );
  }
  return operatorErrorOf(error, target);
}
