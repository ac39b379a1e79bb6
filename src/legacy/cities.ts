import { type Choice, choice } from '../random/rng.js';
import { UFS, type Uf } from './identifiers.js';

export interface City {
  readonly name: string;
  readonly uf: Uf;
  /** The area code of its telephones. */
  readonly ddd: number;
}

type Entry = readonly [name: string, uf: Uf, ddd: number, thousands: number];

/**
 * Every capital and the larger cities of most area codes. Faker's pt_BR cities are invented, so
 * that no state or area code could fit them. Weight: thousands of inhabitants, IBGE census of 2022.
 */
const ENTRIES: readonly Entry[] = [
  ['São Paulo', 'SP', 11, 11452],
  ['Rio de Janeiro', 'RJ', 21, 6211],
  ['Brasília', 'DF', 61, 2817],
  ['Fortaleza', 'CE', 85, 2429],
  ['Salvador', 'BA', 71, 2418],
  ['Belo Horizonte', 'MG', 31, 2316],
  ['Manaus', 'AM', 92, 2064],
  ['Curitiba', 'PR', 41, 1774],
  ['Recife', 'PE', 81, 1489],
  ['Goiânia', 'GO', 62, 1437],
  ['Porto Alegre', 'RS', 51, 1333],
  ['Belém', 'PA', 91, 1303],
  ['Guarulhos', 'SP', 11, 1292],
  ['Campinas', 'SP', 19, 1139],
  ['São Luís', 'MA', 98, 1038],
  ['Maceió', 'AL', 82, 958],
  ['Campo Grande', 'MS', 67, 898],
  ['São Gonçalo', 'RJ', 21, 897],
  ['Teresina', 'PI', 86, 866],
  ['João Pessoa', 'PB', 83, 834],
  ['Natal', 'RN', 84, 751],
  ['Sorocaba', 'SP', 15, 724],
  ['Uberlândia', 'MG', 34, 713],
  ['Ribeirão Preto', 'SP', 16, 699],
  ['São José dos Campos', 'SP', 12, 697],
  ['Cuiabá', 'MT', 65, 651],
  ['Joinville', 'SC', 47, 617],
  ['Feira de Santana', 'BA', 75, 616],
  ['Aracaju', 'SE', 79, 603],
  ['Londrina', 'PR', 43, 556],
  ['Juiz de Fora', 'MG', 32, 541],
  ['Florianópolis', 'SC', 48, 537],
  ['Campos dos Goytacazes', 'RJ', 22, 484],
  ['São José do Rio Preto', 'SP', 17, 480],
  ['Vila Velha', 'ES', 27, 468],
  ['Caxias do Sul', 'RS', 54, 463],
  ['Porto Velho', 'RO', 69, 460],
  ['Macapá', 'AP', 96, 443],
  ['Santos', 'SP', 13, 419],
  ['Montes Claros', 'MG', 38, 414],
  ['Boa Vista', 'RR', 95, 413],
  ['Maringá', 'PR', 44, 410],
  ['Petrolina', 'PE', 87, 387],
  ['Bauru', 'SP', 14, 379],
  ['Vitória da Conquista', 'BA', 77, 371],
  ['Rio Branco', 'AC', 68, 365],
  ['Ponta Grossa', 'PR', 42, 358],
  ['Cascavel', 'PR', 45, 348],
  ['Santarém', 'PA', 93, 331],
  ['Pelotas', 'RS', 53, 326],
  ['Vitória', 'ES', 27, 323],
  ['Palmas', 'TO', 63, 303],
  ['Juazeiro do Norte', 'CE', 88, 286],
  ['Imperatriz', 'MA', 99, 273],
  ['Santa Maria', 'RS', 55, 272],
  ['Marabá', 'PA', 94, 267],
  ['Volta Redonda', 'RJ', 24, 262],
  ['Governador Valadares', 'MG', 33, 257],
  ['Chapecó', 'SC', 49, 255],
  ['Rondonópolis', 'MT', 66, 245],
  ['Divinópolis', 'MG', 37, 231],
  ['Rio Verde', 'GO', 64, 226],
  ['Presidente Prudente', 'SP', 18, 226],
  ['Cachoeiro de Itapemirim', 'ES', 28, 186],
  ['Ilhéus', 'BA', 73, 179],
  ['Poços de Caldas', 'MG', 35, 164],
];

/** The cities as places to live in. */
export const CITIES: Choice<City> = choiceOf(ENTRIES);

const BY_UF = Object.fromEntries(
  UFS.map((uf) => [uf, choiceOf(ENTRIES.filter((entry) => entry[1] === uf))]),
) as Record<Uf, Choice<City>>;

/** The cities of one state; every state has one. */
export const citiesOf = (uf: Uf): Choice<City> => BY_UF[uf];

function choiceOf(entries: readonly Entry[]): Choice<City> {
  return choice(entries.map(([name, uf, ddd, thousands]) => [{ name, uf, ddd }, thousands]));
}
