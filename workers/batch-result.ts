import { keyOf } from '../src/ledger/row-key.js';
import type { Change, HazardOutcome, TransactionName } from '../src/ledger/writer.js';
import type { Failure } from '../src/postgres/failures.js';
import type { Answer } from '../src/postgres/packet.js';
import { MOST_WITNESSED, type Pending, type Witness } from '../src/postgres/pending.js';
import {
  identifyingLength,
  isCalculable,
  parseNumbers,
  parseRows,
  writtenBy,
} from '../src/postgres/statements.js';
import type { WrittenRows } from '../src/schema/changes.js';
import { ALWAYS, type Candidate, type EventSpec } from '../src/schema/event.js';
import { changesKey } from '../src/schema/key.js';
import {
  columnIndex,
  idOf,
  type Key,
  type Row,
  type Table,
  type Value,
} from '../src/schema/table.js';
import type { Cascade, Write } from './writes.js';

export interface Rejection {
  readonly write: Write;
  readonly failure: Failure;
}

/** The effects of a batch's transaction once it is committed. */
export interface BatchOutcome {
  /** By which it is found again after a lost connection; null when it wrote no row. */
  readonly pending: Pending | null;
  readonly rows: readonly WrittenRows[];
  /** The same, row by row, with the rows that followed a changed key. A changed key is a delete and an insert. */
  readonly changes: readonly Change[];
  /** The WAL position after the last write; null where COMMIT is sent along with the statements. */
  readonly lsn: string | null;
  /** Some rows were written in a savepoint. */
  readonly subtransactions: boolean;
  /** Written and rejected rows. */
  readonly events: number;
  readonly rejections: readonly Rejection[];
  /** Rows that may be changed later, once it is committed. */
  readonly candidates: readonly Candidate[];
  /**
   * False when an insert wrote fewer rows than it was given although nothing announced it: something on
   * the server drops rows.
   */
  readonly whole: boolean;
  /** Null: no hazard had a part in it. */
  readonly hazards: HazardOutcome | null;
}

/** A write, and the answers to its statement and to those of its cascades. */
export interface AnsweredWrite {
  readonly write: Write;
  readonly answer: Answer | undefined;
  readonly cascades: readonly { readonly cascade: Cascade; readonly answer: Answer | undefined }[];
}

/** The rows of a write that the server stored. */
type Written = Pick<Write, 'rows' | 'candidates'> & Pick<Change, 'stored'>;

/** Gathers the outcome of a batch from the answers to its statements. */
export class BatchResult {
  readonly #spec: EventSpec | null;
  readonly #rows: WrittenRows[] = [];
  readonly #changes: Change[] = [];
  readonly #rejections: Rejection[] = [];
  readonly #candidates: Candidate[] = [];
  #xid: string | null = null;
  #lsn: string | null = null;
  #witness: Witness | null = null;
  /** The keys of the rows without a key, as they are after the batch. */
  #contents: Key[] | null = null;
  /** How well the witness shows the fate of the transaction; see `certaintyOf`. */
  #certainty = 0;
  /** Table and key of the rows that updates of keys wrote, and that followed them; null: none. */
  #renewed: Set<string> | null = null;
  #whole = true;
  written = 0;
  /** Set where rows are written in savepoints. */
  subtransactions = false;

  /** @param spec the event type whose later batches may change the written rows; null: none may */
  constructor(spec: EventSpec | null) {
    this.#spec = spec;
  }

  /** Adds the answer to a write that returns `ids` or `rows`. */
  add({ write, answer, cascades }: AnsweredWrite): void {
    this.#addWrite(write, answer);
    for (const { cascade, answer: followed } of cascades) this.#addCascade(cascade, followed);
  }

  /** Whether one of the rows was written before by an update of keys, or followed one. */
  hasUpdated({ table, rows }: Pick<Write, 'table' | 'rows'>): boolean {
    const renewed = this.#renewed;
    return renewed !== null && rows.some((row) => renewed.has(labelOf(table, row)));
  }

  /** Whether a row that follows a new key was written before. */
  hasCascaded({ cascades }: AnsweredWrite): boolean {
    return cascades.some(({ cascade: { table }, answer }) =>
      this.hasUpdated({ table, rows: parseRows(table, answer?.fields[0] ?? null) }),
    );
  }

