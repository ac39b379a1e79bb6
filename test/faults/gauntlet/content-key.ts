/** The columns that the two fingerprints of a row cover. */
export interface Parts {
  readonly changing: readonly string[];
  readonly fixed: readonly string[];
}

const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
const END = '\u001f';
const NULL = '\u0000';

/**
 * The key of a row of a table without one, as the ledger's format describes it: no code of the program is part of it.
 *
 * @param row values as PostgreSQL prints them; a column that is not there is null
 */
export function contentKey(row: ReadonlyMap<string, string | null>, parts: Parts): string {
  const sumOf = (columns: readonly string[]) =>
    columns.reduce((sum, name) => (sum + hash(name + END + (row.get(name) ?? NULL) + END)) | 0, 0);
  return [parts.changing, parts.fixed].map((columns) => hex(sumOf(columns))).join('');
}

function hash(text: string): number {
  let sum = BASIS;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), PRIME);
  sum = Math.imul(sum ^ (sum >>> 16), 0x7feb352d);
  sum = Math.imul(sum ^ (sum >>> 15), 0x846ca68b);
  return sum ^ (sum >>> 16);
}

function hex(sum: number): string {
  return (sum >>> 0).toString(16).padStart(8, '0');
}
