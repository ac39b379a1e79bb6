import type { Hazards } from '../../src/hazards/hazards.js';
import type { Schema } from '../../src/schema/schema.js';
import { bulkIds, bulkWrites } from './rows.js';
import type { TimedPolicy } from './turn.js';

/** Rows at the beginning, in the middle, and at the end. */
const ROWS = 3;
const PARTS = 3;

/**
 * A transaction that stays open while others commit. Its ids are taken when it begins, so rows with higher ids are
 * committed before it: who reads by id has gone past them.
 */
export function long(
  { everyMs, lengthMs }: NonNullable<Hazards['long']>,
  schema: Schema,
): TimedPolicy {
  return {
    everyMs,
    lengthMs,
    ids: bulkIds(schema, PARTS, ROWS),
    happen: (turn) =>
      turn.transact(async (transaction) => {
        transaction.note('long');
        for (let part = 1; part <= PARTS; part++) {
          await transaction.write(bulkWrites(transaction.tools, ROWS));
          if (part < PARTS && !(await turn.wait(lengthMs / (PARTS - 1)))) return;
        }
      }),
  };
}
