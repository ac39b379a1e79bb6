import { DAY_MS } from '../../lib/calendar.js';
import { digitCode } from '../../lib/numbers.js';
import { choice, type Rng } from '../../random/rng.js';
import { Composed, dateValue, type Value } from '../../schema/value.js';
import type { City } from './cities.js';
import type { HospitalPools } from './pools.js';

/** Decades of age out of 1000 inhabitants, rounded from the IBGE census of 2022. */
const AGE_DECADES = choice([
  [3, 160],
  [4, 150],
  [2, 148],
  [1, 140],
  [0, 130],
  [5, 118],
  [6, 85],
  [7, 47],
  [8, 18],
  [9, 4],
]);

const DAYS_PER_DECADE = 3652;

/** No source gives these two shares; they are guesses that look right. */
const COMPOUND_NAME = 0.35;
const WITH_COMPLEMENT = 0.3;

/** Highest house number and flat number. */
const HOUSE_NUMBERS = 2500;
const FLAT_NUMBERS = 180;

/** A mobile number is a leading 9 and eight digits: how many there are. */
const EIGHT_DIGITS = 100_000_000;

/** Names of quarters that most Brazilian cities have. */
const DISTRICTS = [
  ...['Centro', 'Boa Vista', 'Jardim América', 'Vila Nova', 'São José', 'Santo Antônio'],
  ...['Industrial', 'Santa Luzia', 'São Francisco', 'Planalto', 'Bela Vista', 'Santa Cruz'],
  ...['Vila Maria', 'Jardim das Flores', 'Parque das Árvores', 'Liberdade', 'Nova Esperança'],
] as const;

/** A full name: one or two first names of one sex and two different surnames. */
export function fullName(rng: Rng, pools: HospitalPools): Composed {
  const firstNames = rng.chance(0.5) ? pools.femaleNames : pools.maleNames;
  const first = rng.pick(firstNames);
  const second = rng.chance(COMPOUND_NAME) ? rng.pick(firstNames) : first;
  // Some names of the pool are compound already: a third part would be odd.
  const isAlone = first === second || first.includes(' ');
  const { surnames } = pools;
  const mother = rng.below(surnames.length);
  const father = (mother + rng.between(1, surnames.length - 1)) % surnames.length;
  const family = surnames[father]!;
  return isAlone
    ? new Composed([first, ' ', surnames[mother]!, ' ', family])
    : new Composed([first, ' ', second, ' ', surnames[mother]!, ' ', family]);
}

/** A date of birth 0 to 100 years before `since` (milliseconds since 1970, UTC), never after it. */
export function birthDate(rng: Rng, since: number): Value {
  const days = rng.weighted(AGE_DECADES) * DAYS_PER_DECADE + rng.below(DAYS_PER_DECADE);
  return dateValue(since - days * DAY_MS);
}

/** A mobile number of the city, `(11) 91234-5678`. */
export function phone(rng: Rng, city: City): string {
  const number = rng.below(EIGHT_DIGITS);
  const { ddd } = city;
  // biome-ignore format: digits in the groups of the text
  return String.fromCharCode(
    OPENING, digitCode(ddd, 10), digitCode(ddd, 1), CLOSING, SPACE,
    NINE, digitCode(number, 1e7), digitCode(number, 1e6), digitCode(number, 1e5), digitCode(number, 1e4), HYPHEN,
    digitCode(number, 1e3), digitCode(number, 100), digitCode(number, 10), digitCode(number, 1),
  );
}

/** `Rua Martins, 123, Apto 45 - Centro, Campinas/SP` */
export function address(rng: Rng, pools: HospitalPools, city: City): Composed {
  const street = rng.pick(pools.streets);
  const house = rng.between(1, HOUSE_NUMBERS);
  const flat = rng.chance(WITH_COMPLEMENT) ? rng.between(1, FLAT_NUMBERS) : null;
  const district = rng.pick(DISTRICTS);
  const { name, uf } = city;
  return flat === null
    ? new Composed([street, ', ', house, ' - ', district, ', ', name, '/', uf])
    : new Composed([street, ', ', house, ', Apto ', flat, ' - ', district, ', ', name, '/', uf]);
}

/** The number on an insurance card: 16 digits in groups of four. */
export function cardNumber(rng: Rng): string {
  const first = rng.below(EIGHT_DIGITS);
  const last = rng.below(EIGHT_DIGITS);
  // biome-ignore format: digits in the groups of the text
  return String.fromCharCode(
    digitCode(first, 1e7), digitCode(first, 1e6), digitCode(first, 1e5), digitCode(first, 1e4), SPACE,
    digitCode(first, 1e3), digitCode(first, 100), digitCode(first, 10), digitCode(first, 1), SPACE,
    digitCode(last, 1e7), digitCode(last, 1e6), digitCode(last, 1e5), digitCode(last, 1e4), SPACE,
    digitCode(last, 1e3), digitCode(last, 100), digitCode(last, 10), digitCode(last, 1),
  );
}

const OPENING = 0x28;
const CLOSING = 0x29;
const SPACE = 0x20;
const HYPHEN = 0x2d;
const NINE = 0x39;
