import { permute } from '../random/permutation.js';
import { choice, type Rng } from '../random/rng.js';

/** The kinds of convênio, as the schema names them. */
export const CONVENIO_TYPES = ['publico', 'privado', 'empresarial'] as const;
export type ConvenioType = (typeof CONVENIO_TYPES)[number];

/** Most plans of the country are collective ones of companies; few are public (ANS figures). */
export const CONVENIO_TYPE = choice<ConvenioType>([
  ['empresarial', 60],
  ['privado', 30],
  ['publico', 10],
]);

const COVERAGES: Readonly<Record<ConvenioType, readonly string[]>> = {
  publico: ['integral', 'ambulatorial e hospitalar', 'atenção básica'],
  privado: [
    'ambulatorial',
    'hospitalar sem obstetrícia',
    'hospitalar com obstetrícia',
    'ambulatorial e hospitalar',
    'referência',
  ],
  empresarial: ['ambulatorial', 'ambulatorial e hospitalar', 'ambulatorial e odontológica'],
};

const PURPOSES: Readonly<Record<ConvenioType, readonly string[]>> = {
  publico: ['Assistência ao Servidor', 'Saúde Pública', 'Instituto de Previdência'],
  privado: ['Saúde', 'Assistência Médica', 'Medicina', 'Seguros', 'Planos de Saúde'],
  empresarial: ['Empresarial', 'Corporativo', 'Saúde Empresas', 'Autogestão', 'Coletivo'],
};

const STEMS = [
  ...['Vita', 'Plena', 'Clara', 'Aurora', 'Alfa', 'Nova', 'Luz', 'Prima', 'Sol', 'Verde'],
  ...['Amiga', 'Serena', 'Bem', 'Cruz', 'Vida', 'Fonte', 'Ponte', 'Raiz', 'Alto', 'Mar'],
  ...['Terra', 'Forte', 'Nobre', 'Lira', 'Zelo', 'Sigma', 'Delta', 'Orla', 'Ipê', 'Araucária'],
] as const;

const ENDINGS = ['med', 'saúde', 'cor', 'prev', 'life', 'clin', 'care', 'vida', 'sul', 'mais'];

const REGIONS = [
  ...['Brasil', 'Nacional', 'Paulista', 'Mineira', 'Nordeste', 'Centro-Oeste', 'Sul', 'Norte'],
  ...['Atlântica', 'Cerrado', 'Capital', 'Litoral'],
] as const;

const BRANDS = STEMS.length * ENDINGS.length * REGIONS.length;
/** Fixed, so that runs with different rngs give a convênio id the same brand. */
const BRAND_KEY = 0x00c0ffee;

/**
 * A plausible name, `Vitamed Paulista Assistência Médica`. The brand in front is different for
 * every id, until ids wrap around after 3,600.
 */
export function convenioName(rng: Rng, id: number, type: ConvenioType): string {
  const brand = permute(id % BRANDS, BRANDS, BRAND_KEY);
  const stem = STEMS[brand % STEMS.length]!;
  const rest = Math.floor(brand / STEMS.length);
  const ending = ENDINGS[rest % ENDINGS.length]!;
  const region = REGIONS[Math.floor(rest / ENDINGS.length)]!;
  return `${stem}${ending} ${region} ${rng.pick(PURPOSES[type])}`;
}

/** The services that a convênio of this kind pays for, in a few words. */
export const coverage = (rng: Rng, type: ConvenioType): string => rng.pick(COVERAGES[type]);
