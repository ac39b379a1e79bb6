import { OPERATIONS } from '../schema/changes.js';
import { Entries, type Entry } from './entries.js';
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
 * Blocks of a batch: so many that the round trip of its query takes little of its time. Four times as many take 10 MB more
 * and no less time.
 */
const BATCH = 2_048;

const RULES = ['same', 'any', 'none', 'other'] as const satisfies readonly Rule[];

/** The xid of a block whose `Expectation.xid` is null. */
const NO_XID = -1;

/** The members of a batch's expectations, by place. */
class Columns {
  readonly capacity: number;
  readonly rules: Uint8Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly xids: Float64Array;
  /** The index of the entry that the rule follows from; -1: the expectation was added as a whole. */
  readonly origins: Int32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.rules = new Uint8Array(capacity);
    this.first = new Float64Array(capacity);
    this.last = new Float64Array(capacity);
    this.xids = new Float64Array(capacity);
    this.origins = new Int32Array(capacity);
  }

  /** A copy with twice the capacity. */
  doubled(): Columns {
    const larger = new Columns(2 * this.capacity);
    larger.rules.set(this.rules);
    larger.first.set(this.first);
    larger.last.set(this.last);
    larger.xids.set(this.xids);
    larger.origins.set(this.origins);
    return larger;
  }
}

/**
 * Blocks with their expectations. Stored by column, outside of the garbage-collected heap, and used again: a run has
 * hundreds of thousands of blocks.
 */
export class ExpectationBatch {
  #columns = new Columns(BATCH);
  /** By place: those that were added as a whole. */
  readonly #whole = new Map<number, Expectation>();
  #entries = new Entries();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param entries of the expectations that will be added */
  begin(entries: Entries): void {
    this.#entries = entries;
    this.#size = 0;
    this.#whole.clear();
  }