  #addWrite(write: Write, answer: Answer | undefined): void {
    const [literal, xid, lsn, stored] = answer?.fields ?? [];
    const numbers = parseNumbers(literal ?? null);
    const { operation, table, rows, spec } = write;
    const announced = stored !== undefined || table.links !== null;
    if (operation === 'insert' && !announced && numbers.length < rows.length) this.#whole = false;
    if (numbers.length === 0) return;
    this.#xid = xid ?? null;
    this.#lsn = lsn ?? null;
    const all = typeof stored === 'string' ? parseRows(table, stored) : undefined;
    const by = writtenBy(table, operation, spec?.change.columns);
    if (by === 'id') {
      const written = all === undefined ? asSent(write, numbers) : asStored(write, all);
      this.#take(write, written, numbers[0]);
    } else if (by === 'position') this.#take(write, atPositions(write, numbers, all));
    else this.#take(write, { rows: all ?? rows, candidates: [] });
  }

  /** Adds rows that followed the new key of a row that they reference. They are no events of the batch. */
  #addCascade({ table, column }: Cascade, answer: Answer | undefined): void {
    const [rows = null, lsn = null] = answer?.fields ?? [];
    const stored = parseRows(table, rows);
    if (stored.length === 0) return;
    this.#lsn = lsn;
    const length = identifyingLength(table);
    const position = columnIndex(table, column);
    this.#noteRenewed(table, stored);
    const updates = stored.map((row) => [...row.slice(0, length), row[position]!]);
    this.#changes.push({ ...changeOf(table, 'update', updates), columns: [column], stored });
  }

  #noteRenewed(table: Table, rows: readonly Row[]): void {
    this.#renewed ??= new Set();
    for (const row of rows) this.#renewed.add(labelOf(table, row));
  }

  /**
   * Counts a write as done without reading it back: its transaction is all or nothing.
   *
   * @param name the transaction's, as of after the write; null: unknown
   */
  addExpected(write: Write, name: TransactionName | null = null): void {
    if (name !== null) {
      this.#xid = name.xid;
      this.#lsn = name.lsn;
    }
    const [first] = write.rows;
    const isNumbered = first !== undefined && write.table.keyKind === 'id';
    this.#take(write, write, isNumbered ? idOf(first) : undefined);
  }

  /** @param id of one of the rows, if the answer or the rows have one */
  #take(write: Write, written: Written, id?: number): void {
    const { table, operation, spec } = write;
    const { rows, candidates, stored } = written;
    this.written += rows.length;
    this.#rows.push({ table: table.name, operation, count: rows.length });
    const columns = operation === 'update' ? spec?.change.columns : undefined;
    if (stored !== undefined && columns !== undefined && changesKey(table, columns)) {
      this.#takeKeys(write, { rows, candidates, stored });
      return;
    }
    if (rows.length > 0 || id !== undefined) {
      this.#testify(table, operation, id ?? keyOf(table, rows[0]!));
    }
    const change =
      columns === undefined
        ? changeOf(table, operation, rows)
        : { table: table.name, operation, rows, columns };
    this.#changes.push(stored === undefined ? change : { ...change, stored });
    const kept = stored ?? rows;
    if (table.keyKind === 'none' && operation !== 'delete') {
      const after =
        stored === undefined && columns !== undefined
          ? rows.map((row) => withNewValues(table, columns, row))
          : kept;
      this.#contents ??= [];
      for (const row of after) this.#contents.push(keyOf(table, row));
    }
    for (let i = 0; i < kept.length; i++) {
      const row = kept[i]!;
      if (stored === undefined || table.keyKind !== 'id' || isCalculable(table, row)) {
        this.#note(write, row, candidates[i], stored !== undefined);
      }
    }
  }

  /** Takes an update that may have changed keys: those rows are deleted under the old and inserted under the new one. */
  #takeKeys(
    { table, spec }: Write,
    { rows, candidates, stored }: Required<Omit<Written, 'stored'>> & { stored: readonly Row[] },
  ): void {
    const length = identifyingLength(table);
    const columns = spec?.change.columns ?? [];
    this.#noteRenewed(table, stored);
    const isRenamed = rows.map((row, i) => keyOf(table, row) !== keyOf(table, stored[i]!));
    const renamed = stored.filter((_, i) => isRenamed[i]);
    const isKept = (_: unknown, i: number) => !isRenamed[i];
    const kept = rows.filter(isKept);
    if (renamed.length > 0) {
      const old = rows.filter((_, i) => isRenamed[i]).map((row) => row.slice(0, length));
      this.#changes.push(changeOf(table, 'delete', old), changeOf(table, 'insert', renamed));
      this.#testify(table, 'insert', keyOf(table, renamed[0]!));
    }
    if (kept.length > 0) {
      const change = changeOf(table, 'update', kept);
      this.#changes.push({ ...change, columns, stored: stored.filter(isKept) });
      this.#testify(table, 'update', keyOf(table, kept[0]!));
    }
    if (spec?.change.open !== ALWAYS) return;
    for (const [i, { at }] of candidates.entries()) {
      this.#candidates.push({ key: stored[i]!.slice(0, length), at });
    }
  }

  /** Keeps the surest witness. */
  #testify(table: Table, operation: Witness['operation'], key: Key): void {
    const certainty = certaintyOf(operation, table);
    if (certainty <= this.#certainty) return;
    this.#certainty = certainty;
    this.#witness = { table: table.name, operation, key };
  }

  reject(write: Write, failure: Failure): void {
    this.#rejections.push({ write, failure });
  }

  outcome(): BatchOutcome {
    return {
      pending: this.#pending(),
      rows: this.#rows,
      changes: this.#changes,
      lsn: this.#lsn,
      subtransactions: this.subtransactions,
      events: this.written + this.#rejections.length,
      rejections: this.#rejections,
      candidates: this.#candidates,
      whole: this.#whole,
      hazards: null,
    };
  }

  #pending(): Pending | null {
    const xid = this.#xid;
    const lsn = this.#lsn;
    const witness = this.#witness;
    if (witness === null) return null;
    if (this.#certainty !== WITHOUT_KEY) return { xid, witness, lsn };
    const contents = (this.#contents ?? []).slice(0, MOST_WITNESSED);
    return { xid, witness: { ...witness, key: contents.join('') }, lsn };
  }

  /** Keeps a row that later batches may change. `candidate`: the one that an update changed. `whole`: as stored. */
  #note(
    { table, operation }: Write,
    row: Row,
    candidate: Candidate | undefined,
    whole: boolean,
  ): void {
    if (this.#spec === null) return;
    const { change } = this.#spec;
    if (operation === 'insert') {
      const at = table.name === this.#spec.table ? change.momentOf(row) : null;
      if (at === null || Number.isNaN(at)) return;
      const key = table.keyKind === 'id' ? [row[0]!] : row.slice(0, identifyingLength(table));
      this.#candidates.push({ key, at });
    } else if (operation === 'update' && change.open === ALWAYS && candidate !== undefined) {
      if (table.keyKind !== 'none') this.#candidates.push(candidate);
      else {
        const key = whole ? row : withNewValues(table, change.columns, row);
        this.#candidates.push({ key, at: candidate.at });
      }
    }
  }
}

