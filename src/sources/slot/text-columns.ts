import { hashText, NULL } from '../../ledger/value-hash.js';
import type { Precision, RowColumns } from '../source.js';

/** The texts of a row's columns, as of `RowColumns.text`. */
export type RowValues = readonly (string | null | undefined)[];

/** A row whose columns are there as text. */
export class TextColumns implements RowColumns {
  readonly precision: Precision = 'microseconds';
  readonly #values: RowValues;

  constructor(values: RowValues) {
    this.#values = values;
  }

  text(place: number): string | null | undefined {
    return this.#values[place];
  }

  hash(place: number, before: number): number | null {
    const value = this.#values[place];
    return value === undefined ? null : hashText(before, value ?? NULL);
  }
}
