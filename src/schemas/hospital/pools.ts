import type { Pools, RowMaker } from '../../schema/row-maker.js';

/** The parts of names and addresses. */
export type HospitalPools = Pools & {
  readonly femaleNames: readonly string[];
  readonly maleNames: readonly string[];
  readonly surnames: readonly string[];
  /** With their kind: `Rua Martins`. */
  readonly streets: readonly string[];
};

/** An arbitrary number. Fixed, so that the pools are the same in every run. */
const POOL_SEED = 20_240_229;

/** Enough for most of what the pt_BR locale holds: 90 names a sex, 20 surnames, 1,100 streets. */
const NAME_DRAWS = 500;
const STREET_DRAWS = 2000;

/** Longest text of one part: with it no composed name or address outgrows its column. */
const PART_LENGTH = 30;

/**
 * Samples the pools from Faker's pt_BR locale, the same in every process, in some 40 ms.
 * The package's entry of one locale loads in a sixth of the time of the whole one;
 * its instance is used here only, so seeding it has no effect elsewhere.
 */
export async function samplePools(): Promise<HospitalPools> {
  // Loaded here only: worker threads get the pools, and spare its 20 ms.
  const { faker } = await import('@faker-js/faker/locale/pt_BR');
  faker.seed(POOL_SEED);
  return {
    femaleNames: sample(NAME_DRAWS, () => faker.person.firstName('female')),
    maleNames: sample(NAME_DRAWS, () => faker.person.firstName('male')),
    surnames: sample(NAME_DRAWS, () => faker.person.lastName()),
    streets: sample(STREET_DRAWS, () => faker.location.street()),
  };
}

function sample(rng: number, draw: () => string): string[] {
  const drawn = Array.from({ length: rng }, draw);
  return [...new Set(drawn)].filter((text) => text.length > 0 && text.length <= PART_LENGTH);
}

/** The hospital's pools of a maker: `samplePools` made them. */
export function poolsOf({ pools }: RowMaker): HospitalPools {
  return pools as HospitalPools;
}
