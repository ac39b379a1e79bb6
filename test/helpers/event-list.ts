import type { Tables } from '../../src/schema/tables.js';
import type {
  Ignored,
  KeylessEvent,
  Malformed,
  MessageEvent,
  RowColumns,
  RowEvent,
  Sink,
  TruncateEvent,
} from '../../src/sources/source.js';
import { HOSPITAL_TABLES } from './any-scope.js';
import { type ReceivedRow, receivedRow } from './received-row.js';

/** An event without the times of its transport. */
type Timeless<T> = Omit<T, 'connectorAt' | 'receivedAt'>;

/** Everything that a source delivers, in one list: what two readings of one history have in common. */
export class EventList implements Sink {
  readonly events: (
    | Timeless<ReceivedRow>
    | Timeless<KeylessEvent>
    | Timeless<TruncateEvent>
    | Timeless<MessageEvent>
    | Ignored
    | Malformed
  )[] = [];
  at = 0;
  readonly #tables: Tables;

  constructor(tables: Tables = HOSPITAL_TABLES) {
    this.#tables = tables;
  }

  row(event: RowEvent, columns: RowColumns | null): void {
    this.events.push(timeless(receivedRow(event, columns, this.#tables)));
  }

  changeWithoutKey(event: KeylessEvent): void {
    this.events.push(timeless(event));
  }

  truncate(event: TruncateEvent): void {
    this.events.push(timeless(event));
  }

  message(event: MessageEvent): void {
    this.events.push(timeless(event));
  }

  unstated(): void {}

  ignored(kind: Ignored): void {
    this.events.push(kind);
  }

  malformed(problem: Malformed): void {
    this.events.push(problem);
  }

  progress(lsn: number): void {
    this.at = lsn;
  }

  idle(): void {}

  async ready(): Promise<void> {}
}

function timeless<T extends { connectorAt: unknown; receivedAt: unknown }>(event: T): Timeless<T> {
  const { connectorAt: _, receivedAt: __, ...rest } = event;
  return rest;
}
