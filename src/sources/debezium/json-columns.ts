import { hashAscii, hashText, hashUtf8, NULL } from '../../ledger/value-hash.js';
import { TABLE_NAMES, type TableName } from '../../schemas/hospital/tables.js';
import { KIND } from '../json/grammar.js';
import type { JsonReader } from '../json/reader.js';
import type { Precision, RowColumns } from '../source.js';
import { EventError } from './event-error.js';
import { EVENT_COLUMNS, type EventColumn } from './fields.js';
import type { ParsedFields } from './parsed-fields.js';
import type { ValueReader } from './values.js';

/** Where the text of a column is. */
const HOW = {
  untold: 0,
  null: 1,
  /** The bytes are the text. */
  ascii: 2,
  utf8: 3,
  /** It had to be made of them. */
  made: 4,
} as const;

const MOST_COLUMNS = Math.max(...TABLE_NAMES.map((table) => EVENT_COLUMNS[table].length));

const MINUS = 0x2d;

/**
 * The row of the event that was read last. Most of its values are the same bytes as PostgreSQL prints; those
 * stay where they are, and no text is made of what is only hashed.
 */
export class JsonColumns implements RowColumns {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;
  readonly #hows = new Uint8Array(MOST_COLUMNS);
  readonly #starts = new Int32Array(MOST_COLUMNS);
  readonly #stops = new Int32Array(MOST_COLUMNS);
  readonly #made: string[] = Array<string>(MOST_COLUMNS).fill('');
  // Rows of one transaction have the same times: the last text that was hashed of each column.
  readonly #hashed: string[] = Array<string>(MOST_COLUMNS).fill('');
  readonly #befores = new Int32Array(MOST_COLUMNS);
  readonly #hashes = new Int32Array(MOST_COLUMNS);

  constructor(reader: JsonReader, values: ValueReader) {
    this.#reader = reader;
    this.#values = values;
  }

  get precision(): Precision {
    return this.#values.precision;
  }

  /**
   * Goes on to a row of `table`, whose first slot this is. Throws an EventError on a value that a column of
   * its type cannot have.
   */
  read(table: TableName, parsed: ParsedFields, slot: number): void {
    this.#values.learnUnit(table, parsed, slot);
    const columns = EVENT_COLUMNS[table];
    for (let place = 0; place < columns.length; place++) {
      const column = columns[place]!;
      const at = slot + column.field;
      const start = parsed.starts[at]!;
      const stop = parsed.stops[at]!;
      this.#starts[place] = start;
      this.#stops[place] = stop;
      this.#hows[place] = this.#how(column, place, parsed.kinds[at]!, start, stop);
    }
  }

  text(place: number): string | null | undefined {
    const start = this.#starts[place]!;
    const stop = this.#stops[place]!;
    switch (this.#hows[place]) {
      case HOW.untold:
        return undefined;
      case HOW.null:
        return null;
      case HOW.ascii:
        return this.#reader.ascii(start, stop);
      case HOW.utf8:
        return this.#reader.string(KIND.utf8, start, stop);
      default:
        return this.#made[place]!;
    }
  }

  hash(place: number, before: number): number | null {
    switch (this.#hows[place]) {
      case HOW.untold:
        return null;
      case HOW.null:
        return hashText(before, NULL);
      case HOW.ascii:
        return hashAscii(before, this.#reader.bytes, this.#starts[place]!, this.#stops[place]!);
      case HOW.utf8:
        return hashUtf8(before, this.#reader.bytes, this.#starts[place]!, this.#stops[place]!);
      default:
        return this.#hashMade(place, before);
    }
  }

  #how(column: EventColumn, place: number, kind: number, start: number, stop: number): number {
    if (kind === KIND.none) return HOW.untold;
    if (kind === KIND.null) return HOW.null;
    if (column.type === 'varchar') {
      const plain = kind === KIND.string || kind === KIND.utf8;
      if (plain && !this.#values.mayBeUnavailable(stop - start)) {
        return kind === KIND.utf8 ? HOW.utf8 : HOW.ascii;
      }
    } else if (column.type === 'bigint') {
      // Of those with a minus, -0 is not how PostgreSQL prints it.
      if (kind === KIND.integer && this.#reader.bytes[start] !== MINUS) return HOW.ascii;
    }
    const text = this.#values.text(column.type, kind, start, stop);
    if (text === null) {
      throw new EventError(`the value of column ${column.name} is none of type ${column.type}`);
    }
    if (text === undefined) return HOW.untold;
    this.#made[place] = text;
    return HOW.made;
  }

  #hashMade(place: number, before: number): number {
    const text = this.#made[place]!;
    if (before === this.#befores[place] && text === this.#hashed[place]) {
      return this.#hashes[place]!;
    }
    const hash = hashText(before, text);
    this.#hashed[place] = text;
    this.#befores[place] = before;
    this.#hashes[place] = hash;
    return hash;
  }
}
