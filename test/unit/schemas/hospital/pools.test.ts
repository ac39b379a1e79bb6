import assert from 'node:assert/strict';
import test from 'node:test';
import { CITIES, citiesOf } from '../../../../src/schemas/hospital/cities.js';
import { UFS } from '../../../../src/schemas/hospital/identifiers.js';
import { samplePools } from '../../../../src/schemas/hospital/pools.js';
import { POOLS } from './samples.js';

test('pools are the same each time, plain data, large enough and free of duplicates', async () => {
  assert.deepEqual(await samplePools(), POOLS);
  assert.deepEqual(structuredClone(POOLS), POOLS);
  const least = { femaleNames: 70, maleNames: 70, surnames: 15, streets: 500 };
  for (const [name, minimum] of Object.entries(least)) {
    const pool = POOLS[name]!;
    assert.ok(pool.length >= minimum, `${name}: ${pool.length}`);
    assert.equal(new Set(pool).size, pool.length);
    for (const text of pool) assert.match(text, /^[\p{L}' .-]+$/u);
  }
});

test('every state has a city, and no area code belongs to two states', () => {
  const states = new Map<number, string>();
  for (const { uf, ddd, name } of CITIES.values) {
    assert.equal(states.get(ddd) ?? uf, uf, name);
    states.set(ddd, uf);
  }
  for (const uf of UFS) {
    const { values } = citiesOf(uf);
    assert.ok(values.length > 0 && values.every((city) => city.uf === uf), uf);
  }
});
