import { defineColumn, defineTable } from '../../../src/schema/define.js';
import type { TableSpec } from '../../../src/schema/table.js';
import { Tables } from '../../../src/schema/tables.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { type Scope, tableScope } from '../../../src/sources/scope.js';
import type { Exact } from '../../fixtures/values/exact-json.js';
import { TYPES } from '../../fixtures/values/scenario.js';
import { textOf } from '../../fixtures/values/stories.js';

/** The types of the scenario by their names in `format_type`, where they differ. */
const FORMAT_TYPES: Readonly<Record<string, string>> = {
  'varchar(20)': 'character varying(20)',
  'char(4)': 'character(4)',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

const LOSSY = /^(?:numeric|real|double|interval|timestamp)/;

export const VALUES_SCHEMA = 'valores';
const PREFIX = 'v_';

/** The table of one type's values: `id`, and `v` of that type. Its events get the `created_at` of other rows. */
function tableOf(type: string): TableSpec {
  const name = FORMAT_TYPES[type] ?? type;
  return defineTable({
    number: 0,
    name: `${VALUES_SCHEMA}."${PREFIX}${type}"`,
    schema: VALUES_SCHEMA,
    relation: PREFIX + type,
    columns: [
      defineColumn('id', 'integer'),
      defineColumn('v', name, { notNull: false, lossy: LOSSY.test(name) }),
    ],
    serverColumns: [{ name: 'created_at', type: 'timestamp without time zone', set: 'insert' }],
    key: ['id'],
  });
}

const EXTENDED = schemaWith(['prontuario']).tables;
const CHANGING = new Map(EXTENDED.map(({ name, changing }) => [name, changing]));

/** The tables of the recordings: one for each type, and those of the hospital with its extension. */
export const RECORDED_TABLES = new Tables(
  [...EXTENDED, ...Object.keys(TYPES).map(tableOf)],
  (table) => CHANGING.get(table) ?? [],
);

const LEAVES = ['sinais_vitais_1999_01', 'sinais_vitais_outros'];

export const RECORDED_SCOPE: Scope = tableScope(RECORDED_TABLES, {
  database: null,
  tables: RECORDED_TABLES.record(({ name, schema }) => ({
    schema: schema ?? 'public',
    partitions:
      name === 'sinais_vitais' ? LEAVES.map((leaf) => ({ schema: 'public', name: leaf })) : [],
  })),
});

/** The schema and the relation of a recorded line. */
export function relationOf(line: Exact): { readonly schema: string; readonly relation: string } {
  const [schema = '', ...relation] = (textOf(line, 'table') ?? '').split('.');
  return { schema, relation: relation.join('.') };
}

/** The type of a relation of VALUES_SCHEMA. */
export function typeOf(relation: string): string {
  return relation.slice(PREFIX.length);
}
