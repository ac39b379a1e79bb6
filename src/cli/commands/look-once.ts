import type { Client } from 'pg';
import { connect, cut, operatorErrorOf } from '../../postgres/connect.js';
import type { ConnectionTarget } from '../../postgres/target.js';

/** A catalogue is read in milliseconds; a server that needs longer is not waited for. */
const PATIENCE_SECONDS = 5;
/** For one that has just been silent. */
export const NO_PATIENCE_SECONDS = 0.2;

/** Looks at a database that may be lost, or hang: a run that is over does not wait for it. */
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
