import assert from 'node:assert/strict';
import test from 'node:test';
import { choice, Draws, STREAMS } from '../../../../src/random/rng.js';
import { assertShare, assertUniform, RNGS } from './samples.js';

const DRAWN = 100_000;

/** First draws along each axis along which positions are neighbours. */
const AXES: Readonly<Record<string, (k: number) => number>> = {
  'of one position': (() => {
    const draws = new Draws(7).at(1, 1);
    return () => draws.u32();
  })(),
  'of neighbouring ids': (k) => new Draws(7).at(1, k).u32(),
  'of ids beyond 32 bits': (k) => new Draws(7).at(1, k * 2 ** 33).u32(),
  'of neighbouring streams': (k) => new Draws(7).at(k, 1).u32(),
  'of neighbouring rngs': (k) => new Draws(k).at(1, 1).u32(),
  'of rngs beyond 32 bits': (k) => new Draws(k * 2 ** 33).at(1, 1).u32(),
  'of neighbouring moments': (k) => new Draws(7).at(1, 1, 1_700_000_000_000 + k).u32(),
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

test('the same position gives the same draws, whatever was drawn before', () => {
  for (const rng of RNGS) {
    const used = new Draws(rng);
    used.at(STREAMS.exame, 9).unit();
    const again = new Draws(rng).at(STREAMS.consulta, 123);
    used.at(STREAMS.consulta, 123);
    for (let k = 0; k < 10; k++) assert.equal(used.u32(), again.u32());
  }
});

test('positions that differ in one part give different draws', () => {
  const positions = RNGS.flatMap((rng) =>
    [0, 1, 2 ** 32, 2 ** 53 - 1].flatMap((id) =>
      [1, 2].flatMap((stream) =>
        [0, 5, 2 ** 40].map((moment) => {
          const draws = new Draws(rng).at(stream, id, moment);
          return `${draws.u32()} ${draws.u32()}`;
        }),
      ),
    ),
  );
  assert.equal(new Set(positions).size, positions.length);
});

test('every stream has a number of its own', () => {
  const numbers = Object.values(STREAMS);
  assert.equal(new Set<number>(numbers).size, numbers.length);
});

test('units, numbers below a limit, picks and weighted values keep their range and shares', () => {
  const draws = new Draws(3).at(1, 1);
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
    const unit = draws.unit();
    assert.ok(unit >= 0 && unit < 1);
    units[Math.floor(unit * 10)]!++;
    tens[draws.below(10)]!++;
    dice[draws.between(1, 6) - 1]!++;
    weather[draws.weighted(forecast)]++;
    if (draws.chance(0.3)) heads++;
    assert.ok(['a', 'b'].includes(draws.pick(['a', 'b'])));
  }
  assertUniform(units);
  assertUniform(tens);
  assertUniform(dice);
  assertShare(weather.sun, DRAWN, 0.7);
  assertShare(weather.rain, DRAWN, 0.29);
  assertShare(weather.snow, DRAWN, 0.01);
  assertShare(heads, DRAWN, 0.3);
  assert.equal(draws.below(1), 0);
});
