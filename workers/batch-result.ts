import type { Candidate, EventSpec } from '../src/hospital/events/event.js';
import { PARENT_TABLES, type ParentTable, type Row } from '../src/hospital/tables.js';
import type { KnownId } from '../src/ids/cache.js';
import type { Change } from '../src/ledger/writer.js';
import type { Failure } from '../src/postgres/failures.js';
import type { Answer } from '../src/postgres/packet.js';
import { parseNumbers } from '../src/postgres/statements.js';
import type { Pending, Witness, WrittenRows } from '../src/threads/tally.js';
import { ALWAYS, idOf, isOfLinks, type Write } from './writes.js';

export interface Rejection {
  readonly write: Write;
  readonly failure: Failure;
}

/** What a batch's transaction comes to once it is committed. */
export interface BatchOutcome {
  /** How the server will know it again; null when nothing was written. */
  readonly pending: Pending | null;
  readonly rows: readonly WrittenRows[];
  /** The same rows, each of them. */
  readonly changes: readonly Change[];
  /** How far the WAL was; null where COMMIT is sent along with the statements. */
  readonly lsn: string | null;
  /** Some rows were written in a savepoint. */
  readonly subtransactions: boolean;
  /** Written and rejected ones. */
  readonly events: number;
  readonly rejections: readonly Rejection[];
  /** Rows that others may reference once it is committed, and those that they may not any more. */
  readonly born: readonly { table: ParentTable; known: KnownId }[];
  readonly gone: readonly { table: ParentTable; id: number }[];
  /** Rows that may be changed later, once it is committed. */
  readonly candidates: readonly Candidate[];
  /** False when an insert wrote fewer rows than it was given: something on the server drops rows. */
  readonly whole: boolean;
}

/** Gathers what the statements of a batch answered. */
export class BatchResult {
  /** When the batch was made, in milliseconds since 1970, by the server's clock. */
  readonly now: number;
  readonly #spec: EventSpec;
  readonly #rows: WrittenRows[] = [];
  readonly #changes: Change[] = [];
  readonly #rejections: Rejection[] = [];
  readonly #born: { table: ParentTable; known: KnownId }[] = [];
  readonly #gone: { table: ParentTable; id: number }[] = [];
  readonly #candidates: Candidate[] = [];
  #xid: string | null = null;
  #lsn: string | null = null;
  #witness: Witness | null = null;
  #whole = true;
  written = 0;
  /** Set where rows are written in savepoints. */
  subtransactions = false;

  constructor(spec: EventSpec, now: number) {
    this.#spec = spec;
    this.now = now;
  }

  /** Takes in what the statement of a write, which tells by `ids`, was answered. */
  add(write: Write, answer: Answer | undefined): void {
    const [literal, xid, lsn] = answer?.fields ?? [];
    const ids = parseNumbers(literal ?? null);
    const { operation, table, rows } = write;
    if (operation === 'insert' && !isOfLinks(table) && ids.length < rows.length)
      this.#whole = false;
    if (ids.length === 0) return;
    this.#xid = xid ?? null;
    this.#lsn = lsn ?? null;
    // Nearly always all of them: then no need to look up which.
    const all = ids.length === write.rows.length;
    const answered = all ? null : new Set(ids);
    const written = answered === null ? rows : rows.filter((row) => answered.has(idOf(row)));
    this.#count(write, written, ids[0]);
    for (const [i, row] of rows.entries()) {
      if (answered === null || answered.has(idOf(row))) this.#note(write, row, i);
    }
  }

  /** Takes a write for done: its transaction comes to all of it or to nothing. */
  trust(write: Write): void {
    const [first] = write.rows;
    this.#count(write, write.rows, first === undefined ? undefined : idOf(first));
    for (const [i, row] of write.rows.entries()) this.#note(write, row, i);
  }

  #count({ table, operation }: Write, rows: readonly Row[], id: number | undefined): void {
    // An insert is the surest witness: its row's id is nobody else's.
    if (id !== undefined && this.#witness?.operation !== 'insert') {
      this.#witness = { table, operation, id };
    }
    this.written += rows.length;
    this.#rows.push({ table, operation, count: rows.length });
    this.#changes.push({ table, operation, rows });
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
      born: this.#born,
      gone: this.#gone,
      candidates: this.#candidates,
      whole: this.#whole,
    };
  }

  #note({ table, operation, candidates }: Write, row: Row, index: number): void {
    const parent = PARENT_TABLES.find((name) => name === table);
    if (operation === 'insert') {
      const since = table === 'pacientes' ? Math.floor(this.now / 1000) * 1000 : 0;
      if (parent !== undefined) this.#born.push({ table: parent, known: { id: idOf(row), since } });
      const candidate = table === this.#spec.table ? this.#spec.change.candidate(row) : null;
      if (candidate !== null) this.#candidates.push(candidate);
    } else if (operation === 'delete') {
      if (parent !== undefined) this.#gone.push({ table: parent, id: idOf(row) });
    } else if (this.#spec.change.open === ALWAYS) {
      const candidate = candidates[index];
      if (candidate !== undefined) this.#candidates.push(candidate);
    }
  }
}
