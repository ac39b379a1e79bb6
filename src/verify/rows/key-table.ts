import type { Key, Table } from '../../schema/table.js';

/** Bits of a state: of the word at a key's place, the lowest ones. The words that are kept of the key follow. */
export const STATE_BITS = 8;
export const FIRST_WORD = 1;
/** Values of a word of 32 bits. */
export const WORDS = 2 ** 32;

/** Not in the table. */
export const NOWHERE = -1;

/** A key that a table has. */
export interface KeyEntry {
  readonly table: Table;
  readonly key: Key;
  /** Its place in `words`. */
  readonly at: number;
  readonly keys: KeyTable;
}

/**
 * A state and some words for each key of a row, in flat memory. When memory is full, keys are sampled by a hash: a key is
 * followed from its first claim to the end, or not at all.
 */
export interface KeyTable {
  /** The share of keys that were followed from the beginning to the end. */
  readonly sample: number;
  /** Keys that are followed. */
  readonly size: number;
  /** The words of all keys. The next `claim` may replace the array. */
  readonly words: Int32Array;
  /** Whether a key is among those that are followed. */
  follows(table: Table, key: Key): boolean;
  /** The place of a key in `words`; NOWHERE: it was not claimed. The next `claim` may move it. */
  find(table: Table, key: Key): number;
  /**
   * The same, and adds the key if it is new: then its state is 0, and `setState` must follow with another one.
   * NOWHERE: the key is not followed.
   */
  claim(table: Table, key: Key): number;
  state(at: number): number;
  /** @param state 1 to 255 */
  setState(at: number, state: number): void;
  /** Forgets all keys. */
  clear(): void;
  entries(): Generator<KeyEntry>;
}
