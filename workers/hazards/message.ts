import type { Client } from 'pg';
import { MESSAGE_PREFIX, type MessageRecord } from '../../src/ledger/format.js';
import type { Host } from './batch-hazards.js';
import type { HazardTransaction } from './transaction.js';

/** Adds one or two logical messages to a transaction; `emitMessages` sends them. */
export function addMessages(transaction: HazardTransaction, { nextMessage }: Host): void {
  const { random } = transaction.tools;
  const count = random() < 0.5 ? 1 : 2;
  for (let i = 0; i < count; i++) {
    transaction.addMessage({ content: nextMessage(), transactional: random() < 0.5 });
  }
  transaction.note('message');
}

/**
 * Emits the messages of a transaction that is entered in the ledger: one that is not transactional reaches pipelines
 * even if its transaction does not.
 */
export async function emitMessages(
  client: Client,
  messages: readonly MessageRecord[],
): Promise<void> {
  for (const { content, transactional } of messages) {
    await client.query('SELECT pg_logical_emit_message($1::boolean, $2::text, $3::text)', [
      transactional,
      MESSAGE_PREFIX,
      content,
    ]);
  }
}