  /** Adds an expectation that follows from the entry with the index `origin`. */
  add(rule: Rule, first: number, last: number, xid: number | null, origin: number): void {
    const place = this.#size++;
    // The last block of a batch may have several expectations.
    if (place === this.#columns.capacity) this.#columns = this.#columns.doubled();
    const columns = this.#columns;
    columns.rules[place] = RULES.indexOf(rule);
    columns.first[place] = first;
    columns.last[place] = last;
    columns.xids[place] = xid ?? NO_XID;
    columns.origins[place] = origin;
  }

  addWhole(expectation: Expectation): void {
    const { rule, first, last, xid } = expectation;
    this.#whole.set(this.#size, expectation);
    this.add(rule, first, last, xid, -1);
  }

  ruleOf(place: number): Rule {
    return RULES[this.#columns.rules[place]!]!;
  }

  firstOf(place: number): number {
    return this.#columns.first[place]!;
  }

  lastOf(place: number): number {
    return this.#columns.last[place]!;
  }

  /** -1: it has none. */
  xidOf(place: number): number {
    return this.#columns.xids[place]!;
  }

  get(place: number): Expectation {
    const origin = this.#columns.origins[place]!;
    if (origin < 0) return this.#whole.get(place)!;
    const xid = this.xidOf(place);
    return {
      rule: this.ruleOf(place),
      first: this.firstOf(place),
      last: this.lastOf(place),
      xid: xid === NO_XID ? null : xid,
      entry: this.#entries.get(origin),
    };
  }
}

/**
 * Derives the required state of the database from a worker's transactions, block by block, in the order of keys. If
 * several transactions wrote a key, the last one that is not aborted decides. A transaction may write a key several
 * times: the row is there afterwards as before it, plus its inserts, minus its deletes.
 */
export class Expectations {
  readonly #entries: Entries;
  readonly #places: Uint32Array | null;
  readonly #remainsOf: RemainsOf | null;
  readonly #order: Uint32Array;
  /** Indexes of the entries that cover the position, in the order of time. */
  readonly #active: number[] = [];
  #at = 0;
  #position = 0;

  /**
   * @param places by `Entry.transaction`: its place in time, if the numbers do not ascend in time
   * @param remainsOf null: the run did not truncate the table
   */
  constructor(
    entries: Entries,
    places: Uint32Array | null = null,
    remainsOf: RemainsOf | null = null,
  ) {
    this.#entries = entries;
    this.#places = places;
    this.#remainsOf = remainsOf;
    this.#order = entries.order();
  }

  /** Replaces the content of a batch by the next expectations; false: there are none left. */
  fill(batch: ExpectationBatch): boolean {
    batch.begin(this.#entries);
    while (batch.size < BATCH && (this.#at < this.#order.length || this.#active.length > 0)) {
      this.#addBlock(batch);
    }
    return batch.size > 0;
  }

  #addBlock(batch: ExpectationBatch): void {
    const entries = this.#entries;
    const order = this.#order;
    const active = this.#active;
    if (active.length === 0) this.#position = entries.firstOf(order[this.#at]!);
    const position = this.#position;
    while (this.#at < order.length && entries.firstOf(order[this.#at]!) <= position) {
      this.#activate(order[this.#at++]!);
    }
    // The block ends where the set of entries changes.
    const more = this.#at < order.length;
    let end = more ? entries.firstOf(order[this.#at]!) - 1 : Number.POSITIVE_INFINITY;
    for (let i = 0; i < active.length; i++) end = Math.min(end, entries.lastOf(active[i]!));
    if (this.#remainsOf !== null || !addRuleOfLast(entries, active, position, end, batch)) {
      const whole = active.map((entry) => entries.get(entry));
      for (const each of rulesOf(whole, position, end, this.#remainsOf)) batch.addWhole(each);
    }
    this.#position = end + 1;
    for (let i = active.length - 1; i >= 0; i--) {
      if (entries.lastOf(active[i]!) <= end) active.splice(i, 1);
    }
  }

  /** Adds an entry to those that cover the position, after those of its time. */
  #activate(entry: number): void {
    const active = this.#active;
    let place = active.length;
    while (place > 0 && this.#isLater(active[place - 1]!, entry)) place--;
    active.splice(place, 0, entry);
  }

  #isLater(one: number, other: number): boolean {
    const time = this.#timeOf(one) - this.#timeOf(other);
    if (time !== 0) return time > 0;
    return operationOf(this.#entries.writeOf(one)) > operationOf(this.#entries.writeOf(other));
  }

  #timeOf(entry: number): number {
    const transaction = this.#entries.transactionOf(entry);
    return this.#places?.[transaction] ?? transaction;
  }
}

/** The same, one expectation after the other. */
export function* expectationsOf(
  ...of: ConstructorParameters<typeof Expectations>
): Generator<Expectation> {
  const batch = new ExpectationBatch();
  const expectations = new Expectations(...of);
  while (expectations.fill(batch)) {
    for (let i = 0; i < batch.size; i++) yield batch.get(i);
  }
}

/**
 * Adds the rule of a block whose last transaction is committed and has one entry there, or which has a lease only: the
 * usual cases. False: it is another one, for `rulesOf`.
 */
function addRuleOfLast(
  entries: Entries,
  active: readonly number[],
  first: number,
  last: number,
  batch: ExpectationBatch,
): boolean {
  const origin = active.at(-1)!;
  const write = entries.writeOf(origin);
  if (write === null && active.length === 1) {
    // Leased, and never used.
    batch.add('none', first, last, null, origin);
    return true;
  }
  if (write === null || entries.fateOf(origin) !== 'committed') return false;
  const before = active.at(-2);
  if (
    before !== undefined &&
    entries.writeOf(before) !== null &&
    entries.transactionOf(before) === entries.transactionOf(origin)
  ) {
    return false;
  }
  if (write === 'update' && !isBorn(entries, active)) return false;
  const xid = write === 'delete' ? null : entries.xidOf(origin);
  const rule = write === 'delete' ? 'none' : xid === null ? 'any' : 'same';
  batch.add(rule, first, last, xid, origin);
  return true;
}

/** Whether a row may have been there: this run alone may insert leased ids, and did so; or they are not leased. */
function isBorn(entries: Entries, active: readonly number[]): boolean {
  let isLeased = false;
  for (const entry of active) {
    const write = entries.writeOf(entry);
    if (write === 'insert' && entries.fateOf(entry) !== 'aborted') return true;
    if (write === null) isLeased = true;
  }
  return !isLeased;
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
function operationOf(write: Entry['write']): number {
  return write === null ? -1 : OPERATIONS.indexOf(write);
}
