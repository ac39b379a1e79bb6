import type { Client } from 'pg';
import { send } from '../src/postgres/packet.js';
import { BEGIN, lockParents } from '../src/postgres/statements.js';
import type { Statement } from '../src/postgres/wire.js';
import type { Returning } from '../src/run/protocol.js';
import type { Tables } from '../src/schema/tables.js';
import type { AnsweredWrite } from './batch-result.js';
import { cascadesOf, readBackBy, statementOf, type Write } from './writes.js';

/**
 * Sends the statements of some writes in one round trip, after a BEGIN if `begin`, and waits for every answer. Throws
 * the first failure.
 */
export async function sendWrites(
  client: Client,
  tables: Tables,
  writes: readonly Write[],
  { returning, begin }: { readonly returning: Returning; readonly begin: boolean },
): Promise<AnsweredWrite[]> {
  const statements: Statement[] = begin ? [BEGIN] : [];
  const sent = writes.map((write) => {
    const { table, operation, rows } = write;
    if (operation === 'insert' && table.links !== null) {
      statements.push(lockParents(table, table.links, rows));
    }
    const at = statements.push(statementOf(write, readBackBy(write, returning))) - 1;
    const cascades = cascadesOf(tables, write);
    for (const { statement } of cascades) statements.push(statement);
    return { write, at, cascades };
  });
  const answers = await send(client, statements);
  return sent.map(({ write, at, cascades }) => ({
    write,
    answer: answers[at],
    cascades: cascades.map((cascade, i) => ({ cascade, answer: answers[at + 1 + i] })),
  }));
}
