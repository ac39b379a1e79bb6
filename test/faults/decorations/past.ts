import type { SnapshotMark } from '../../../src/sources/source.js';
import type { LineRow } from '../../helpers/debezium-lines.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { Sample } from '../mutants/sample.js';

/** How snapshot rows are marked: with their place (first, last …), or only as snapshot rows. */
export type Marks = 'places' | 'plain';

/** The contents of a run's tables at any place of its stream. */
export class Past {
  readonly #sample: Sample;
  readonly #placeOf: ReadonlyMap<number, number>;

  constructor(sample: Sample) {
    this.#sample = sample;
    this.#placeOf = new Map(sample.events.map(({ position }, at) => [position, at]));
  }

  /** The rows, by table and key, after this number of events. */
  at(events: number): Map<string, ReceivedRow> {
    const { taken, events: all } = this.#sample;
    const rows = new Map(taken.rows.map((row) => [`${row.table} ${row.key}`, row]));
    for (const event of all.slice(0, events)) {
      const row = `${event.table} ${event.key}`;
      if (event.operation === 'delete') rows.delete(row);
      else rows.set(row, event);
    }
    return rows;
  }

  /** An LSN after the COMMITs of this number of events, and before those that follow. */
  lsnAt(events: number): number {
    const before = this.#sample.events[events - 1];
    return before === undefined ? this.#sample.taken.from : (before.watermark ?? 0) + 1;
  }

  /** The number of the stream's events up to this one; null: it is not one of them. */
  countTo({ position, xid, from }: LineRow): number | null {
    const at = this.#placeOf.get(position);
    if (at === undefined || from !== undefined) return null;
    return this.#sample.events[at]?.xid === xid ? at + 1 : null;
  }
}

/** Turns rows into those of a snapshot. */
export function snapshotOf(
  rows: Iterable<ReceivedRow>,
  lsn: number | null,
  marks: Marks,
): LineRow[] {
  const list = [...rows].map((row) => ({ ...row, ...SNAPSHOT, lsn }));
  list.sort((a, b) => (a.table < b.table ? -1 : Number(a.table > b.table)));
  if (marks === 'plain') return list;
  return list.map((row, at) => ({ ...row, snapshot: markOf(list, at) }));
}

/** Turns rows into those of an incremental snapshot. */
export function incrementOf(rows: Iterable<ReceivedRow>, lsn: number | null): LineRow[] {
  return [...rows].map((row) => ({ ...row, ...SNAPSHOT, lsn, snapshot: 'incremental' }));
}

const SNAPSHOT = {
  operation: 'snapshot',
  snapshot: 'row',
  xid: null,
  order: null,
  watermark: null,
  // The position of no event of the stream.
  position: 0,
} as const;

function markOf(rows: readonly LineRow[], at: number): SnapshotMark {
  if (at === 0) return 'first';
  if (at === rows.length - 1) return 'last';
  const { table } = rows[at]!;
  if (rows[at - 1]!.table !== table) return 'first_in_data_collection';
  return rows[at + 1]!.table === table ? 'row' : 'last_in_data_collection';
}
