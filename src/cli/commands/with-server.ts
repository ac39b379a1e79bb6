import type { Client } from 'pg';
import type { EmbeddedEvent } from '../../embedded/events.js';
import { type EmbeddedServer, openEmbedded } from '../../embedded/server.js';
import { monotonicMs } from '../../lib/clock.js';
import { unlessAborted } from '../../lib/signals.js';
import { connect, cut, operatorErrorOf } from '../../postgres/connect.js';
import { SideConnection } from '../../postgres/side-connection.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { causeKey, findWaits, watcherName } from '../../postgres/waits.js';
import type { CommandContext } from './context.js';

/** The parts of the embedded server that a command shows: its data folder and its log. */
export type OwnServer = Pick<EmbeddedServer, 'dir' | 'log'>;

/** Events of every command, for the debug log; an operator wants to see the others. */
const ROUTINE: readonly EmbeddedEvent['kind'][] = ['started', 'joined', 'left', 'stopped'];

/**
 * Runs `body` against the operator's server, or against the embedded one. If that is down, it is started, and stopped
 * again at the end, even a forced one, unless another command still uses it. Long waits are logged with their cause.
 *
 * @param body its second parameter is the embedded server; null: the server is the operator's
 */
export async function withServer<T>(
  context: CommandContext,
  body: (target: ConnectionTarget, own: OwnServer | null) => Promise<T>,
): Promise<T> {
  const { settings, messages, forced, interrupted } = context;
  const { server: named } = settings;
  const watched = (target: ConnectionTarget, own: OwnServer | null) =>
    unlessAborted(forced, () => watchingWaits(context, target, () => body(target, own)));
  if (named !== null) return watched(named, null);
  const log = context.log.component('db');
  const server = await openEmbedded({ ...settings.embedded, db: settings.db }, (event) => {
    const message = messages.db.embedded(event);
    if (event.kind === 'started') log.hint(messages.db.embeddedUp({ port: event.port }));
    if (ROUTINE.includes(event.kind)) log.debug(message);
    else log.info(message);
  });
  try {
    interrupted.throwIfAborted();
    return await watched(server.target, server);
  } finally {
    await server.release();
  }
}

/** Most commands end before the first look, and so need no connection for it. */
const LOOK_MS = 2_000;
/** The interval at which the same wait is logged again. */
const AGAIN_MS = 30_000;

/**
 * Runs `work`, and logs the cause when its sessions wait for seconds: a synchronous standby that is away, or
 * another session's lock.
 */
async function watchingWaits<T>(
  { log, messages }: CommandContext,
  target: ConnectionTarget,
  work: () => Promise<T>,
): Promise<T> {
  const out = log.component('db');
  const applicationName = watcherName(target.applicationName);
  const connection = new SideConnection({ ...target, applicationName });
  const began = monotonicMs();
  const loggedAt = new Map<string, number>();
  const look = async () => {
    const waits = await connection.ask((client) =>
      findWaits(client, (monotonicMs() - began) / 1000),
    );
    for (const wait of waits ?? []) {
      const cause = causeKey(wait);
      if (monotonicMs() - (loggedAt.get(cause) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) continue;
      loggedAt.set(cause, monotonicMs());
      out.warning(messages.db.waits(wait));
    }
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    connection.close();
  }
}

/** A catalogue is read in milliseconds; a server that needs seconds is taken for lost. */
const PATIENCE_SECONDS = 5;
/** For a server that has just been silent. */
export const NO_PATIENCE_SECONDS = 0.2;

/** Asks a database that may be lost, or hang, for a limited time: a run that is over does not wait for it. */
export async function lookOnce<T>(
  target: ConnectionTarget,
  look: (client: Client) => Promise<T>,
  patienceSeconds = PATIENCE_SECONDS,
): Promise<T> {
  const client = await connect({ ...target, connectTimeoutSeconds: patienceSeconds });
  const patience = setTimeout(() => cut(client), patienceSeconds * 1000);
  try {
    return await look(client);
  } catch (error) {
    throw operatorErrorOf(error, target);
  } finally {
    clearTimeout(patience);
    await client.end().catch(() => undefined);
  }
}
