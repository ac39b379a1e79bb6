import { OPERATIONS } from '../schemas/hospital/changes.js';
import type { Entries, Entry } from './entries.js';

/**
 * What must hold of the rows with the keys of a block. `same`: all are there, last written by `xid`.
 * `any`: all are there. `none`: none is. `other`: all are there, last written by another than `xid`.
 */
export type Rule = 'same' | 'any' | 'none' | 'other';

export interface Expectation {
  readonly rule: Rule;
  readonly first: number;
  readonly last: number;
  /** Null unless the rule is about it. */
  readonly xid: number | null;
  /** What of the ledger it follows from. */
  readonly entry: Entry;
}

/**
 * What the database must hold after a worker's transactions, block by block, in the order of keys. Of a key
 * that several transactions are about, the last one that is not aborted decides.
 */
export function* expectationsOf(entries: Entries): Generator<Expectation> {
  const order = entries.order();
  let active: Entry[] = [];
  let at = 0;
  let position = 0;
  while (at < order.length || active.length > 0) {
    if (active.length === 0) position = entries.get(order[at]!).first;
    while (at < order.length) {
      const entry = entries.get(order[at]!);
      if (entry.first > position) {
        break;
      }
      active.push(entry);
      at++;
    }
    // Up to where the same entries are about every key.
    let end = at < order.length ? entries.get(order[at]!).first - 1 : Number.POSITIVE_INFINITY;
    for (const { last } of active) end = Math.min(end, last);
    yield* judge(active, position, end);
    position = end + 1;
    active = active.filter(({ last }) => last >= position);
  }
}

/** What follows from all entries about the keys of a block. */
function* judge(about: readonly Entry[], first: number, last: number): Generator<Expectation> {
  const entries = about.length === 1 ? about : [...about].sort(byTime);
  const writes = entries.filter(({ write }) => write !== null);
  const decisive = writes.findLastIndex(({ fate }) => fate !== 'aborted');
  const entry = writes[decisive];
  const inserted = writes.find(({ write }) => write === 'insert');
  if (entry === undefined && (inserted !== undefined || writes.length === 0)) {
    // Ids of this run alone, that no transaction brought in.
    const source = inserted ?? entries[0]!;
    return yield { rule: 'none', first, last, xid: null, entry: source };
  }
  if (entry?.fate === 'either') return;
  const leased = entries.find(({ write }) => write === null);
  const born = writes.some(({ write, fate }) => write === 'insert' && fate !== 'aborted');
  if (entry?.write === 'update' && leased !== undefined && !born) {
    // Nobody but this run can have brought the row in, and it says that it did not.
    return yield { rule: 'none', first, last, xid: null, entry: inserted ?? leased };
  }
  if (entry?.write === 'delete') return yield { rule: 'none', first, last, xid: null, entry };
  if (entry !== undefined && entry.xid !== null) {
    return yield { rule: 'same', first, last, xid: entry.xid, entry };
  }
  if (entry !== undefined) yield { rule: 'any', first, last, xid: null, entry };
  // Aborted updates and deletes: the row is as it was before.
  for (const aborted of writes.slice(decisive + 1)) {
    const { xid } = aborted;
    yield { rule: xid === null ? 'any' : 'other', first, last, xid, entry: aborted };
  }
}

function byTime(a: Entry, b: Entry): number {
  return (
    a.transaction - b.transaction ||
    (a.write === null ? -1 : OPERATIONS.indexOf(a.write)) -
      (b.write === null ? -1 : OPERATIONS.indexOf(b.write))
  );
}
