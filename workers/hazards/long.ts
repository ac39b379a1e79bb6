import type { Hazards } from '../../src/hazards/hazards.js';
import { bulkWrites } from './rows.js';
import type { TimedPolicy } from './turn.js';

/** Rows at the beginning, in the middle, and at the end. */
const ROWS = 3;
const PARTS = 3;

/**
 * A transaction that stays open while others commit. Its ids are taken when it begins, so rows with higher ids are
 * committed before it: who reads by id has gone past them.
 */
export function long({ everyMs, lengthMs }: NonNullable<Hazards['long']>): TimedPolicy {
  return {
    everyMs,
    lengthMs,
    happen: (turn) =>
      turn.transact(async (transaction) => {
        transaction.note('long');
        const { client, ids, schema } = transaction.tools;
        const { bulk } = schema.hazards;
        const tables = [schema.filler.name, ...(bulk === null ? [] : [schema.event(bulk).table])];
        for (const table of tables) await ids.reserve(client, table, PARTS * ROWS);
        for (let part = 1; part <= PARTS; part++) {
          await transaction.write(await bulkWrites(transaction.tools, ROWS));
          if (part < PARTS && !(await turn.wait(lengthMs / (PARTS - 1)))) return;
        }
      }),
  };
}
