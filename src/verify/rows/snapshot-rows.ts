import type { Fingerprints } from '../../ledger/fingerprint.js';
import type { Operation } from '../../schema/changes.js';
import type { Key, Table, TableName } from '../../schema/table.js';
import type { Tables } from '../../schema/tables.js';
import type { RowEvent, SnapshotMark } from '../../sources/source.js';
import type { RowFingerprint } from './fingerprint.js';
import { FIRST_WORD, NOWHERE } from './key-table.js';
import { KeyTables } from './key-tables.js';

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
/** The event's fingerprints are of projected columns, and so are those of the ledger that they are compared with. */
const PROJECTED = 16;

/** Words of a row: the event's fingerprints. */
const CHANGING = FIRST_WORD;
const FIXED = FIRST_WORD + 1;
/** The LSN of the ledger's last version that equals the row, in two halves. */
const HELD_HIGH = FIRST_WORD + 2;
const HELD_LOW = FIRST_WORD + 3;
const KNOWN = FIRST_WORD + 4;
const WORDS = 5;
const HALF = 2 ** 32;

/**
 * The rows of the snapshot that a stream begins with. A snapshot that was started again counts from its last start.
 * Rows of incremental and of later snapshots prove nothing, nor do rows without a key: identical ones may precede the run.
 */
export class SnapshotRows {
  readonly #tables: Tables;
  readonly #rows: KeyTables;
  readonly #partitions: number;
  /** Changes committed before this LSN are in the snapshot. Infinity: its rows have no LSN. */
  #lsn = Number.NEGATIVE_INFINITY;
  /** By table, rows since the last start. */
  readonly #counts = new Map<TableName, number>();
  /** Tables whose last row is marked as the last. */
  readonly #ended = new Set<TableName>();
  /** A change arrived after the snapshot, so the snapshot was over. */
  #over = false;
  /** Keys that the ledger deleted and the snapshot lacks: the LSN of the last delete. */
  readonly #deleted = new Map<TableName, Map<Key, number>>();
  /** By table, the LSN of the last truncate before the snapshot. */
  readonly #truncated = new Map<TableName, number>();

  /** @param bytes of memory, about */
  constructor(tables: Tables, bytes: number, partitions: number) {
    this.#tables = tables;
    this.#rows = new KeyTables(tables, bytes, 1, () => WORDS);
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
    const { table: name, key, lsn } = event;
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
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    if (mark === 'last' || mark === 'last_in_data_collection') this.#ended.add(name);
    const table = this.#tables.get(name);
    const rows = this.#rows.of(table);
    const at = rows?.claim(table, key) ?? NOWHERE;
    if (rows === null || at === NOWHERE) return true;
    const { words } = rows;
    const { projected } = fingerprint;
    const { changing, fixed } = projected ?? fingerprint;
    words[at + CHANGING] = changing ?? 0;
    words[at + FIXED] = fixed ?? 0;
    words[at + HELD_HIGH] = 0;
    words[at + HELD_LOW] = 0;
    const changingStated = changing === null ? 0 : CHANGING_STATED;
    const fixedStated = fixed === null ? 0 : FIXED_STATED;
    const isProjected = projected === null ? 0 : PROJECTED;
    rows.setState(at, SEEN | changingStated | fixedStated | isProjected);
    return true;
  }

  /** Notes that a change has arrived after the snapshot. */
  noteChange(): void {
    if (this.#lsn > Number.NEGATIVE_INFINITY) this.#over = true;
  }

  /** First pass over the ledger's changes: finds the last version that each row of the snapshot equals. */
  compare(
    table: Table,
    operation: Operation,
    key: Key,
    version: { readonly prints: Fingerprints | null; place: number; lsn: number },
  ): void {
    const { prints, place, lsn } = version;
    const rows = this.#rows.of(table);
    if (rows === null) return;
    const at = rows.find(table, key);
    if (operation === 'delete') {
      if (at !== NOWHERE || !this.#isWhole(table)) return;
      const deleted = this.#deleted.get(table.name) ?? new Map<Key, number>();
      this.#deleted.set(table.name, deleted);
      deleted.set(key, Math.max(deleted.get(key) ?? 0, lsn));
      return;
    }
    if (at === NOWHERE || prints === null) return;
    const { words } = rows;
    if (lsn <= heldAt(words, at)) return;
    const isProjected = (rows.state(at) & PROJECTED) !== 0;
    // Updates have no fingerprint of the fixed columns; the insert before them has.
    const known = isProjected ? prints.coarseFixed(place) : prints.fixed(place);
    if (known !== null) {
      words[at + KNOWN] = known;
      rows.setState(at, rows.state(at) | FIXED_KNOWN);
    }
    const state = rows.state(at);
    const changing = isProjected ? prints.coarseChanging(place) : prints.changing(place);
    const fixed = (state & FIXED_KNOWN) === 0 ? null : words[at + KNOWN]!;
    const same =
      (state & CHANGING_STATED) !== 0 &&
      words[at + CHANGING] === changing &&
      (fixed === null || ((state & FIXED_STATED) !== 0 && words[at + FIXED] === fixed));
    if (!same) return;
    words[at + HELD_HIGH] = Math.floor(lsn / HALF);
    words[at + HELD_LOW] = lsn | 0;
  }

  /** First pass: notes a truncate. */
  noteTruncate({ name }: Table, lsn: number): void {
    this.#truncated.set(name, Math.max(this.#truncated.get(name) ?? 0, lsn));
  }

  /** Second pass: what the snapshot proves about a change. */
  witness(table: Table, key: Key, lsn: number): Witness {
    const rows = this.#rows.of(table);
    const isTruncated = (this.#truncated.get(table.name) ?? 0) > lsn;
    if (rows === null) return isTruncated ? 'excused' : 'silent';
    if (!rows.follows(table, key)) return 'forgotten';
    const deleted = this.#deleted.get(table.name)?.get(key) ?? 0;
    if (deleted >= lsn) return 'excused';
    const at = rows.find(table, key);
    if (at === NOWHERE) {
      if (isTruncated) return 'excused';
      return this.#isWhole(table) ? 'missing' : 'silent';
    }
    const held = heldAt(rows.words, at);
    if (held >= lsn) return 'excused';
    return held > 0 ? 'missing' : 'differs';
  }

  /** Second pass: the same of a truncate. Its witness is that no version of a row from before it is there. */
  witnessTruncate(table: Table, lsn: number): 'excused' | 'missing' {
    for (const { table: of, at, keys } of this.#rows.entriesOf(table)) {
      const held = heldAt(keys.words, at);
      if (of === table && held > 0 && held < lsn) return 'missing';
    }
    return 'excused';
  }

  /** Whether the snapshot has every row of the table. */
  #isWhole({ name }: Table): boolean {
    return (this.#counts.get(name) ?? 0) > 0 && (this.#over || this.#ended.has(name));
  }

  #restart(): void {
    this.#rows.clear();
    this.#counts.clear();
    this.#ended.clear();
  }
}

/** The LSN of the last version that a row equals; 0: none. */
function heldAt(words: Int32Array, at: number): number {
  return words[at + HELD_HIGH]! * HALF + (words[at + HELD_LOW]! >>> 0);
}
