import { DAY_MS, formatDate } from '../lib/calendar.js';
import { digits } from '../lib/numbers.js';
import { choice, type Rng } from '../random/rng.js';
import type { City } from './cities.js';
import type { Pools } from './pools.js';

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
export function fullName(rng: Rng, pools: Pools): string {
  const firstNames = rng.chance(0.5) ? pools.femaleNames : pools.maleNames;
  const first = rng.pick(firstNames);
  const second = rng.chance(COMPOUND_NAME) ? rng.pick(firstNames) : first;
  // Some names of the pool are compound already: a third part would be odd.
  const given = first === second || first.includes(' ') ? first : `${first} ${second}`;
  const { surnames } = pools;
  const mother = rng.below(surnames.length);
  const father = (mother + rng.between(1, surnames.length - 1)) % surnames.length;
  return `${given} ${surnames[mother]!} ${surnames[father]!}`;
}

/** A date of birth 0 to 100 years before `since` (milliseconds since 1970, UTC), never after it. */
export function birthDate(rng: Rng, since: number): string {
  const days = rng.weighted(AGE_DECADES) * DAYS_PER_DECADE + rng.below(DAYS_PER_DECADE);
  return formatDate(since - days * DAY_MS);
}

/** A mobile number of the city, `(11) 91234-5678`. */
export function phone(rng: Rng, city: City): string {
  const number = digits(rng.below(EIGHT_DIGITS), 8);
  return `(${city.ddd}) 9${number.slice(0, 4)}-${number.slice(4)}`;
}

/** `Rua Martins, 123, Apto 45 - Centro, Campinas/SP` */
export function address(rng: Rng, pools: Pools, city: City): string {
  const street = `${rng.pick(pools.streets)}, ${rng.between(1, HOUSE_NUMBERS)}`;
  const flat = rng.chance(WITH_COMPLEMENT) ? `, Apto ${rng.between(1, FLAT_NUMBERS)}` : '';
  return `${street}${flat} - ${rng.pick(DISTRICTS)}, ${city.name}/${city.uf}`;
}

/** The number on an insurance card: 16 digits in groups of four. */
export function cardNumber(rng: Rng): string {
  const number = digits(rng.below(EIGHT_DIGITS), 8) + digits(rng.below(EIGHT_DIGITS), 8);
  return `${number.slice(0, 4)} ${number.slice(4, 8)} ${number.slice(8, 12)} ${number.slice(12)}`;
}
