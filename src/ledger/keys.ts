/**
 * Keys as the ledger writes them: the first one, then each one's distance from the one before it,
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
  if (!KEYS.test(text)) throw new Error('not a list of keys');
  let previous = 0;
  for (const part of text.split(',')) {
    const plus = part.indexOf('+');
    const first = previous + Number(plus === -1 ? part : part.slice(0, plus));
    previous = plus === -1 ? first : first + Number(part.slice(plus + 1));
    each(first, previous);
  }
}

const KEYS = /^\d+(\+\d+)?(,\d+(\+\d+)?)*$/;

/** Whether a text is a list of keys. */
export function isKeys(text: string): boolean {
  return KEYS.test(text);
}

/** The keys one by one. */
export function decodeKeys(text: string): number[] {
  const keys: number[] = [];
  forEachBlock(text, (first, last) => {
    for (let key = first; key <= last; key++) keys.push(key);
  });
  return keys;
}

/** How many keys a list has. */
export function countKeys(text: string): number {
  let count = 0;
  forEachBlock(text, (first, last) => {
    count += last - first + 1;
  });
  return count;
}

function isAscending(keys: readonly number[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i]! <= keys[i - 1]!) return false;
  return true;
}
