import assert from 'node:assert/strict';
import test from 'node:test';
import { choice, RNG_PURPOSE, Rng } from '../../../src/random/rng.js';
import { ROW_PURPOSE } from '../../../src/schemas/purposes.js';
import { assertShare, assertUniform, RNGS } from '../schemas/hospital/samples.js';

const DRAWN = 100_000;

/** First draws along each axis along which positions are neighbours. */
const AXES: Readonly<Record<string, (k: number) => number>> = {
  'of one position': (() => {
    const rng = new Rng(7).at(1, 1);
    return () => rng.u32();
  })(),
  'of neighbouring ids': (k) => new Rng(7).at(1, k).u32(),
  'of ids beyond 32 bits': (k) => new Rng(7).at(1, k * 2 ** 33).u32(),
  'of neighbouring streams': (k) => new Rng(7).at(k, 1).u32(),
  'of neighbouring seeds': (k) => new Rng(k).at(1, 1).u32(),
  'of seeds beyond 32 bits': (k) => new Rng(k * 2 ** 33).at(1, 1).u32(),
  'of neighbouring moments': (k) => new Rng(7).at(1, 1, 1_700_000_000_000 + k).u32(),
};

for (const [axis, draw] of Object.entries(AXES)) {
  test(`draws ${axis} are uniform in high and low bits and independent of each other`, () => {
    const high = new Uint32Array(256);
    const low = new Uint32Array(256);
    const pairs = new Uint32Array(256);
    let previous = draw(DRAWN);
    for (let k = 0; k < DRAWN; k++) {
      const value = draw(k);
      high[value >>> 24]!++;
      low[value & 255]!++;
      pairs[((previous >>> 28) << 4) | (value >>> 28)]!++;
      previous = value;
    }
    assertUniform(high);
    assertUniform(low);
    assertUniform(pairs);
  });

  test(`draws ${axis} differ in each bit half of the time`, () => {
    const flips = new Uint32Array(32);
    let previous = draw(DRAWN);
    for (let k = 0; k < DRAWN; k++) {
      const value = draw(k);
      for (let bit = 0; bit < 32; bit++) flips[bit]! += ((previous ^ value) >>> bit) & 1;
      previous = value;
    }
    for (const count of flips) assertShare(count, DRAWN, 0.5);
  });
}

test('the same position gives the same draws, also after others', () => {
  for (const seed of RNGS) {
    const used = new Rng(seed);
    used.at(ROW_PURPOSE.exame, 9).unit();
    const again = new Rng(seed).at(ROW_PURPOSE.consulta, 123);
    used.at(ROW_PURPOSE.consulta, 123);
    for (let k = 0; k < 10; k++) assert.equal(used.u32(), again.u32());
  }
});

test('positions that differ in one part give different draws', () => {
  const positions = RNGS.flatMap((seed) =>
    [0, 1, 2 ** 32, 2 ** 53 - 1].flatMap((id) =>
      [1, 2].flatMap((stream) =>
        [0, 5, 2 ** 40].map((moment) => {
          const rng = new Rng(seed).at(stream, id, moment);
          return `${rng.u32()} ${rng.u32()}`;
        }),
      ),
    ),
  );
  assert.equal(new Set(positions).size, positions.length);
});

test('every stream has a number of its own', () => {
  const numbers = [...Object.values(RNG_PURPOSE), ...Object.values(ROW_PURPOSE)];
  assert.equal(new Set<number>(numbers).size, numbers.length);
});

test('units, numbers below a limit, picks and weighted values keep their range and shares', () => {
  const rng = new Rng(3).at(1, 1);
  const tens = new Uint32Array(10);
  const units = new Uint32Array(10);
  const dice = new Uint32Array(6);
  const weather = { sun: 0, rain: 0, snow: 0 };
  const forecast = choice([
    ['sun', 70],
    ['rain', 29],
    ['snow', 1],
  ] as const);
  let heads = 0;
  for (let k = 0; k < DRAWN; k++) {
    const unit = rng.unit();
    assert.ok(unit >= 0 && unit < 1);
    units[Math.floor(unit * 10)]!++;
    tens[rng.below(10)]!++;
    dice[rng.between(1, 6) - 1]!++;
    weather[rng.weighted(forecast)]++;
    if (rng.chance(0.3)) heads++;
    assert.ok(['a', 'b'].includes(rng.pick(['a', 'b'])));
  }
  assertUniform(units);
  assertUniform(tens);
  assertUniform(dice);
  assertShare(weather.sun, DRAWN, 0.7);
  assertShare(weather.rain, DRAWN, 0.29);
  assertShare(weather.snow, DRAWN, 0.01);
  assertShare(heads, DRAWN, 0.3);
  assert.equal(rng.below(1), 0);
});
