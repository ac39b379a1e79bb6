import assert from 'node:assert/strict';
import test from 'node:test';
import { LinkPlan } from '../../../src/schema/link-plan.js';
import { assertUniform, RNGS } from '../schemas/hospital/samples.js';

test('all links of a plan are different pairs inside the two lists, at most three a patient', () => {
  for (const rng of RNGS) {
    for (const [patients, convenios] of [
      [1, 3],
      [7, 3],
      [100, 4],
      [1000, 12],
      [2000, 1000],
    ] as const) {
      const plan = new LinkPlan(rng, 3, patients, convenios);
      assert.equal(plan.capacity, 3 * patients);
      const pairs = new Set<string>();
      const perPatient = new Uint8Array(patients);
      for (let j = 0; j < plan.capacity; j++) {
        const { parent: patient, other: convenio } = plan.slot(j);
        assert.ok(patient >= 0 && patient < patients && convenio >= 0 && convenio < convenios);
        perPatient[patient]!++;
        pairs.add(`${patient} ${convenio}`);
      }
      assert.equal(pairs.size, plan.capacity);
      assert.ok(perPatient.every((count) => count === 3));
    }
  }
});

test('fewer than three convênios leave every patient only so many links', () => {
  for (const convenios of [0, 1, 2]) {
    const plan = new LinkPlan(5, 3, 50, convenios);
    assert.equal(plan.capacity, 50 * convenios);
    const pairs = new Set<string>();
    for (let j = 0; j < plan.capacity; j++) pairs.add(JSON.stringify(plan.slot(j)));
    assert.equal(pairs.size, plan.capacity);
  }
});

test('a number outside the plan is refused', () => {
  const plan = new LinkPlan(5, 3, 50, 2);
  for (const outside of [-1, 100, Number.NaN]) {
    assert.throws(() => plan.slot(outside), RangeError);
  }
});

test('the first links of a plan leave some patients without, and use all convênios alike', () => {
  const plan = new LinkPlan(11, 3, 20_000, 12);
  const perPatient = new Uint8Array(20_000);
  const perConvenio = new Uint32Array(12);
  for (let j = 0; j < 25_000; j++) {
    const { parent: patient, other: convenio } = plan.slot(j);
    perPatient[patient]!++;
    perConvenio[convenio]!++;
  }
  for (const links of [0, 1, 2, 3]) assert.ok(perPatient.includes(links), `none has ${links}`);
  assertUniform(perConvenio);
});

test('the same rng gives the same plan and another rng another one', () => {
  const links = (rng: number) => {
    const plan = new LinkPlan(rng, 3, 1000, 12);
    return JSON.stringify(Array.from({ length: 100 }, (_, j) => plan.slot(j)));
  };
  assert.equal(links(1), links(1));
  assert.equal(new Set(RNGS.map(links)).size, RNGS.length);
});