/** The certainty of a witness without a key. */
const WITHOUT_KEY = 1;

/**
 * How well a row shows the fate of its transaction. An inserted one best: only its transaction can have written a row
 * with this key. One without a key cannot be found again.
 */
function certaintyOf(operation: Witness['operation'], { keyKind }: Table): number {
  if (keyKind === 'none') return WITHOUT_KEY;
  return operation === 'insert' ? 3 : 2;
}

function changeOf(table: Table, operation: Change['operation'], rows: readonly Row[]): Change {
  return { table: table.name, operation, rows };
}

function labelOf(table: Table, row: Row): string {
  return `${table.name} ${keyOf(table, row)}`;
}

/** The row of a table without a key after an update. `sent`: its values before, then the new ones. */
function withNewValues(table: Table, columns: readonly string[], sent: readonly Value[]): Row {
  const row = sent.slice(0, table.columns.length);
  for (const [i, column] of columns.entries()) {
    row[columnIndex(table, column)] = sent[table.columns.length + i]!;
  }
  return row;
}

/** The rows of a write whose positions were returned, counted from 1. */
function atPositions(
  { rows, candidates }: Write,
  positions: readonly number[],
  stored: readonly Row[] | undefined,
): Written {
  const written = {
    rows: positions.map((position) => rows[position - 1]!),
    candidates: positions.map((position) => candidates[position - 1]!),
  };
  return stored === undefined ? written : { ...written, stored };
}

/** The rows of a write whose ids were returned. */
function asSent({ rows, candidates }: Write, ids: readonly number[]): Written {
  // Nearly always all of them.
  if (ids.length === rows.length) return { rows, candidates };
  const answered = new Set(ids);
  const isWritten = (_: unknown, i: number) => answered.has(idOf(rows[i]!));
  return { rows: rows.filter(isWritten), candidates: candidates.filter(isWritten) };
}

/** The rows of a write that were returned as stored; those whose id a trigger changed come last. */
function asStored(write: Write, stored: readonly Row[]): Written {
  const byId = new Map(stored.map((row) => [idOf(row), row]));
  const sent = new Set(write.rows.map(idOf));
  const renamed = stored.filter((row) => !sent.has(idOf(row)));
  // A trigger changed keys of an update: the answer does not say which row has which key now.
  if (write.operation === 'update' && renamed.length > 0) return asSent(write, [...byId.keys()]);
  const isWritten = (_: unknown, i: number) => byId.has(idOf(write.rows[i]!));
  const rows = write.rows.filter(isWritten);
  return {
    rows: [...rows, ...renamed],
    candidates: write.candidates.filter(isWritten),
    stored: [...rows.map((row) => byId.get(idOf(row))!), ...renamed],
  };
}
