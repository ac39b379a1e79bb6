import type { Tables } from '../../src/schema/tables.js';
import type {
  Ignored,
  KeylessEvent,
  Malformed,
  MessageEvent,
  Precision,
  Projection,
  RowColumns,
  RowEvent,
  Sink,
  TruncateEvent,
  Unstated,
} from '../../src/sources/source.js';
import { HOSPITAL_TABLES } from './any-scope.js';
import { type ReceivedRow, receivedRow } from './received-row.js';

/** Keeps the events of a source. */
export class CollectingSink implements Sink {
  readonly rows: ReceivedRow[] = [];
  /** The precision of each row, null where it has no columns. */
  readonly precisions: (Precision | null)[] = [];
  /** The cut values of each row, by the column's place. */
  readonly projections: Record<number, Projection>[] = [];
  readonly keyless: KeylessEvent[] = [];
  readonly truncates: TruncateEvent[] = [];
  readonly messages: MessageEvent[] = [];
  readonly ignoredKinds: Ignored[] = [];
  readonly problems: Malformed[] = [];
  readonly unstatedFacts: Unstated[] = [];
  idles = 0;
  /** `ready` waits for it. */
  gate: Promise<void> = Promise.resolve();
  readonly #tables: Tables;

  constructor(tables: Tables = HOSPITAL_TABLES) {
    this.#tables = tables;
  }

  row(event: RowEvent, columns: RowColumns | null): void {
    this.rows.push(receivedRow(event, columns, this.#tables));
    this.precisions.push(columns?.precision ?? null);
    this.projections.push(columns === null ? {} : projectionsOf(columns, this.rows.at(-1)!));
  }

  changeWithoutKey(event: KeylessEvent): void {
    this.keyless.push(event);
  }

  truncate(event: TruncateEvent): void {
    this.truncates.push(event);
  }

  message(event: MessageEvent): void {
    this.messages.push(event);
  }

  /** The tables of `truncates`. */
  get truncated(): string[] {
    return this.truncates.map(({ table }) => table);
  }

  unstated(part: Unstated): void {
    this.unstatedFacts.push(part);
  }

  ignored(kind: Ignored): void {
    this.ignoredKinds.push(kind);
  }

  malformed(problem: Malformed): void {
    this.problems.push(problem);
  }

  progress(_: number): void {}

  idle(): void {
    this.idles++;
  }

  ready(): Promise<void> {
    return this.gate;
  }

  /** The count of all events. */
  get count(): number {
    const { rows, keyless, truncates, messages, ignoredKinds, problems } = this;
    return [rows, keyless, truncates, messages, ignoredKinds, problems].reduce(
      (sum, { length }) => sum + length,
      0,
    );
  }
}

function projectionsOf(columns: RowColumns, { values }: ReceivedRow): Record<number, Projection> {
  const cut: Record<number, Projection> = {};
  for (const place of values?.keys() ?? []) {
    const projection = columns.projected(place);
    if (projection !== null) cut[place] = projection;
  }
  return cut;
}
