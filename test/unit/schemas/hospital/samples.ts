import assert from 'node:assert/strict';
import type { EventType, KnownId } from '../../../../src/schema/event.js';
import { RowMaker } from '../../../../src/schema/row-maker.js';
import type { Row } from '../../../../src/schema/table.js';
import { patientSince } from '../../../../src/schemas/hospital/rows.js';
import { schemaWith } from '../../../../src/schemas/index.js';

/** A Wednesday at noon: any moment would do. */
export const NOW = Date.UTC(2026, 5, 17, 12, 0, 0);

/** Small, neighbouring, large and largest rngs. */
export const RNGS = [0, 1, 2, 42, 2 ** 32, Number.MAX_SAFE_INTEGER] as const;

/** The hospital without an extension. */
export const SCHEMA = schemaWith([]);

export const POOLS = await SCHEMA.samplePools();

/** A maker of each rng. */
export const MAKERS: readonly RowMaker[] = RNGS.map((rng) => new RowMaker(rng, POOLS));

/** A seeded patient. */
export function patient(maker: RowMaker, id: number): KnownId {
  return { id, since: patientSince(maker, id, NOW) };
}

/** A new row of an event type. `other`: the doctor or convênio that it references. */
export function rowOf(
  type: EventType,
  maker: RowMaker,
  id: number,
  pacientes: KnownId,
  now: number,
  other = 1,
): Row {
  const known = { id: other, since: 0 };
  const references = { pacientes, medicos: known, convenios: known };
  return SCHEMA.event(type).insert(maker, id, references, now, null);
}

/** Fails when a count is further than five standard deviations from its binomial mean. */
export function assertShare(count: number, total: number, probability: number): void {
  const mean = total * probability;
  const tolerance = 5 * Math.sqrt(mean * (1 - probability));
  assert.ok(Math.abs(count - mean) <= tolerance, `${count} of ${total}, expected ${mean}`);
}

/**
 * Fails when counts of equally likely outcomes are too uneven, or too even: the chi-square sum,
 * made a standard normal by Wilson and Hilferty, must lie within five standard deviations.
 */
export function assertUniform(counts: ArrayLike<number>): void {
  const observed = Array.from(counts);
  const expected = observed.reduce((sum, count) => sum + count, 0) / observed.length;
  const chiSquare = observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const freedom = observed.length - 1;
  const spread = 2 / (9 * freedom);
  const z = ((chiSquare / freedom) ** (1 / 3) - (1 - spread)) / Math.sqrt(spread);
  assert.ok(Math.abs(z) < 5, `chi-square ${chiSquare} with ${freedom} degrees, z = ${z}`);
}
