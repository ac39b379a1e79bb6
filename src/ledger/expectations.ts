import { OPERATIONS } from '../schema/changes.js';
import type { Entries, Entry } from './entries.js';

/**
 * The required state of the rows of a block. `same`: all exist, last written by `xid`. `other`: all exist, last
 * written by another transaction than `xid`. `any`: all exist. `none`: no row exists.
 */
type Rule = 'same' | 'any' | 'none' | 'other';

export interface Expectation {
  readonly rule: Rule;
  readonly first: number;
  readonly last: number;
  /** Null for `any` and `none`. */
  readonly xid: number | null;
  /** The entry that the rule follows from. */
  readonly entry: Entry;
}

/**
 * Derives the required state of the database from a worker's transactions, block by block, in the order of keys. If
 * several transactions wrote a key, the last one that is not aborted decides.
 *
 * @param places by `Entry.transaction`: its place in time, if the numbers do not ascend in time
 */
export function* expectationsOf(
  entries: Entries,
  places: Uint32Array | null = null,
): Generator<Expectation> {
  const placeOf = (transaction: number) => places?.[transaction] ?? transaction;
  const byTime = (a: Entry, b: Entry) =>
    placeOf(a.transaction) - placeOf(b.transaction) || operationOf(a) - operationOf(b);
  const order = entries.order();
  let active: Entry[] = [];
  let at = 0;
  let position = 0;
  while (at < order.length || active.length > 0) {
    if (active.length === 0) position = entries.get(order[at]!).first;
    while (at < order.length) {
      const entry = entries.get(order[at]!);
      if (entry.first > position) break;
      active.push(entry);
      at++;
    }
    // The block ends where the set of entries changes.
    let end = at < order.length ? entries.get(order[at]!).first - 1 : Number.POSITIVE_INFINITY;
    for (const { last } of active) end = Math.min(end, last);
    const covering = active.length === 1 ? active : active.toSorted(byTime);
    yield* rulesOf(covering, position, end);
    position = end + 1;
    active = active.filter(({ last }) => last >= position);
  }
}

/** Derives the rules of a block from all entries that cover it, in the order of time. */
function* rulesOf(entries: readonly Entry[], first: number, last: number): Generator<Expectation> {
  const writes = entries.filter(({ write }) => write !== null);
  const decisive = writes.findLastIndex(({ fate }) => fate !== 'aborted');
  const entry = writes[decisive];
  const inserted = writes.find(({ write }) => write === 'insert');
  if (entry === undefined && (inserted !== undefined || writes.length === 0)) {
    // Only this run may use these ids, and no transaction of it was committed with them.
    const source = inserted ?? entries[0]!;
    return yield { rule: 'none', first, last, xid: null, entry: source };
  }
  if (entry?.fate === 'either') return;
  const leased = entries.find(({ write }) => write === null);
  const born = writes.some(({ write, fate }) => write === 'insert' && fate !== 'aborted');
  if (entry?.write === 'update' && leased !== undefined && !born) {
    // Only this run can have inserted the row, and its ledger has no such insert.
    return yield { rule: 'none', first, last, xid: null, entry: inserted ?? leased };
  }
  if (entry?.write === 'delete') return yield { rule: 'none', first, last, xid: null, entry };
  if (entry !== undefined && entry.xid !== null) {
    return yield { rule: 'same', first, last, xid: entry.xid, entry };
  }
  if (entry !== undefined) yield { rule: 'any', first, last, xid: null, entry };
  // Aborted updates and deletes leave the row as it was.
  for (const aborted of writes.slice(decisive + 1)) {
    const { xid } = aborted;
    yield { rule: xid === null ? 'any' : 'other', first, last, xid, entry: aborted };
  }
}

/** The place of an operation among those of a key in one transaction; leases come first. */
function operationOf({ write }: Entry): number {
  return write === null ? -1 : OPERATIONS.indexOf(write);
}
