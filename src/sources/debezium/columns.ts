import { hashAscii, hashText, hashUtf8, NULL } from '../../ledger/value-hash.js';
import { type JsonReader, KIND } from '../json/reader.js';
import type { Precision, Projection, RowColumns } from '../source.js';
import {
  type EventColumn,
  type EventTable,
  KNOWN,
  type ParsedFields,
  type SlotValues,
} from './fields.js';
import { type ValueReader, wrongType } from './values.js';

/** The form in which a column's text is there. */
const FORM = {
  absent: 0,
  /** A placeholder stands for the value. */
  unchanged: 1,
  null: 2,
  /** The event's bytes are the text. */
  ascii: 3,
  utf8: 4,
  /** The text had to be made. */
  made: 5,
  /** The text was made for an event before, which had the same value. */
  kept: 6,
} as const;

const MINUS = 0x2d;

/**
 * The row of the last event. Most of its values are the bytes that PostgreSQL prints: they stay in place, and a value
 * that is only hashed needs no text.
 */
export class JsonColumns implements RowColumns {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;
  readonly #forms: Uint8Array;
  readonly #starts: Int32Array;
  readonly #stops: Int32Array;
  readonly #made: string[];
  readonly #projections: (Projection | null)[];
  /** Whether the projections are of the last row: its table has a lossy column. */
  #hasLossy = false;
  readonly #slots: Int32Array;
  #memo: SlotValues | null = null;

  /** @param most columns of a table */
  constructor(reader: JsonReader, values: ValueReader, most: number) {
    this.#reader = reader;
    this.#values = values;
    this.#forms = new Uint8Array(most);
    this.#starts = new Int32Array(most);
    this.#stops = new Int32Array(most);
    this.#made = Array<string>(most).fill('');
    this.#projections = Array<Projection | null>(most).fill(null);
    this.#slots = new Int32Array(most);
  }

  get precision(): Precision {
    return this.#values.precision;
  }

  /**
   * Reads a row of `of` whose slots begin at `slot`. Throws an EventError on a value that its column's type cannot
   * have.
   */
  read(of: EventTable, parsed: ParsedFields, slot: number): void {
    this.#values.learnUnit(of, parsed, slot);
    const { columns, hasLossy } = of;
    // A lossy value has more to it than its text.
    const memo = hasLossy ? null : parsed.values;
    memo?.beginRow(this.#values.unit);
    this.#memo = memo;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const at = slot + column.field;
      this.#slots[i] = at;
      if (memo !== null && (memo.known[at]! & KNOWN.text) !== 0) {
        this.#forms[i] = FORM.kept;
        continue;
      }
      const start = parsed.starts[at]!;
      const stop = parsed.stops[at]!;
      this.#starts[i] = start;
      this.#stops[i] = stop;
      if (hasLossy) this.#values.projection = null;
      const form = this.#formOf(column, i, parsed.kinds[at]!, start, stop);
      this.#forms[i] = form;
      if (memo !== null && form === FORM.made && isTime(column)) {
        memo.known[at]! |= KNOWN.text;
        memo.texts[at] = this.#made[i]!;
      }
      if (hasLossy) this.#projections[i] = column.lossy ? this.#values.projection : null;
    }
    this.#hasLossy = hasLossy;
  }

  projected(column: number): Projection | null {
    return this.#hasLossy ? this.#projections[column]! : null;
  }

  isUnchanged(column: number): boolean {
    return this.#forms[column] === FORM.unchanged;
  }

  text(column: number): string | null | undefined {
    const start = this.#starts[column]!;
    const stop = this.#stops[column]!;
    switch (this.#forms[column]) {
      case FORM.absent:
      case FORM.unchanged:
        return undefined;
      case FORM.null:
        return null;
      case FORM.ascii:
        return this.#reader.ascii(start, stop);
      case FORM.utf8:
        return this.#reader.string(KIND.utf8, start, stop);
      case FORM.made:
        return this.#made[column]!;
      default:
        return this.#keptText(column);
    }
  }

  hash(column: number, before: number): number | null {
    const form = this.#forms[column]!;
    if (form <= FORM.unchanged) return null;
    const memo = this.#memo;
    if (memo === null) return this.#hash(column, form, before);
    const slot = this.#slots[column]!;
    if ((memo.known[slot]! & KNOWN.hash) !== 0 && memo.befores[slot] === before) {
      return memo.hashes[slot]!;
    }
    const hash = this.#hash(column, form, before);
    if (form !== FORM.made || (memo.known[slot]! & KNOWN.text) !== 0) {
      memo.known[slot]! |= KNOWN.hash;
      memo.befores[slot] = before;
      memo.hashes[slot] = hash;
    }
    return hash;
  }

  #hash(column: number, form: number, before: number): number {
    switch (form) {
      case FORM.null:
        return hashText(before, NULL);
      case FORM.ascii:
        return hashAscii(before, this.#reader.bytes, this.#starts[column]!, this.#stops[column]!);
      case FORM.utf8:
        return hashUtf8(before, this.#reader.bytes, this.#starts[column]!, this.#stops[column]!);
      case FORM.made:
        return hashText(before, this.#made[column]!);
      default:
        return hashText(before, this.#keptText(column));
    }
  }

  #keptText(column: number): string {
    return this.#memo!.texts[this.#slots[column]!]!;
  }

  #formOf(column: EventColumn, index: number, kind: number, start: number, stop: number): number {
    const { form } = column;
    if (kind === KIND.none) return FORM.absent;
    if (kind === KIND.null) {
      if (form === 'numeric') this.#values.readNullNumeric();
      return FORM.null;
    }
    if (form === 'text') {
      const plain = kind === KIND.string || kind === KIND.utf8;
      if (plain && !this.#values.mayBeUnavailable(stop - start)) {
        return kind === KIND.utf8 ? FORM.utf8 : FORM.ascii;
      }
    } else if (form === 'integer') {
      // PostgreSQL does not print -0.
      if (kind === KIND.integer && this.#reader.bytes[start] !== MINUS) return FORM.ascii;
    }
    const text = this.#values.text(column, kind, start, stop);
    if (text === null) throw wrongType(column);
    if (text === undefined) return FORM.unchanged;
    this.#made[index] = text;
    return FORM.made;
  }
}

/** Whether a text depends on the value's bytes and the unit alone. */
function isTime({ form }: EventColumn): boolean {
  return form === 'timestamp' || form === 'timestamptz';
}
