import { withConnection } from '../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import { TEMPLATE_DATABASE } from './cluster-template.js';
import type { TestServer } from './server.js';
import { waitFor } from './wait-for.js';

/** The server notices the end of a connection a moment after the client; more is a leak. */
const LEAK_DEADLINE_MS = 3_000;

let made = 0;

/** Runs a statement, and returns its rows. */
export type Query = <Row extends object>(
  text: string,
  values?: readonly unknown[],
) => Promise<Row[]>;

export interface TestDatabase {
  readonly server: TestServer;
  readonly name: string;
  readonly target: ConnectionTarget;
  /** Each on a connection of its own. */
  readonly query: Query;
}

/** Lends `body` one connection for all its statements: to ask again and again takes far less of the processor so. */
export function withSession<T>(
  { target }: TestDatabase,
  body: (session: { readonly query: Query }) => Promise<T>,
): Promise<T> {
  return withConnection(target, (client) =>
    body({
      query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
        (await client.query<Row>(text, [...values])).rows,
    }),
  );
}

/**
 * Lends `body` a database of its own, with schema and lookups (`empty`: without; `template`: a copy of that
 * database), and drops it. Fails when `body` leaves a connection open in it.
 */
export async function withDatabase<T>(
  server: TestServer,
  body: (db: TestDatabase) => Promise<T>,
  options: { readonly empty?: boolean; readonly template?: string } = {},
): Promise<T> {
  const name = `test_${process.pid}_${++made}`;
  const template = options.empty === true ? 'template0' : (options.template ?? TEMPLATE_DATABASE);
  await server.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const target = server.target(name);
  const query: Query = (text, values) => withSession(db, (session) => session.query(text, values));
  const db: TestDatabase = { server, name, target, query };
  let result: T;
  try {
    result = await body(db);
  } catch (error) {
    await drop(server, name).catch(() => undefined);
    throw error;
  }
  try {
    await requireNoConnection(server, name);
  } finally {
    await drop(server, name);
  }
  return result;
}

async function requireNoConnection(server: TestServer, database: string): Promise<void> {
  let left: string[] = [];
  const isAlone = async () => {
    const rows = await server.query<{ application_name: string; state: string; query: string }>(
      `SELECT application_name, state, query FROM pg_stat_activity
        WHERE datname = $1 AND backend_type = 'client backend'`,
      [database],
    );
    left = rows.map((row) => `${row.application_name} (${row.state}): ${row.query}`);
    return left.length === 0;
  };
  try {
    await waitFor(isAlone, { deadline: LEAK_DEADLINE_MS });
  } catch (error) {
    if (left.length === 0) throw error;
    throw new Error(`connections were left open in ${database}: ${left.join('; ')}`);
  }
}

async function drop(server: TestServer, name: string): Promise<void> {
  await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}
