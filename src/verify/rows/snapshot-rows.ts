import type { Fingerprints } from '../../ledger/fingerprint.js';
import type { Operation } from '../../schemas/hospital/changes.js';
import type { TableName } from '../../schemas/hospital/tables.js';
import type { Key, RowEvent, SnapshotMark } from '../../sources/source.js';
import type { RowFingerprint } from './fingerprint.js';
import { FIRST_WORD, KeyTable, NOWHERE } from './key-table.js';
import { rowCode } from './row-code.js';

/** What a snapshot says of a change that was committed before it was taken. */
export type Witness =
  /** It holds this version of the row, or a later one. */
  | 'excused'
  /** It should have the row, or this version of it, and does not. */
  | 'missing'
  /** It holds what the ledger does not know. */
  | 'differs'
  /** It need not have had the row: it may not be whole, or not be of this table. */
  | 'silent'
  /** There was no memory for the row. */
  | 'forgotten';

const CHANGING_TOLD = 1;
const FIXED_TOLD = 2;
const SEEN = 4;
/** The ledger says what the fixed columns held, in a version that was compared. */
const FIXED_KNOWN = 8;

const CHANGING = FIRST_WORD;
const FIXED = FIRST_WORD + 1;
/** The last version in the ledger that the row holds: its sequence, in two halves. */
const HELD_HIGH = FIRST_WORD + 2;
const HELD_LOW = FIRST_WORD + 3;
const KNOWN = FIRST_WORD + 4;
const WORDS = 5;
const HALF = 2 ** 32;

/**
 * The rows of the snapshot that a stream begins with. A snapshot that was interrupted and begun again counts
 * from its last beginning. Rows of other snapshots (incremental ones, those amid the stream) bear no witness.
 */
export class SnapshotRows {
  readonly #rows: KeyTable;
  readonly #streams: number;
  /** What is committed before this LSN is in the snapshot; Infinity: its rows do not tell it. */
  #lsn = Number.NEGATIVE_INFINITY;
  /** By table, rows of the last beginning. */
  readonly #counts = new Map<TableName, number>();
  /** Tables whose last row is marked as such. */
  readonly #ended = new Set<TableName>();
  /** A change behind the snapshot came, so it was over. */
  #over = false;
  /** Ids that the ledger has as deleted and the snapshot does not have: the sequence of the last delete. */
  readonly #deleted = new Map<number, number>();

  /** @param bytes of memory, about */
  constructor(bytes: number, streams: number) {
    this.#rows = new KeyTable(bytes, 1, WORDS);
    this.#streams = streams;
  }

  /** What was committed before this LSN is in it; -Infinity: there is none. Infinity: it does not tell. */
  get lsn(): number {
    return this.#lsn;
  }

  /**
   * Takes a row. Whether it may bear witness.
   *
   * @param first the LSN of the first change on its stream; null: none came yet
   */
  take(event: RowEvent, contents: RowFingerprint, first: number | null): boolean {
    const { table, key, lsn } = event;
    const mark: SnapshotMark = event.snapshot ?? 'row';
    if (mark === 'incremental') return false;
    if (first !== null && (lsn === null || first < lsn)) return false;
    if (lsn !== null && lsn < this.#lsn) return false;
    const begins = mark === 'first' && this.#streams === 1 && this.#rows.size > 0;
    if (begins || (lsn !== null && lsn > this.#lsn && this.#lsn > Number.NEGATIVE_INFINITY)) {
      this.#forget();
    }
    if (lsn !== null) this.#lsn = lsn;
    else if (this.#lsn === Number.NEGATIVE_INFINITY) this.#lsn = Number.POSITIVE_INFINITY;
    this.#counts.set(table, (this.#counts.get(table) ?? 0) + 1);
    if (mark === 'last' || mark === 'last_in_data_collection') this.#ended.add(table);
    const at = this.#rows.claim(table, key);
    if (at === NOWHERE) return true;
    const { words } = this.#rows;
    const { changing, fixed } = contents;
    words[at + CHANGING] = changing ?? 0;
    words[at + FIXED] = fixed ?? 0;
    words[at + HELD_HIGH] = 0;
    words[at + HELD_LOW] = 0;
    const told = (changing === null ? 0 : CHANGING_TOLD) | (fixed === null ? 0 : FIXED_TOLD);
    this.#rows.setState(at, SEEN | told);
    return true;
  }

  /** A change came behind the snapshot. */
  noteChange(): void {
    if (this.#lsn > Number.NEGATIVE_INFINITY) this.#over = true;
  }

  /** First pass: notes which version of a row, of those that did not come, the snapshot holds. */
  compare(
    table: TableName,
    operation: Operation,
    key: Key,
    version: { readonly prints: Fingerprints | null; place: number; sequence: number },
  ): void {
    const { prints, place, sequence } = version;
    const at = this.#rows.find(table, key);
    if (operation === 'delete') {
      if (at !== NOWHERE || typeof key !== 'number' || !this.#isWhole(table)) return;
      const code = rowCode(table, 'delete', key);
      this.#deleted.set(code, Math.max(this.#deleted.get(code) ?? 0, sequence));
      return;
    }
    if (at === NOWHERE || prints === null || sequence <= this.#heldAt(at)) return;
    const { words } = this.#rows;
    // An update does not say what the fixed columns hold; the insert before it does.
    const told = prints.fixed(place);
    if (told !== null) {
      words[at + KNOWN] = told;
      this.#rows.setState(at, this.#rows.state(at) | FIXED_KNOWN);
    }
    const state = this.#rows.state(at);
    const fixed = (state & FIXED_KNOWN) === 0 ? null : words[at + KNOWN]!;
    const same =
      (state & CHANGING_TOLD) !== 0 &&
      words[at + CHANGING] === prints.changing(place) &&
      (fixed === null || ((state & FIXED_TOLD) !== 0 && words[at + FIXED] === fixed));
    if (!same) return;
    words[at + HELD_HIGH] = Math.floor(sequence / HALF);
    words[at + HELD_LOW] = sequence | 0;
  }

  /** Second pass: what the snapshot says of a change that did not come. */
  witness(table: TableName, key: Key, sequence: number): Witness {
    if (!this.#rows.follows(table, key)) return 'forgotten';
    const deleted = typeof key === 'number' ? this.#deleted.get(rowCode(table, 'delete', key)) : 0;
    if ((deleted ?? 0) >= sequence) return 'excused';
    const at = this.#rows.find(table, key);
    if (at === NOWHERE) return this.#isWhole(table) ? 'missing' : 'silent';
    const held = this.#heldAt(at);
    if (held >= sequence) return 'excused';
    return held > 0 ? 'missing' : 'differs';
  }

  /** Whether it is known to have every row that the table had. */
  #isWhole(table: TableName): boolean {
    return (this.#counts.get(table) ?? 0) > 0 && (this.#over || this.#ended.has(table));
  }

  #heldAt(at: number): number {
    const { words } = this.#rows;
    return words[at + HELD_HIGH]! * HALF + (words[at + HELD_LOW]! >>> 0);
  }

  #forget(): void {
    this.#rows.clear();
    this.#counts.clear();
    this.#ended.clear();
  }
}
