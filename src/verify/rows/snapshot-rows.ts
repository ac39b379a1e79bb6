import type { Fingerprints } from '../../ledger/fingerprint.js';
import type { Operation } from '../../legacy/changes.js';
import type { TableName } from '../../legacy/tables.js';
import type { Key, RowEvent, SnapshotMark } from '../../sources/source.js';
import type { RowFingerprint } from './fingerprint.js';
import { FIRST_WORD, KeyTable, NOWHERE } from './key-table.js';

/** The proof that the snapshot gives of a change that was committed before it. */
export type Witness =
  /** It has this version of the row, or a later one. */
  | 'excused'
  /** It must have the row, or this version of it, and does not. */
  | 'missing'
  /** Its row matches no version in the ledger. */
  | 'differs'
  /** It lacks the row, and may not be whole for its table. */
  | 'silent'
  /** There was no memory for the row. */
  | 'forgotten';

/** States of a row: the fingerprints that its event states. */
const CHANGING_STATED = 1;
const FIXED_STATED = 2;
const SEEN = 4;
/** KNOWN holds the ledger's fingerprint of the fixed columns, of a version that was compared. */
const FIXED_KNOWN = 8;

/** Words of a row: the event's fingerprints. */
const CHANGING = FIRST_WORD;
const FIXED = FIRST_WORD + 1;
/** The sequence of the ledger's last version that equals the row, in two halves. */
const HELD_HIGH = FIRST_WORD + 2;
const HELD_LOW = FIRST_WORD + 3;
const KNOWN = FIRST_WORD + 4;
const WORDS = 5;
const HALF = 2 ** 32;

/**
 * The rows of the snapshot that a stream begins with. A snapshot that was started again counts from its last start.
 * Rows of incremental and of later snapshots prove nothing.
 */
export class SnapshotRows {
  readonly #rows: KeyTable;
  readonly #partitions: number;
  /** Changes committed before this LSN are in the snapshot. Infinity: its rows have no LSN. */
  #lsn = Number.NEGATIVE_INFINITY;
  /** By table, rows since the last start. */
  readonly #counts = new Map<TableName, number>();
  /** Tables whose last row is marked as the last. */
  readonly #ended = new Set<TableName>();
  /** A change arrived after the snapshot, so the snapshot was over. */
  #over = false;
  /** Keys that the ledger deleted and the snapshot lacks: the sequence of the last delete. */
  readonly #deleted = new Map<TableName, Map<number, number>>();

  /** @param bytes of memory, about */
  constructor(bytes: number, partitions: number) {
    this.#rows = new KeyTable(bytes, 1, WORDS);
    this.#partitions = partitions;
  }

  /** Changes committed before this LSN are in it. -Infinity: there is no snapshot. Infinity: its rows have no LSN. */
  get lsn(): number {
    return this.#lsn;
  }

  /**
   * Takes a row. False: it belongs to another snapshot and proves nothing.
   *
   * @param first the LSN of the first change that arrived; null: none
   */
  take(event: RowEvent, fingerprint: RowFingerprint, first: number | null): boolean {
    const { table, key, lsn } = event;
    const mark: SnapshotMark = event.snapshot ?? 'row';
    if (mark === 'incremental') return false;
    if (first !== null && (lsn === null || first < lsn)) return false;
    if (lsn !== null && lsn < this.#lsn) return false;
    const begins = mark === 'first' && this.#partitions === 1 && this.#rows.size > 0;
    if (begins || (lsn !== null && lsn > this.#lsn && this.#lsn > Number.NEGATIVE_INFINITY)) {
      this.#restart();
    }
    if (lsn !== null) this.#lsn = lsn;
    else if (this.#lsn === Number.NEGATIVE_INFINITY) this.#lsn = Number.POSITIVE_INFINITY;
    this.#counts.set(table, (this.#counts.get(table) ?? 0) + 1);
    if (mark === 'last' || mark === 'last_in_data_collection') this.#ended.add(table);
    const at = this.#rows.claim(table, key);
    if (at === NOWHERE) return true;
    const { words } = this.#rows;
    const { changing, fixed } = fingerprint;
    words[at + CHANGING] = changing ?? 0;
    words[at + FIXED] = fixed ?? 0;
    words[at + HELD_HIGH] = 0;
    words[at + HELD_LOW] = 0;
    const changingStated = changing === null ? 0 : CHANGING_STATED;
    const fixedStated = fixed === null ? 0 : FIXED_STATED;
    this.#rows.setState(at, SEEN | changingStated | fixedStated);
    return true;
  }

  /** Notes that a change has arrived after the snapshot. */
  noteChange(): void {
    if (this.#lsn > Number.NEGATIVE_INFINITY) this.#over = true;
  }

  /** First pass over the ledger's changes: finds the last version that each row of the snapshot equals. */
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
      const deleted = this.#deleted.get(table) ?? new Map<number, number>();
      this.#deleted.set(table, deleted);
      deleted.set(key, Math.max(deleted.get(key) ?? 0, sequence));
      return;
    }
    if (at === NOWHERE || prints === null || sequence <= this.#heldAt(at)) return;
    const { words } = this.#rows;
    // Updates have no fingerprint of the fixed columns; the insert before them has.
    const known = prints.fixed(place);
    if (known !== null) {
      words[at + KNOWN] = known;
      this.#rows.setState(at, this.#rows.state(at) | FIXED_KNOWN);
    }
    const state = this.#rows.state(at);
    const fixed = (state & FIXED_KNOWN) === 0 ? null : words[at + KNOWN]!;
    const same =
      (state & CHANGING_STATED) !== 0 &&
      words[at + CHANGING] === prints.changing(place) &&
      (fixed === null || ((state & FIXED_STATED) !== 0 && words[at + FIXED] === fixed));
    if (!same) return;
    words[at + HELD_HIGH] = Math.floor(sequence / HALF);
    words[at + HELD_LOW] = sequence | 0;
  }

  /** Second pass: what the snapshot proves about a change. */
  witness(table: TableName, key: Key, sequence: number): Witness {
    if (!this.#rows.follows(table, key)) return 'forgotten';
    const deleted = typeof key === 'number' ? this.#deleted.get(table)?.get(key) : 0;
    if ((deleted ?? 0) >= sequence) return 'excused';
    const at = this.#rows.find(table, key);
    if (at === NOWHERE) return this.#isWhole(table) ? 'missing' : 'silent';
    const held = this.#heldAt(at);
    if (held >= sequence) return 'excused';
    return held > 0 ? 'missing' : 'differs';
  }

  /** Whether the snapshot has every row of the table. */
  #isWhole(table: TableName): boolean {
    return (this.#counts.get(table) ?? 0) > 0 && (this.#over || this.#ended.has(table));
  }

  /** The sequence of the last version that the row equals; 0: none. */
  #heldAt(at: number): number {
    const { words } = this.#rows;
    return words[at + HELD_HIGH]! * HALF + (words[at + HELD_LOW]! >>> 0);
  }

  #restart(): void {
    this.#rows.clear();
    this.#counts.clear();
    this.#ended.clear();
  }
}
