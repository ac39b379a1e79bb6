import type { Client } from 'pg';
import type { Candidate, EventSpec } from '../src/legacy/events/event.js';
import type { EventType } from '../src/legacy/events/index.js';

/** Rows kept for later change: enough that a batch finds its share, little enough to load at once. */
const KEPT = 5_000;
/** How many ids the start looks back for open rows, so that a huge table without any is not read whole. */
const LOOK_BACK = 200_000;

/** Empty candidates for each event type of a worker. */
export function candidatesOf(
  types: readonly EventType[],
  random: () => number,
): ReadonlyMap<EventType, Candidates> {
  return new Map(types.map((type) => [type, new Candidates(random)]));
}

/**
 * The rows of one event type that this worker may change or delete later: those that it wrote itself, and
 * its share, by id, of the rows that were there. Another worker or program may change one first; then
 * the UPDATE or DELETE does not find it, and another one is taken.
 */
export class Candidates {
  #kept: Candidate[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * Reads the newest open rows of the type, of this worker's share (`index` of `of` workers) and from before
   * the run (`last`: the highest id then). A later row may be the witness of another worker's COMMIT in
   * doubt.
   */
  async load(
    client: Client,
    spec: EventSpec,
    { index, of }: { readonly index: number; readonly of: number },
    last: number,
  ): Promise<void> {
    const { rows } = await client.query<[string, number]>({
      text: `SELECT id, extract(epoch FROM ${spec.change.at})::float8 * 1000
               FROM ${spec.table}
              WHERE id > $1::bigint - ${LOOK_BACK} AND id <= $1::bigint
                AND id % ${of} = ${index} AND ${spec.change.open}
              ORDER BY id DESC LIMIT ${KEPT}`,
      values: [last],
      rowMode: 'array',
    });
    this.#kept = rows.map(([id, at]) => ({ id: Number(id), at }));
  }

  /** Takes up to `count` candidates out, at random. */
  take(count: number): Candidate[] {
    const taken: Candidate[] = [];
    while (taken.length < count) {
      const index = Math.floor(this.#random() * this.#kept.length);
      const candidate = this.#kept[index];
      if (candidate === undefined) break;
      const last = this.#kept.pop();
      if (last !== undefined && last !== candidate) this.#kept[index] = last;
      taken.push(candidate);
    }
    return taken;
  }

  /** Keeps candidates; when full, a random older one makes room. */
  keep(candidates: readonly Candidate[]): void {
    for (const candidate of candidates) {
      if (this.#kept.length < KEPT) this.#kept.push(candidate);
      else this.#kept[Math.floor(this.#random() * KEPT)] = candidate;
    }
  }
}
