import type { BaseSchemaSpec } from '../../schema/schema.js';
import { EVENTS } from './events/index.js';
import { HAZARDS } from './hazards.js';
import { samplePools } from './pools.js';
import { RULES } from './rules.js';
import { TABLES } from './tables.js';

/** The rows of `sql/03_seed-lookups.sql`, by their `cnpj`. */
const LOOKUP_CNPJS = ['00.000.000/0001-00', '11.111.111/0001-11'] as const;

/** The hospital of seed.md: seven tables, five event types. */
export const HOSPITAL: BaseSchemaSpec = {
  name: 'hospital',
  tables: TABLES,
  events: EVENTS,
  rules: RULES,
  scripts: [
    { file: '01_schema.sql', done: null },
    { file: '02_indexes.sql', done: null },
    {
      file: '03_seed-lookups.sql',
      // ON CONFLICT DO NOTHING alone would consume ids with each repetition.
      done: `SELECT count(*) = ${LOOKUP_CNPJS.length} FROM convenios
              WHERE cnpj IN (${LOOKUP_CNPJS.map((cnpj) => `'${cnpj}'`).join(', ')})`,
    },
  ],
  schemas: [],
  drop: [],
  characters: 'ÁÂÃÇÉÊÍÓÔÕÚáâãçéêíóôõúü³—',
  filler: 'pacientes',
  hazards: HAZARDS,
  firstChanging: {
    pacientes: ['telefone', 'endereco'],
    pacientes_convenios: ['validade'],
    consultas: ['status', 'data'],
    exames: ['resultado'],
    internacoes: ['data_saida'],
  },
  samplePools,
};
