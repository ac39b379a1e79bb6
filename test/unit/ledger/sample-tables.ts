import { tablesOfLedger } from '../../../src/ledger/recorded-schema.js';
import { defineColumn, defineTable } from '../../../src/schema/define.js';
import { NO_HAZARDS } from '../../../src/schema/hazards.js';
import { Schema, type SchemaSpec } from '../../../src/schema/schema.js';
import type { Column, TableSpec } from '../../../src/schema/table.js';
import { HOSPITAL } from '../../../src/schemas/hospital/index.js';

/** Tables with every kind of key but an id, beside the hospital's. */

const column = (name: string, type: string, lossy = false, toast = false): Column =>
  defineColumn(name, type, { notNull: false, lossy, toast });

function table(
  name: string,
  key: readonly string[],
  columns: readonly Column[],
  foreignKeys: TableSpec['foreignKeys'] = [],
): TableSpec {
  return defineTable({ number: 0, name, columns, key, foreignKeys });
}

const SPEC: SchemaSpec = {
  name: 'amostra',
  tables: [
    table(
      'medidas',
      ['paciente_id', 'medido_em'],
      [
        column('paciente_id', 'bigint'),
        column('medido_em', 'timestamp with time zone', true),
        column('peso', 'numeric', true),
        column('desde', 'interval', true),
        column('nota', 'text'),
      ],
    ),
    table(
      '"Itens"',
      ['Código'],
      [
        column('Código', 'character varying(24)'),
        column('n', 'integer'),
        column('Principal', 'character varying(24)'),
      ],
      [{ column: 'Principal', references: '"Itens"' }],
    ),
    table(
      'rastros',
      [],
      [column('dia', 'date'), column('quem', 'text'), column('visto', 'boolean')],
    ),
    table(
      'laudos',
      ['id'],
      [
        column('id', 'bigint'),
        column('texto', 'text', false, true),
        column('situacao', 'text'),
        column('peso', 'numeric', true, true),
        column('medico', 'text'),
        column('anexo', 'bytea', false, true),
        column('resumo', 'text', false, true),
      ],
    ),
  ],
  events: [],
  rules: [],
  scripts: [],
  schemas: [],
  drop: [],
  characters: '',
  hazards: NO_HAZARDS,
};

/** SQL that creates the tables. */
export const CREATE_TABLES = `
  CREATE TABLE medidas (paciente_id bigint, medido_em timestamptz, peso numeric, desde interval, nota text,
                        PRIMARY KEY (paciente_id, medido_em)) PARTITION BY RANGE (medido_em);
  CREATE TABLE medidas_2026 PARTITION OF medidas FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2027-01-01 00:00+00');
  CREATE TABLE medidas_outras PARTITION OF medidas DEFAULT;
  CREATE TABLE "Itens" ("Código" varchar(24) PRIMARY KEY, n integer,
                        "Principal" varchar(24) REFERENCES "Itens" ON UPDATE CASCADE);
  CREATE TABLE laudos (id bigint PRIMARY KEY, texto text, situacao text, peso numeric, medico text, anexo bytea,
                       resumo text);
  CREATE TABLE rastros (dia date, quem text, visto boolean);
  ALTER TABLE rastros REPLICA IDENTITY FULL;`;

const EXTENDED = new Schema(HOSPITAL, [SPEC]);

/** The hospital with these tables, in which updates set these columns. */
export const SAMPLE = {
  extensions: EXTENDED.extensions,
  tables: tablesOfLedger(EXTENDED, {
    extensions: EXTENDED.extensions,
    changing: {
      ...EXTENDED.firstChanging,
      medidas: ['peso', 'nota'],
      '"Itens"': ['Código', 'n'],
      rastros: ['visto'],
      laudos: ['situacao', 'resumo'],
    },
  }),
};

export const MEDIDAS = SAMPLE.tables.get('medidas');
export const ITENS = SAMPLE.tables.get('"Itens"');
export const RASTROS = SAMPLE.tables.get('rastros');
export const LAUDOS = SAMPLE.tables.get('laudos');
