import type { Key, Table } from '../schema/table.js';

/**
 * Keys of rows: ids as one text (`encodeKeys`), other keys as a list of texts, as are ids of which one is listed several
 * times.
 */
export type KeyList = string | readonly string[];

/**
 * Encodes ids: the first one, then the distance of each from the one before it, separated by commas; `+n` stands for
 * n more without a gap. `1001+49,3` is 1001 to 1050, and 1053. Ids from a sequence come in blocks, so a batch of
 * inserts takes a dozen characters.
 */
export function encodeKeys(keys: readonly number[]): string {
  return encodeAscending(isAscending(keys) ? keys : [...keys].sort((a, b) => a - b));
}

function encodeAscending(sorted: readonly number[]): string {
  let text = '';
  let previous = 0;
  for (let i = 0; i < sorted.length; i++) {
    const first = sorted[i]!;
    const begin = i;
    while (i + 1 < sorted.length && sorted[i + 1] === sorted[i]! + 1) i++;
    text += `${text === '' ? '' : ','}${first - previous}`;
    if (i > begin) text += `+${i - begin}`;
    previous = sorted[i]!;
  }
  return text;
}

/** Joins lists of ids. Null: one of them does not begin after the end of the one before it. */
export function joinAscending(lists: readonly string[]): string | null {
  const blocks: { readonly first: number; last: number }[] = [];
  let isAscending = true;
  for (const list of lists) {
    forEachBlock(list, (first, last) => {
      const before = blocks.at(-1);
      if (before === undefined || first > before.last + 1) blocks.push({ first, last });
      else if (first > before.last) before.last = last;
      else isAscending = false;
    });
  }
  if (!isAscending) return null;
  return blocks
    .map(({ first, last }, i) => {
      const distance = first - (blocks[i - 1]?.last ?? 0);
      return last > first ? `${distance}+${last - first}` : `${distance}`;
    })
    .join(',');
}

/** Calls `each` with the first and the last key of every block. Throws on text that is not such a list. */
export function forEachBlock(text: string, each: (first: number, last: number) => void): void {
  let at = 0;
  let previous = 0;
  for (;;) {
    let end = endOfNumber(text, at);
    const first = previous + numberBetween(text, at, end);
    previous = first;
    if (text.charCodeAt(end) === PLUS) {
      at = end + 1;
      end = endOfNumber(text, at);
      previous += numberBetween(text, at, end);
    }
    // Beyond 2^53 a loop from `first` to `previous` would not end: adding 1 changes nothing.
    if (!Number.isSafeInteger(previous)) throw new Error(NOT_A_LIST);
    each(first, previous);
    if (end === text.length) return;
    if (text.charCodeAt(end) !== COMMA) throw new Error(NOT_A_LIST);
    at = end + 1;
  }
}

const NOT_A_LIST = 'not a list of keys';
const PLUS = 0x2b;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;

/** The index after the digits that begin at `begin`. Throws if there is no digit. */
function endOfNumber(text: string, begin: number): number {
  let end = begin;
  while (isDigit(text.charCodeAt(end))) end++;
  if (end === begin) throw new Error(NOT_A_LIST);
  return end;
}

/** Parses digits. By hand, without a substring: a ledger has millions of lists. */
function numberBetween(text: string, begin: number, end: number): number {
  let number = 0;
  for (let at = begin; at < end; at++) number = number * 10 + (text.charCodeAt(at) - ZERO);
  return number;
}

/** False for NaN, the code after the end of a text. */
function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

const ID_LIST = /^\d+(\+\d+)?(,\d+(\+\d+)?)*$/;

/**
 * Makes a key list: one text if all keys are ids from 0 to 2^53 and no two are equal, else a list of texts. Ids are in
 * ascending order.
 */
export function keyListOf(keys: readonly Key[]): KeyList {
  if (!keys.every(isId)) return keys.map(String);
  if (isAscending(keys)) return encodeAscending(keys);
  const sorted = keys.toSorted((a, b) => a - b);
  return isAscending(sorted) ? encodeAscending(sorted) : sorted.map(String);
}

function isId(key: Key): key is number {
  return typeof key === 'number' && key >= 0 && Number.isSafeInteger(key);
}

/** Compares keys of one table for sorting: ids by value, others as texts. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [one, other] = [String(a), String(b)];
  return one === other ? 0 : one < other ? -1 : 1;
}

/** Whether a text is a list of ids. */
export function isIdList(text: string): boolean {
  return ID_LIST.test(text);
}

/** Whether a member of a record is a key list. */
export function isKeyList(value: unknown): value is KeyList {
  if (typeof value === 'string') return isIdList(value);
  return Array.isArray(value) && value.every((key) => typeof key === 'string');
}

/** All ids of a list. */
export function decodeIds(text: string): number[] {
  const keys = new Array<number>(countKeys(text));
  let at = 0;
  forEachBlock(text, (first, last) => {
    for (let key = first; key <= last; key++) keys[at++] = key;
  });
  return keys;
}

/** All keys of a list of this table, in its order. */
export function decodeKeys({ keyKind }: Pick<Table, 'keyKind'>, list: KeyList): readonly Key[] {
  if (typeof list === 'string') return decodeIds(list);
  return keyKind === 'id' ? list.map(idOfText) : list;
}

/** An id that a number does not hold exactly stays text. */
export function idOfText(text: string): Key {
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : text;
}

export function countKeys(list: KeyList): number {
  if (typeof list !== 'string') return list.length;
  let count = 0;
  forEachBlock(list, (first, last) => {
    count += last - first + 1;
  });
  return count;
}

/** Whether every key is greater than the one before it. */
export function isAscending(keys: readonly Key[]): boolean {
  for (let i = 1; i < keys.length; i++) {
    if (typeof keys[i] === 'string' || keys[i]! <= keys[i - 1]!) return false;
  }
  return true;
}
