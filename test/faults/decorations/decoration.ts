import type { Rng } from '../../../src/random/rng.js';
import type { LineFormat } from '../../helpers/debezium-lines.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { Sample } from '../mutants/sample.js';
import type { Item } from './item.js';
import type { Past } from './past.js';

/** What is the same about some decorations: of each family one is enough at a time. */
export type Family =
  | 'beginning'
  | 'snapshot'
  | 'asides'
  | 'elsewhere'
  | 'triggers'
  | 'restarts'
  | 'writers'
  | 'format';

/** A stream that is being put together. */
export interface Trial {
  readonly sample: Sample;
  readonly past: Past;
  readonly rng: Rng;
  /** What a change may be done to: the stream, or a part of it. */
  view: Sample;
  items: Item[];
  /** What comes before all of that. */
  begin: Item[];
  readonly streamOf: (event: ReceivedRow) => number;
  /** By a decoration alone: what the verdict comes to, at best. */
  expected: 'unchanged' | 'duplicates' | 'indeterminate';
  /** Changes of the ledger that a snapshot bears witness for, at least. */
  excused: number;
}

/** Something that real pipelines add to a stream, and that does no harm. */
export interface Decoration {
  readonly name: string;
  readonly family: Family;
  /** Left out: it can be done to every stream. */
  readonly fits?: (sample: Sample) => boolean;
  /** Done before anything harmful is; false: this draw hits upon nothing that it could be done to. */
  readonly before?: (trial: Trial) => boolean;
  /** The same, done afterwards. */
  readonly after?: (trial: Trial) => boolean;
  readonly format?: Partial<LineFormat>;
  /** Events of other tables come along: then gaps in `total_order` may be those of a filter. */
  readonly others?: true;
}

/** Puts some items in between, each where `fits` says that it may be. */
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
