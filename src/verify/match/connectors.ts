import type { Tables } from '../../schema/tables.js';
import { SnapshotRows } from '../rows/snapshot-rows.js';
import { RowTracker } from '../rows/tracker.js';

/** The rows that one connector has delivered. */
export interface Connector {
  readonly tracker: RowTracker;
  readonly snapshot: SnapshotRows;
  /** LSN of its first change: later snapshots are not the one that the stream begins with. Null: none arrived. */
  firstChange: number | null;
}

export interface ConnectorMemory {
  /** Bytes for the rows of a tracker, and for those of a snapshot. */
  readonly rowBytes: number;
  readonly snapshotBytes: number;
  /** Share of rows to follow, 0 to 1. */
  readonly sample: number;
}

/**
 * The connectors of a stream, by the name in their events (`source.name`): rows of the same name may belong to two
 * servers. The first connector that delivers a change exactly as the ledger has it belongs to the run. Until then the
 * rows of each are kept apart.
 */
export class Connectors {
  readonly #make: () => Connector;
  readonly #candidates = new Map<string, Connector>();
  /** Also has the events without a name, and until one is settled, those of the first connector. */
  #own: Connector;
  #name: string | null = null;

  /** @param partitions of the source */
  constructor(
    tables: Tables,
    { rowBytes, snapshotBytes, sample }: ConnectorMemory,
    partitions: number,
  ) {
    this.#make = () => ({
      tracker: new RowTracker(tables, rowBytes, sample),
      snapshot: new SnapshotRows(tables, snapshotBytes, partitions),
      firstChange: null,
    });
    this.#own = this.#make();
  }

  /** The connector that is, or is assumed to be, the run's. */
  get own(): Connector {
    return this.#own;
  }

  /** The connector of an event, unless foreign. */
  of(origin: string | null): Connector {
    if (origin === null || this.#name !== null) return this.#own;
    let connector = this.#candidates.get(origin);
    if (connector === undefined) {
      connector = this.#candidates.size === 0 ? this.#own : this.#make();
      this.#candidates.set(origin, connector);
    }
    return connector;
  }

  /** Whether an event belongs to another connector than the run's. */
  isForeign(origin: string | null): boolean {
    return origin !== null && this.#name !== null && origin !== this.#name;
  }

  /** Whether an event's connector may still turn out to be another one than the run's. */
  isUnsettled(origin: string | null): origin is string {
    return origin !== null && this.#name === null;
  }

  /** This connector is the run's: the others are forgotten. */
  settle(origin: string): void {
    this.#own = this.of(origin);
    this.#name = origin;
    this.#candidates.clear();
  }

  /** The followed rows of the run's connector. Without a settled one: of the only candidate, or none. */
  get tracker(): RowTracker {
    return this.#candidates.size > 1 ? this.#make().tracker : this.#own.tracker;
  }
}
