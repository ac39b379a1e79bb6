import { OPERATIONS } from '../schema/changes.js';
import type { Entries, Entry } from './entries.js';
import type { Remains } from './truncates.js';

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
  /** Of `none`: a TRUNCATE emptied the table after the entry. */
  readonly emptied?: true;
}

/** Tells which rows of a transaction a TRUNCATE left, by its number (`Entry.transaction`). */
type RemainsOf = (transaction: number) => Remains;

/**
 * Derives the required state of the database from a worker's transactions, block by block, in the order of keys. If
 * several transactions wrote a key, the last one that is not aborted decides. A transaction may write a key several
 * times: the row is there afterwards as before it, plus its inserts, minus its deletes.
 *
 * @param places by `Entry.transaction`: its place in time, if the numbers do not ascend in time
 * @param remainsOf null: the run did not truncate the table
 */
export function* expectationsOf(
  entries: Entries,
  places: Uint32Array | null = null,
  remainsOf: RemainsOf | null = null,
): Generator<Expectation> {
  const placeOf = (transaction: number) => places?.[transaction] ?? transaction;
  const byTime = (a: Entry, b: Entry) =>
    placeOf(a.transaction) - placeOf(b.transaction) || operationOf(a) - operationOf(b);
  const order = entries.order();
  /** The entries that cover the position, in the order of time. */
  const active: Entry[] = [];
  let at = 0;
  let position = 0;
  while (at < order.length || active.length > 0) {
    if (active.length === 0) position = entries.firstOf(order[at]!);
    while (at < order.length && entries.firstOf(order[at]!) <= position) {
      const entry = entries.get(order[at++]!);
      const later = active.findLastIndex((each) => byTime(each, entry) <= 0) + 1;
      active.splice(later, 0, entry);
    }
    // The block ends where the set of entries changes.
    let end = at < order.length ? entries.firstOf(order[at]!) - 1 : Number.POSITIVE_INFINITY;
    for (const { last } of active) end = Math.min(end, last);
    const plain = remainsOf === null ? ruleOfLast(active, position, end) : null;
    if (plain === null) yield* rulesOf(active, position, end, remainsOf);
    else yield plain;
    position = end + 1;
    for (let i = active.length - 1; i >= 0; i--) {
      if (active[i]!.last < position) active.splice(i, 1);
    }
  }
}

/**
 * The rule of a block whose last transaction is committed and has one entry there: the usual case. Null: another one, for
 * `rulesOf`.
 */
function ruleOfLast(entries: readonly Entry[], first: number, last: number): Expectation | null {
  const entry = entries.at(-1)!;
  const { write, fate, xid } = entry;
  if (write === null || fate !== 'committed') return null;
  const before = entries.at(-2);
  if (before !== undefined && before.write !== null && before.transaction === entry.transaction) {
    return null;
  }
  if (write === 'delete') return { rule: 'none', first, last, xid: null, entry };
  if (write === 'update' && !isBorn(entries)) return null;
  return { rule: xid === null ? 'any' : 'same', first, last, xid, entry };
}

/** Whether a row may have been there: this run alone may insert leased ids, and did so; or they are not leased. */
function isBorn(entries: readonly Entry[]): boolean {
  const isLeased = entries.some(({ write }) => write === null);
  return !isLeased || entries.some(({ write, fate }) => write === 'insert' && fate !== 'aborted');
}

/** The effect of one transaction on a row. */
interface Effect {
  readonly fate: Entry['fate'];
  readonly remains: Remains;
  /**
   * Inserts minus deletes. Above 0, the row is there after the transaction, and was not before; below 0, the other way
   * round.
   */
  readonly balance: number;
  /** The first insert, the last insert or update, and the last delete. */
  readonly inserted: Entry | undefined;
  readonly written: Entry | undefined;
  readonly deleted: Entry | undefined;
}

type Presence = 'present' | 'absent' | 'unknown';

