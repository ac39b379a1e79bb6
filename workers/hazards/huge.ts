import type { Hazards } from '../../src/hazards/hazards.js';
import { countKeys } from '../../src/ledger/keys.js';
import { type EncodedChange, intentOf } from '../../src/ledger/writer.js';
import type { Schema } from '../../src/schema/schema.js';
import type { Tables } from '../../src/schema/tables.js';
import { type AnsweredWrite, BatchResult } from '../batch-result.js';
import { bulkIds, bulkWrites } from './rows.js';
import type { TimedPolicy } from './turn.js';

/** Rows of one round trip: some milliseconds of a thread, after which it looks whether the run is to end. */
const CHUNK = 1_000;

/** A transaction of many rows. Their memory is bounded: a chunk is encoded for the ledger, and dropped. */
export function huge({ everyMs, rows }: NonNullable<Hazards['huge']>, schema: Schema): TimedPolicy {
  return {
    everyMs,
    lengthMs: 0,
    ids: bulkIds(schema, Math.ceil(rows / CHUNK), Math.min(rows, CHUNK)),
    happen: (turn) =>
      turn.transact(async (transaction) => {
        transaction.note('huge');
        for (let left = rows; left > 0; left -= CHUNK) {
          const writes = bulkWrites(transaction.tools, Math.min(left, CHUNK));
          const answers = await transaction.send(writes);
          transaction.addEncoded(encoded(schema.tables, answers));
          if (!(await turn.wait(0))) return;
        }
      }),
  };
}

function encoded(tables: Tables, answers: readonly AnsweredWrite[]): EncodedChange[] {
  const result = new BatchResult(null);
  for (const answered of answers) result.add(answered);
  const { changes } = result.outcome();
  const intent = { xid: null, lsn: null, changes, subtransactions: false };
  const { rows, prints = {} } = intentOf(tables, intent, 0, 0);
  return changes.map(({ table, operation }) => {
    const keys = rows[table]?.[operation] ?? [];
    const count = countKeys(keys);
    return { table, operation, keys, prints: prints[table]?.[operation] ?? null, count };
  });
}
