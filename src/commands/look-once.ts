import type { Client } from 'pg';
import { connect, cut, operatorErrorOf } from '../postgres/connect.js';
import type { ConnectionTarget } from '../postgres/target.js';

/** A catalogue is read in milliseconds; a server that needs longer is not waited for. */
const PATIENCE_SECONDS = 5;

/** Looks at a database that may be lost, or hang: a run that is over does not wait for it. */
export async function lookOnce<T>(
  target: ConnectionTarget,
  look: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect({ ...target, connectTimeoutSeconds: PATIENCE_SECONDS });
  const patience = setTimeout(() => cut(client), PATIENCE_SECONDS * 1000);
  try {
    return await look(client);
  } catch (error) {
    throw operatorErrorOf(error, target);
  } finally {
    clearTimeout(patience);
    await client.end().catch(() => undefined);
  }
}