/** Derives the rules of a block from all entries that cover it, in the order of time. */
function* rulesOf(
  entries: readonly Entry[],
  first: number,
  last: number,
  remainsOf: RemainsOf | null,
): Generator<Expectation> {
  const block = { first, last };
  const none = (entry: Entry) => ({ rule: 'none', ...block, xid: null, entry }) as const;
  const leased = entries.find(({ write }) => write === null);
  const effects = effectsOf(entries, remainsOf);
  const decisive = effects.findLastIndex(({ fate }) => fate !== 'aborted');
  const effect = effects[decisive];
  if (effect === undefined) {
    const born = effects.find(({ balance }) => balance > 0)?.inserted;
    // Only this run may use these ids, and no transaction of it was committed with them.
    const unused = born ?? (effects.length === 0 ? leased : undefined);
    if (unused !== undefined) return yield none(unused);
    const [{ remains, balance, inserted, written, deleted }] = effects as [Effect];
    // Inserted and deleted: the row may have been there before or not.
    if (remains === 'either' || (inserted !== undefined && balance === 0)) return;
    if (remains === 'emptied') return yield { ...none((written ?? deleted)!), emptied: true };
  } else {
    const presence = presenceAfter(effects, decisive, leased !== undefined);
    if (presence === 'unknown') return;
    const { written, deleted } = effect;
    if (presence === 'absent') {
      const emptied = effect.remains === 'emptied';
      const entry = (emptied ? (written ?? deleted) : (deleted ?? leased ?? written))!;
      return yield emptied ? { ...none(entry), emptied } : none(entry);
    }
    const entry = written!;
    const { xid } = entry;
    if (xid !== null) return yield { rule: 'same', ...block, xid, entry };
    yield { rule: 'any', ...block, xid, entry };
  }
  // Aborted updates and deletes leave the row as it was.
  for (const { written, deleted } of effects.slice(decisive + 1)) {
    const entry = (written ?? deleted)!;
    const { xid } = entry;
    yield { rule: xid === null ? 'any' : 'other', ...block, xid, entry };
  }
}

/** The effects of the transactions of a row, in the order of time. */
function effectsOf(entries: readonly Entry[], remainsOf: RemainsOf | null): Effect[] {
  const effects: Effect[] = [];
  for (let i = 0; i < entries.length; ) {
    const { transaction, fate, write } = entries[i]!;
    const begin = i++;
    if (write === null) continue;
    while (i < entries.length && entries[i]!.transaction === transaction) i++;
    const own = i === begin + 1 ? [entries[begin]!] : entries.slice(begin, i);
    const count = (operation: Entry['write']) =>
      own.reduce((sum, each) => sum + (each.write === operation ? 1 : 0), 0);
    effects.push({
      fate,
      remains: remainsOf === null ? 'kept' : remainsOf(transaction),
      balance: count('insert') - count('delete'),
      inserted: own.find((each) => each.write === 'insert'),
      written: own.findLast((each) => each.write !== 'delete'),
      deleted: own.findLast((each) => each.write === 'delete'),
    });
  }
  return effects;
}

/**
 * Whether a row is there after one of these transactions that was not aborted.
 *
 * @param leased only this run may have inserted it
 */
function presenceAfter(effects: readonly Effect[], at: number, leased: boolean): Presence {
  const { fate, remains, balance, inserted } = effects[at]!;
  if (remains === 'emptied') return 'absent';
  if (fate === 'either') return 'unknown';
  if (balance < 0) return 'absent';
  const ofRow = remains === 'either' ? 'unknown' : 'present';
  if (balance > 0) return ofRow;
  if (inserted === undefined) {
    // Only this run can have inserted the row, and its ledger has no such insert.
    const born = effects.some((each) => each.inserted !== undefined && each.fate !== 'aborted');
    return leased && !born ? 'absent' : ofRow;
  }
  const before = effects.findLastIndex((effect, i) => i < at && effect.fate !== 'aborted');
  if (before < 0) return leased ? 'absent' : 'unknown';
  const presence = presenceAfter(effects, before, leased);
  return presence === 'present' ? ofRow : presence;
}

/** The place of an operation among those of a key in one transaction; leases come first. */
function operationOf({ write }: Entry): number {
  return write === null ? -1 : OPERATIONS.indexOf(write);
}
