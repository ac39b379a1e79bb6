import { BATCH_HAZARDS, type BatchHazard, type Hazards } from '../../src/hazards/hazards.js';

/** The hazards that fall on one batch; null: none. */
export type DrawnHazards = ReadonlySet<BatchHazard> | null;

/** Draws which hazards fall on a batch: each by its share of the batches, independently of the others. */
export class Lottery {
  readonly #shares: readonly (readonly [name: BatchHazard, share: number])[];
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(hazards: Hazards, random: () => number) {
    this.#shares = BATCH_HAZARDS.flatMap((name) => {
      const share = hazards[name];
      return share === undefined ? [] : [[name, share] as const];
    });
    this.#random = random;
  }

  draw(): DrawnHazards {
    let drawn: Set<BatchHazard> | null = null;
    for (const [name, share] of this.#shares) {
      if (this.#random() >= share) continue;
      drawn ??= new Set();
      drawn.add(name);
    }
    return drawn;
  }
}

/** The hazards that are left once one of them is over. */
export function without(drawn: DrawnHazards, over: BatchHazard): DrawnHazards {
  const left = [...(drawn ?? [])].filter((name) => name !== over);
  return left.length === 0 ? null : new Set(left);
}
