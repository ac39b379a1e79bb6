import type { SchemaSpec } from '../../schema/schema.js';
import { EVENTS } from './events/index.js';
import { HAZARDS } from './hazards.js';
import { RULES } from './rules.js';
import { TABLES } from './tables.js';

/** The hospital's records: five tables with the types, keys and histories that CDC pipelines get wrong. */
export const PRONTUARIO: SchemaSpec = {
  name: 'prontuario',
  tables: TABLES,
  events: EVENTS,
  rules: RULES,
  scripts: [{ file: '10_prontuario.sql', done: null }],
  schemas: ['faturamento'],
  drop: [
    'DROP SEQUENCE IF EXISTS sinais_vitais_numero',
    'DROP SEQUENCE IF EXISTS prescricoes_numero',
    'DROP SEQUENCE IF EXISTS auditoria_numero',
    'DROP SEQUENCE IF EXISTS faturamento."Itens da Conta_número"',
    'DROP TYPE IF EXISTS via_administracao',
  ],
  hazards: HAZARDS,
  characters: 'ÁÉàáâãçéêíóôõúº–—µ₂⚠️🩺🩹🛏🧤👩‍⚕🚫🤒👍',
};
