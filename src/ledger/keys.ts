/**
 * Keys of rows as the ledger has them: ids as one text (`encodeKeys`), keys of any other type as a list of texts.
 * A key of several columns is its values as a JSON array; of a table without a key, each row has an empty text.
 */
export type KeyList = string | readonly string[];

/** A key of a row: a number where it is an id, else its text. */
export type LedgerKey = number | string;

/**
 * Ids as the ledger writes them: the first one, then each one's distance from the one before it,
 * comma-separated; `+n` stands for n more that follow without a gap. `1001+49,3` is 1001 to 1050, and
 * 1053. Ids from a sequence come in blocks, so a batch of inserts takes a dozen characters.
 */
export function encodeKeys(keys: readonly number[]): string {
  const sorted = isAscending(keys) ? keys : [...keys].sort((a, b) => a - b);
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

/** Calls `each` with the first and the last key of every block. Throws on text that is no such list. */
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
    // Beyond, counting on by one stands still.
    if (!Number.isSafeInteger(previous)) throw new Error(NO_LIST);
    each(first, previous);
    if (end === text.length) return;
    if (text.charCodeAt(end) !== COMMA) throw new Error(NO_LIST);
    at = end + 1;
  }
}

const NO_LIST = 'not a list of keys';
const PLUS = 0x2b;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;

/** Where the digits that begin at this place of a text end. Throws where there is none. */
function endOfNumber(text: string, begin: number): number {
  let end = begin;
  while (isDigit(text.charCodeAt(end))) end++;
  if (end === begin) throw new Error(NO_LIST);
  return end;
}

/** The number that these digits are. A ledger has millions of lists: making texts of their parts takes longer. */
function numberBetween(text: string, begin: number, end: number): number {
  let number = 0;
  for (let at = begin; at < end; at++) number = number * 10 + (text.charCodeAt(at) - ZERO);
  return number;
}

/** Whether a character is a digit; NaN, behind the end of a text, is none. */
function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

const KEYS = /^\d+(\+\d+)?(,\d+(\+\d+)?)*$/;

/** The keys of rows as the ledger has them: as ids where all of them can be written so. */
export function keyListOf(keys: readonly LedgerKey[]): KeyList {
  return keys.every(isId) ? encodeKeys(keys) : keys.map(String);
}

function isId(key: LedgerKey): key is number {
  return typeof key === 'number' && key >= 0 && Number.isSafeInteger(key);
}

/** Orders keys of one table: ids by their value, others as texts. */
export function compareKeys(a: LedgerKey, b: LedgerKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : 1;
}

/** Whether a text is a list of keys. */
export function isKeys(text: string): boolean {
  return KEYS.test(text);
}

/** Whether a value of a record is a list of keys. */
export function isKeyList(value: unknown): value is KeyList {
  if (typeof value === 'string') return isKeys(value);
  return Array.isArray(value) && value.every((key) => typeof key === 'string');
}

/** The ids one by one. */
export function decodeIds(text: string): number[] {
  const keys = new Array<number>(countKeys(text));
  let at = 0;
  forEachBlock(text, (first, last) => {
    for (let key = first; key <= last; key++) keys[at++] = key;
  });
  return keys;
}

/** The keys one by one, in the order of the list. */
export function decodeKeys(list: KeyList): readonly LedgerKey[] {
  return typeof list === 'string' ? decodeIds(list) : list;
}

/** How many keys a list has. */
export function countKeys(list: KeyList): number {
  if (typeof list !== 'string') return list.length;
  let count = 0;
  forEachBlock(list, (first, last) => {
    count += last - first + 1;
  });
  return count;
}

/** Whether every key is greater than the one before it. */
export function isAscending(keys: readonly LedgerKey[]): boolean {
  for (let i = 1; i < keys.length; i++) {
    if (typeof keys[i] === 'string' || keys[i]! <= keys[i - 1]!) return false;
  }
  return true;
}
