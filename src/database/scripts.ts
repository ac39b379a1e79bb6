import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { EXIT, OperatorError } from '../errors.js';
import { packageRoot } from '../lib/package-root.js';
import { withConnection } from '../postgres/connect.js';
import { describeFailure } from '../postgres/failures.js';
import { hasSqlstate, SQLSTATE } from '../postgres/sqlstate.js';
import { addressOf, type ConnectionTarget, originsOf } from '../postgres/target.js';
import type { Schema, Script } from '../schema/schema.js';
import { schemaError, schemaState } from './schema.js';

/** Key of the advisory lock that serializes `init-db` in a database: 'init' in ASCII. */
const INIT_LOCK = 0x696e6974;
/** A script may be a deadlock's victim: running transactions lock tables in another order. */
const MAX_ATTEMPTS = 5;
/** The database to connect to in order to create another one: every server has it. */
export const MAINTENANCE_DATABASE = 'postgres';

/** Runs a file of `sql/` in one transaction; again after a deadlock or serialization failure. */
export async function runScript(client: Client, file: string): Promise<void> {
  await runSql(client, await readScript(file));
}

/** Runs statements in one transaction; again after a deadlock or serialization failure. */
export async function runSql(client: Client, statements: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query('BEGIN');
      await client.query(statements);
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      if (describeFailure(error).class !== 'retry' || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/**
 * Runs the scripts of a schema, which create its tables, indexes and lookup rows; existing ones stay as they are. Safe
 * to repeat and to run concurrently.
 * Throws an `OperatorError` if a table has other columns, or the role may not create.
 */
export async function initDb(
  client: Client,
  target: ConnectionTarget,
  schema: Schema,
): Promise<void> {
  await client.query('SELECT 1');
  await requireWritable(client, target, schema);
  await client.query('SELECT pg_advisory_lock($1)', [INIT_LOCK]);
  try {
    await requireNothingInTheWay(client, schema);
    for (const script of schema.scripts) {
      if (!(await isDone(client, script))) await runScript(client, script.file);
    }
  } catch (error) {
    throw creationError(error, client, target);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [INIT_LOCK]).catch(() => undefined);
  }
}

/**
 * Throws an `OperatorError` if the session cannot write the schema's rows: on a standby, with a read-only setting,
 * or in an encoding without their characters.
 */
export async function requireWritable(
  client: Client,
  target: ConnectionTarget,
  { characters }: Pick<Schema, 'characters'>,
): Promise<void> {
  const { rows } = await client.query<{ read_only: boolean }>(
    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS read_only",
  );
  if (rows[0]?.read_only === false) {
    // The server rejects a parameter that its encoding cannot represent.
    await client.query('SELECT $1::text', [characters]);
    return;
  }
  throw new OperatorError(EXIT.state, (m) =>
    m.db.readOnly({ where: addressOf(target), settings: originsOf(target, 'host') }),
  );
}

/** Creates the target's database if it does not exist. */
export async function ensureDatabase(target: ConnectionTarget): Promise<void> {
  await withConnection({ ...target, database: MAINTENANCE_DATABASE }, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      target.database,
    ]);
    if (rowCount !== 0) return;
    try {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(target.database)}`);
    } catch (error) {
      // Another process created it meanwhile.
      if (!hasSqlstate(error, SQLSTATE.DUPLICATE_DATABASE, SQLSTATE.UNIQUE_VIOLATION)) throw error;
    }
  });
}

/** Reads a file of `sql/`. */
export function readScript(file: string): Promise<string> {
  return readFile(join(packageRoot(), 'sql', file), 'utf8');
}

async function requireNothingInTheWay(client: Client, schema: Schema): Promise<void> {
  const state = await schemaState(client, schema.tables);
  if (typeof state === 'string') return;
  const inTheWay = state.problems.filter(({ kind }) => kind !== 'table-missing');
  if (inTheWay.length > 0) throw schemaError(inTheWay, client.database ?? '', schema);
}

async function isDone(client: Client, { done }: Script): Promise<boolean> {
  if (done === null) return false;
  const { rows } = await client.query<[boolean]>({ text: done, rowMode: 'array' });
  return rows[0]?.[0] === true;
}

function creationError(
  error: unknown,
  { user = '', database = '' }: Client,
  target: ConnectionTarget,
): unknown {
  if (!hasSqlstate(error, SQLSTATE.INSUFFICIENT_PRIVILEGE, SQLSTATE.INVALID_SCHEMA_NAME)) {
    return error;
  }
  const { message } = describeFailure(error);
  const settings = originsOf(target, 'user', 'searchPath');
  return new OperatorError(
    EXIT.state,
    (m) => m.db.cannotCreate({ user, database, message, settings }),
    { cause: error },
  );
}
