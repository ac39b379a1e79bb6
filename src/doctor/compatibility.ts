import { TABLE_NAMES, TABLES, type TableName } from '../hospital/tables.js';
import { en } from '../log/messages/en.js';
import { OUR_TABLES } from '../postgres/catalog.js';
import { tellProblem } from '../postgres/schema.js';
import { type Check, listed, ok, tablesOf } from './finding.js';

/** Columns that identify a row in the world outside, by table. */
const NATURAL_KEYS: readonly (readonly [TableName, string])[] = [
  ['pacientes', 'cpf'],
  ['medicos', 'crm'],
  ['convenios', 'cnpj'],
];
const TIMESTAMPS = ['created_at', 'updated_at'];

export const tables: Check = async ({ schema: state }) => {
  if (state === 'complete') return ok(listed(TABLE_NAMES));
  const evidence =
    state === 'missing' ? '–' : listed(state.problems.map((problem) => tellProblem(problem, en)));
  return { state: 'fail', evidence, mend: 'oltp-simulator init-db' };
};

export const primaryKeys: Check = async (patient) => {
  const without = await tablesOf(
    patient,
    `SELECT t.name ${OUR_TABLES} WHERE NOT EXISTS (
       SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')`,
  );
  if (without.length === 0) return ok('PRIMARY KEY');
  const mend = without
    .map((table) => `ALTER TABLE ${patient.tables[table].sql} ADD PRIMARY KEY (id);`)
    .join(' ');
  return { state: 'fail', evidence: listed(without), mend };
};

export const naturalKeys: Check = async ({ client, tables: own }) => {
  const missing: [TableName, string][] = [];
  for (const [table, column] of NATURAL_KEYS) {
    const { rows } = await client.query(
      `SELECT 1 WHERE to_regclass($1) IS NULL UNION ALL
       SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indnkeyatts = 1
          AND i.indpred IS NULL AND a.attname = $2`,
      [table, column],
    );
    if (rows.length === 0) missing.push([table, column]);
  }
  if (missing.length === 0) return ok('UNIQUE cpf, crm, cnpj');
  return {
    state: 'warn',
    evidence: listed(missing.map((pair) => pair.join('.'))),
    mend: missing
      .map(([table, column]) => `ALTER TABLE ${own[table].sql} ADD UNIQUE (${column});`)
      .join(' '),
  };
};

export const foreignKeys: Check = async ({ client, tables: own }) => {
  const missing: string[] = [];
  const mends: string[] = [];
  for (const table of TABLE_NAMES) {
    for (const { column, references } of TABLES[table].foreignKeys) {
      const { rows } = await client.query(
        `SELECT 1 WHERE to_regclass($1) IS NULL UNION ALL
         SELECT 1 FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
          WHERE k.contype = 'f' AND k.conrelid = to_regclass($1) AND k.confrelid = to_regclass($2)
            AND a.attname = $3 AND cardinality(k.conkey) = 1 AND k.convalidated
            AND k.confdeltype IN ('a', 'r')
            AND to_jsonb(k) ->> 'conenforced' IS DISTINCT FROM 'false'`,
        [table, references, column],
      );
      if (rows.length > 0) continue;
      missing.push(`${table}.${column}`);
      mends.push(
        `ALTER TABLE ${own[table].sql} ADD FOREIGN KEY (${column}) REFERENCES ${own[references].sql} (id);`,
      );
    }
  }
  if (missing.length === 0) return ok('FOREIGN KEY');
  return { state: 'warn', evidence: listed(missing), mend: mends.join(' ') };
};

/** `created_at` and `updated_at`, and a trigger that keeps the latter. */
export const timestamps: Check = async (patient) => {
  const without = await tablesOf(
    patient,
    `SELECT t.name ${OUR_TABLES}
      WHERE (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                AND a.attname = ANY ($2::text[])) < cardinality($2::text[])
         OR NOT EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
                AND g.tgenabled IN ('O', 'A') AND g.tgtype & ${UPDATE_TRIGGER} = ${UPDATE_TRIGGER})`,
    [TIMESTAMPS],
  );
  if (without.length === 0) return ok('created_at, updated_at, BEFORE UPDATE');
  return { state: 'warn', evidence: listed(without), mend: 'oltp-simulator init-db' };
};

/** Bits of pg_trigger.tgtype: a row (1), before (2), on update (16). */
const UPDATE_TRIGGER = 1 | 2 | 16;
