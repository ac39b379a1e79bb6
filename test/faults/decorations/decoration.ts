import type { Rng } from '../../../src/random/rng.js';
import type { LineFormat } from '../../helpers/debezium-lines.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { Sample } from '../mutants/sample.js';
import type { Item } from './item.js';
import type { Past } from './past.js';

/** Groups of similar decorations: a stream gets at most one of each. */
export type Family =
  | 'beginning'
  | 'snapshot'
  | 'ignored'
  | 'elsewhere'
  | 'triggers'
  | 'restarts'
  | 'writers'
  | 'format';

/** A stream that is being composed. */
export interface Trial {
  readonly sample: Sample;
  readonly past: Past;
  readonly rng: Rng;
  /** The part of the stream that may be changed. */
  view: Sample;
  items: Item[];
  /** Items before the stream. */
  begin: Item[];
  readonly streamOf: (event: ReceivedRow) => number;
  /** The best verdict with the decorations alone. */
  expected: 'unchanged' | 'duplicates' | 'indeterminate';
  /** The least number of changes that a snapshot excuses. */
  excused: number;
}

/** A harmless addition to a stream, as real pipelines make it. */
export interface Decoration {
  readonly name: string;
  readonly family: Family;
  /** Left out: it fits every stream. */
  readonly fits?: (sample: Sample) => boolean;
  /** Applied before the harm; false: this draw found no place for it. */
  readonly before?: (trial: Trial) => boolean;
  /** The same, applied after the harm. */
  readonly after?: (trial: Trial) => boolean;
  readonly format?: Partial<LineFormat>;
  /** Adds events of other tables, so gaps in `total_order` may be a filter's. */
  readonly others?: true;
}

/** Inserts each piece at a random place that fits. */
export function scatter(
  { items, rng }: Trial,
  pieces: readonly (readonly Item[])[],
  fits: (at: number) => boolean = () => true,
): Item[] {
  const places = items.map((_, at) => at).filter(fits);
  const all: Item[] = [];
  const at = new Map<number, Item[]>();
  for (const piece of pieces) {
    const place = places.length === 0 ? items.length : rng.pick(places);
    at.set(place, [...(at.get(place) ?? []), ...piece]);
  }
  for (const [place, item] of items.entries()) all.push(...(at.get(place) ?? []), item);
  return [...all, ...(at.get(items.length) ?? [])];
}
