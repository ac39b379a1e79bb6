import { ALWAYS } from '../../src/schema/event.js';
import { changesKey } from '../../src/schema/key.js';
import { idOf, type Row, type Table } from '../../src/schema/table.js';
import type { AnsweredWrite } from '../batch-result.js';
import type { Write } from '../writes.js';
import type { Host } from './batch-hazards.js';
import { change, insertion, newRows } from './new-rows.js';
import type { HazardTransaction } from './transaction.js';

/** Savepoints within each other, at most. */
const MOST_DEPTH = 4;
/** Rows of one savepoint, at most. */
const MOST_ROWS = 2;

/** A savepoint with rows of its own, and with others after them. */
export interface Nest {
  readonly rows: number;
  /** Rolled back, with all that is in it, and not released. */
  readonly undone: boolean;
  readonly inner: readonly Nest[];
}

/**
 * Draws a savepoint that is released, with one in it that is rolled back and one that is released. The one that is rolled
 * back may have further ones in it, which are released or rolled back.
 */
export function drawNest(random: () => number): Nest {
  const rows = () => 1 + Math.floor(random() * MOST_ROWS);
  const chain = (depth: number, undone: boolean): Nest => {
    return { rows: rows(), undone, inner: depth > 1 ? [chain(depth - 1, random() < 0.5)] : [] };
  };
  const depth = 1 + Math.floor(random() * (MOST_DEPTH - 1));
  const kept = { rows: rows(), undone: false, inner: [] };
  return { rows: rows(), undone: false, inner: [chain(depth, true), kept] };
}

/** The rows of a savepoint and of those in it. */
export function rowsOf({ rows, inner }: Nest): number {
  return inner.reduce((sum, nest) => sum + rowsOf(nest), rows);
}

/** Writes rows in nested savepoints, of which some are rolled back, with an update of a row of the batch. */
export async function nestSavepoints(transaction: HazardTransaction, host: Host): Promise<void> {
  const { tools } = transaction;
  const { schema, random } = tools;
  const { bulk } = schema.hazards;
  if (bulk === null) return;
  const spec = schema.event(bulk);
  const nest = drawNest(random);
  const count = rowsOf(nest);
  const rows = await newRows(tools, spec, count);
  if (rows.length < count) return;
  transaction.noteSubtransactions();
  const nesting = new Nesting(
    transaction,
    schema.tables.get(spec.table),
    rows,
    undoing(tools, host),
  );
  transaction.add(await nesting.write(nest));
  transaction.note('savepoints');
}

/** An update, to be undone, of a row that the batch inserted; none where it inserted none that can be changed. */
function undoing({ schema, maker, now }: HazardTransaction['tools'], host: Host): readonly Write[] {
  const { outcome, batch } = host;
  const { spec } = batch;
  const table = schema.tables.get(spec.table);
  const { columns, momentOf, values } = spec.change;
  if (table.keyKind !== 'id' || changesKey(table, columns)) return [];
  const inserted = outcome.changes.find(
    (written) => written.table === table.name && written.operation === 'insert',
  );
  const [row] = inserted?.stored ?? inserted?.rows ?? [];
  const at = row === undefined ? null : momentOf(row);
  if (row === undefined || at === null || Number.isNaN(at)) return [];
  const key = [idOf(row)];
  const update = [...key, ...values(maker, { key, at }, now)];
  const open = {
    type: `undone-${spec.type}`,
    change: { columns, open: ALWAYS },
    deletable: ALWAYS,
  };
  return [change(table, 'update', [update], open)];
}

class Nesting {
  readonly #transaction: HazardTransaction;
  readonly #table: Table;
  /** Not written yet. */
  readonly #rows: Row[];
  /** To be written with the first rows that are undone. */
  #undoing: readonly Write[];
  #level = 0;

  constructor(
    transaction: HazardTransaction,
    table: Table,
    rows: readonly Row[],
    undoing: readonly Write[],
  ) {
    this.#transaction = transaction;
    this.#table = table;
    this.#rows = [...rows];
    this.#undoing = undoing;
  }

  /** Writes a savepoint with those in it. Returns the answers of the writes that were not undone. */
  async write({ rows, undone, inner }: Nest): Promise<readonly AnsweredWrite[]> {
    const { client } = this.#transaction.tools;
    const name = `hazard_${++this.#level}`;
    const writes = [insertion(this.#table, this.#rows.splice(0, rows))];
    if (undone) writes.push(...this.#undoing);
    if (undone) this.#undoing = [];
    await client.query(`SAVEPOINT ${name}`);
    const answers = [...(await this.#transaction.send(writes))];
    for (const nest of inner) answers.push(...(await this.write(nest)));
    if (undone) await client.query(`ROLLBACK TO SAVEPOINT ${name}`);
    await client.query(`RELEASE SAVEPOINT ${name}`);
    this.#level--;
    if (!undone) return answers;
    this.#transaction.addUndone(answers);
    return [];
  }
}
