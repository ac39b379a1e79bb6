import type {
  Aside,
  KeylessEvent,
  Malformed,
  Precision,
  RowColumns,
  RowEvent,
  Sink,
  Untold,
} from '../../src/sources/source.js';
import { type ToldRow, toldRow } from './told-row.js';

/** Keeps what a source gives out. */
export class CollectingSink implements Sink {
  readonly rows: ToldRow[] = [];
  /** Of each row, null where it has no columns. */
  readonly precisions: (Precision | null)[] = [];
  readonly keyless: KeylessEvent[] = [];
  readonly truncated: string[] = [];
  readonly asides: Aside[] = [];
  readonly problems: Malformed[] = [];
  readonly untoldFacts: Untold[] = [];
  idles = 0;
  /** What `ready` waits for. */
  gate: Promise<void> = Promise.resolve();

  row(event: RowEvent, columns: RowColumns | null): void {
    this.rows.push(toldRow(event, columns));
    this.precisions.push(columns?.precision ?? null);
  }

  deleteWithoutKey(event: KeylessEvent): void {
    this.keyless.push(event);
  }

  truncate(table: string): void {
    this.truncated.push(table);
  }

  untold(what: Untold): void {
    this.untoldFacts.push(what);
  }

  aside(kind: Aside): void {
    this.asides.push(kind);
  }

  malformed(problem: Malformed): void {
    this.problems.push(problem);
  }

  position(): void {}

  idle(): void {
    this.idles++;
  }

  ready(): Promise<void> {
    return this.gate;
  }

  /** Everything that was told, in one number. */
  get told(): number {
    const { rows, keyless, truncated, asides, problems } = this;
    return [rows, keyless, truncated, asides, problems].reduce(
      (sum, { length }) => sum + length,
      0,
    );
  }
}
