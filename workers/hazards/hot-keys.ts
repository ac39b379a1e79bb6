import { sleep } from '../../src/lib/clock.js';
import { ALWAYS } from '../../src/schema/event.js';
import type { Host } from './batch-hazards.js';
import { change, wroteAny } from './new-rows.js';
import type { HazardTransaction } from './transaction.js';
import { Zipf } from './zipf.js';

/** Updates of a batch: two are enough for a deadlock, and each holds its lock until the end. */
const FEWEST_UPDATES = 2;
const MOST_UPDATES = 4;
/** From one update to the next, at most: time for others to lock what the next one needs. */
const PAUSE_MS = 5;

/** The rows that all connections fight over, by their ids: the first ones most of all. */
export class HotKeys {
  readonly #ids: readonly number[];
  readonly #zipf: Zipf | null;

  constructor(ids: readonly number[]) {
    this.#ids = ids;
    this.#zipf = ids.length === 0 ? null : new Zipf(ids.length);
  }

  /** Ids in the order of their updates; one may come several times. None where there are no hot rows. */
  draw(random: () => number): readonly number[] {
    const zipf = this.#zipf;
    if (zipf === null) return [];
    const count = FEWEST_UPDATES + Math.floor(random() * (MOST_UPDATES - FEWEST_UPDATES + 1));
    return Array.from({ length: count }, () => this.#ids[zipf.rank(random())]!);
  }
}

/**
 * Updates hot rows one after the other, in drawn order: connections wait for each other, and some deadlock. The WAL
 * position of the transaction is read with the last update, under the locks of all: of two transactions that update one
 * row, the first has the lower one.
 */
export async function updateHotRows(
  transaction: HazardTransaction,
  { hotKeys }: Host,
): Promise<void> {
  const { schema, maker, random } = transaction.tools;
  const { hot } = schema.hazards;
  if (hot === null) return;
  const { columns } = hot;
  const open = { type: 'hot-keys', change: { columns, open: ALWAYS }, deletable: ALWAYS };
  for (const [i, id] of hotKeys.draw(random).entries()) {
    if (i > 0) await sleep(random() * PAUSE_MS);
    // Another moment at each update, so that its values are new.
    const moment = Math.floor(random() * Number.MAX_SAFE_INTEGER);
    const row = [id, ...hot.values(maker, id, moment)];
    const update = change(schema.tables.get(hot.table), 'update', [row], open);
    if (wroteAny(await transaction.writeWhole([update]))) transaction.note('hot-keys');
  }
}
