import type { Change } from '../src/ledger/writer.js';
import type { WrittenRows } from '../src/legacy/changes.js';
import type { Candidate, EventSpec } from '../src/legacy/events/event.js';
import { idOf, type Row } from '../src/legacy/tables.js';
import type { Failure } from '../src/postgres/failures.js';
import type { Answer } from '../src/postgres/packet.js';
import type { Pending, Witness } from '../src/postgres/pending.js';
import { isCalculable, parseNumbers, parseRows } from '../src/postgres/statements.js';
import { ALWAYS, isOfLinks, type Write } from './writes.js';

export interface Rejection {
  readonly write: Write;
  readonly failure: Failure;
}

/** The effects of a batch's transaction once it is committed. */
export interface BatchOutcome {
  /** By which it is found again after a lost connection; null when it wrote no row. */
  readonly pending: Pending | null;
  readonly rows: readonly WrittenRows[];
  /** The same, row by row. */
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
}

/** The rows of a write that the server stored. */
type Written = Pick<Write, 'rows' | 'candidates'> & Pick<Change, 'stored'>;

/** Gathers the outcome of a batch from the answers to its statements. */
export class BatchResult {
  readonly #spec: EventSpec;
  readonly #rows: WrittenRows[] = [];
  readonly #changes: Change[] = [];
  readonly #rejections: Rejection[] = [];
  readonly #candidates: Candidate[] = [];
  #xid: string | null = null;
  #lsn: string | null = null;
  #witness: Witness | null = null;
  #whole = true;
  written = 0;
  /** Set where rows are written in savepoints. */
  subtransactions = false;

  constructor(spec: EventSpec) {
    this.#spec = spec;
  }

  /** Adds the answer to a write that returns `ids` or `rows`. */
  add(write: Write, answer: Answer | undefined): void {
    const [literal, xid, lsn, stored] = answer?.fields ?? [];
    const ids = parseNumbers(literal ?? null);
    const { operation, table, rows } = write;
    const announced = stored !== undefined || isOfLinks(table);
    if (operation === 'insert' && !announced && ids.length < rows.length) this.#whole = false;
    if (ids.length === 0) return;
    this.#xid = xid ?? null;
    this.#lsn = lsn ?? null;
    const written =
      typeof stored === 'string' ? asStored(write, parseRows(table, stored)) : asSent(write, ids);
    this.#take(write, written, ids[0]);
  }

  /** Counts a write as done without reading it back: its transaction is all or nothing. */
  addExpected(write: Write): void {
    const [first] = write.rows;
    this.#take(write, write, first === undefined ? undefined : idOf(first));
  }

  #take(write: Write, { rows, candidates, stored }: Written, id: number | undefined): void {
    const { table, operation } = write;
    // An insert is the surest witness: only its transaction can have written a row with this id.
    if (id !== undefined && this.#witness?.operation !== 'insert') {
      this.#witness = { table, operation, id };
    }
    this.written += rows.length;
    this.#rows.push({ table, operation, count: rows.length });
    const change =
      operation === 'update'
        ? { table, operation, rows, columns: this.#spec.change.columns }
        : { table, operation, rows };
    this.#changes.push(stored === undefined ? change : { ...change, stored });
    for (const [i, row] of (stored ?? rows).entries()) {
      if (stored === undefined || isCalculable(table, row)) this.#note(write, row, candidates[i]);
    }
  }

  reject(write: Write, failure: Failure): void {
    this.#rejections.push({ write, failure });
  }

  outcome(): BatchOutcome {
    return {
      pending: this.#witness === null ? null : { xid: this.#xid, witness: this.#witness },
      rows: this.#rows,
      changes: this.#changes,
      lsn: this.#lsn,
      subtransactions: this.subtransactions,
      events: this.written + this.#rejections.length,
      rejections: this.#rejections,
      candidates: this.#candidates,
      whole: this.#whole,
    };
  }

  /** Keeps a row that later batches may change. `candidate`: the one that an update changed. */
  #note({ table, operation }: Write, row: Row, candidate: Candidate | undefined): void {
    if (operation === 'insert') {
      const open = table === this.#spec.table ? this.#spec.change.candidate(row) : null;
      if (open !== null) this.#candidates.push(open);
    } else if (
      operation === 'update' &&
      this.#spec.change.open === ALWAYS &&
      candidate !== undefined
    ) {
      this.#candidates.push(candidate);
    }
  }
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
