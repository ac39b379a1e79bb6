import type { Candidate, EventSpec } from '../src/hospital/events/event.js';
import { PARENT_TABLES, type ParentTable, type Row } from '../src/hospital/tables.js';
import type { KnownId } from '../src/ids/cache.js';
import type { Failure } from '../src/postgres/failures.js';
import { parseIds, type Written } from '../src/postgres/statements.js';
import { noRows, type Pending, type RowCounts, type Witness } from '../src/threads/tally.js';
import { idOf, type Write } from './writes.js';

export interface Rejection {
  readonly write: Write;
  readonly failure: Failure;
}

/** An open transaction with everything of the batch in it, ready for COMMIT. */
export interface OpenBatch {
  /** How the server will know it again; null when nothing was written. */
  readonly pending: Pending | null;
  readonly rows: RowCounts;
  /** Written and rejected ones. */
  readonly events: number;
  readonly rejections: readonly Rejection[];
  /** Rows that others may reference once it is committed, and those that they may not any more. */
  readonly born: readonly { table: ParentTable; known: KnownId }[];
  readonly gone: readonly { table: ParentTable; id: number }[];
  /** Rows that may be changed later, once it is committed. */
  readonly candidates: readonly Candidate[];
}

/** Gathers what the statements of a batch answered. */
export class BatchResult {
  /** When the batch was made, in milliseconds since 1970, by the server's clock. */
  readonly now: number;
  readonly #spec: EventSpec;
  readonly #rows = noRows();
  readonly #rejections: Rejection[] = [];
  readonly #born: { table: ParentTable; known: KnownId }[] = [];
  readonly #gone: { table: ParentTable; id: number }[] = [];
  readonly #candidates: Candidate[] = [];
  #xid: string | null = null;
  #witness: Witness | null = null;
  written = 0;

  constructor(spec: EventSpec, now: number) {
    this.#spec = spec;
    this.now = now;
  }

  add(write: Write, answer: Written | undefined): void {
    const ids = parseIds(answer?.ids ?? null);
    if (answer === undefined || ids.length === 0) return;
    this.#xid = answer.xid;
    // An insert is the surest witness: its row's id is nobody else's.
    const id = ids[0];
    if (id !== undefined && this.#witness?.operation !== 'insert') {
      this.#witness = { table: write.table, operation: write.operation, id };
    }
    this.written += ids.length;
    this.#rows[write.table][write.operation] += ids.length;
    // Nearly always all of them: then no need to look up which.
    const all = ids.length === write.rows.length;
    const answered = all ? null : new Set(ids);
    for (const [i, row] of write.rows.entries()) {
      if (answered === null || answered.has(idOf(row))) this.#note(write, row, i);
    }
  }

  reject(write: Write, failure: Failure): void {
    this.#rejections.push({ write, failure });
  }

  batch(): OpenBatch {
    return {
      pending:
        this.#xid !== null && this.#witness !== null
          ? { xid: this.#xid, witness: this.#witness }
          : null,
      rows: this.#rows,
      events: this.written + this.#rejections.length,
      rejections: this.#rejections,
      born: this.#born,
      gone: this.#gone,
      candidates: this.#candidates,
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
    } else if (this.#spec.change.open === ALWAYS_OPEN) {
      const candidate = candidates[index];
      if (candidate !== undefined) this.#candidates.push(candidate);
    }
  }
}

/** The `open` of changes that a row can go through again and again. */
const ALWAYS_OPEN = 'true';
