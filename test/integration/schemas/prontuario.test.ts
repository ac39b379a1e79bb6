import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import type { Client } from 'pg';
import { formatDate } from '../../../src/lib/calendar.js';
import { packageRoot } from '../../../src/lib/package-root.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { References } from '../../../src/schema/event.js';
import { RowMaker } from '../../../src/schema/row-maker.js';
import { baseType, type Column, type Row, sqlName } from '../../../src/schema/table.js';
import { medico, paciente, patientSince } from '../../../src/schemas/hospital/rows.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { PRONTUARIO } from '../../../src/schemas/prontuario/index.js';
import { printedRow } from '../../helpers/printed-row.js';
import { startServers } from '../../helpers/server.js';

const SERVERS = await startServers();
const SCHEMA = schemaWith(['prontuario']);
const MAKER = new RowMaker(7, await SCHEMA.samplePools());
const NOW = Date.UTC(2026, 5, 17, 12, 0, 0, 250);
const PARENTS = 20;
const ROWS = 2000;
/** Rows of one statement: a chart note may have 200 kB. */
const BATCH = 100;
const OWN = PRONTUARIO.events.map(({ type }) => type);

/** The text of each value as the server sends it. */
async function textsOf(client: Client, text: string, values: readonly unknown[] = []) {
  const query = { text, values: [...values], rowMode: 'array' as const };
  const types = { getTypeParser: () => (value: string) => value };
  const { rows } = await client.query<(string | null)[]>({ ...query, types });
  return rows;
}

/** The session of the program's readers. */
async function withDatabase(
  { server, database }: { server: (typeof SERVERS)[number]; database: string },
  body: (client: Client) => Promise<void>,
): Promise<void> {
  await server.query(`CREATE DATABASE ${database} ENCODING 'UTF8' TEMPLATE template0`);
  await withConnection(server.target(database), async (client) => {
    await client.query(`SET IntervalStyle = postgres; SET extra_float_digits = 1;
      SET bytea_output = hex; SET TimeZone = 'UTC'; SET DateStyle = ISO`);
    for (const { file } of SCHEMA.scripts) await runScript(client, file);
    await runScript(client, '10_prontuario.sql');
    await body(client);
  });
}

async function runScript(client: Client, file: string): Promise<void> {
  await client.query(await readFile(`${packageRoot()}/sql/${file}`, 'utf8'));
}

/** Leaves only the default one. */
async function dropPartitions(client: Client): Promise<void> {
  const partitions = await textsOf(
    client,
    `SELECT inhrelid::regclass FROM pg_inherits
      WHERE inhparent = 'sinais_vitais'::regclass
        AND inhrelid <> 'sinais_vitais_outros'::regclass`,
  );
  assert.equal(partitions.length, 37);
  await client.query(`DROP TABLE ${partitions.join(', ')}`);
}

function printed(row: Row): (string | null)[] {
  return row.map((value) => (value === null ? null : String(value)));
}

const parameter = ({ type }: Column, number: number): string => `$${number}::${baseType(type)}`;

/** Inserts rows and returns them as the server prints them. */
async function insert(client: Client, table: string, rows: readonly Row[]) {
  const { columns } = SCHEMA.tables.get(table);
  const tuples = rows.map((row, i) => {
    const parameters = row.map((_, j) => parameter(columns[j]!, i * row.length + j + 1));
    return `(${parameters.join(', ')})`;
  });
  const names = columns.map(({ name }) => sqlName(name)).join(', ');
  return textsOf(
    client,
    `INSERT INTO ${table} (${names}) VALUES ${tuples.join(', ')} RETURNING ${names}`,
    rows.flatMap((row) => printedRow({ columns }, row)),
  );
}

const referencesAt = (id: number): References => {
  const owner = 1 + (id % PARENTS);
  return {
    pacientes: { id: owner, since: patientSince(MAKER, owner, NOW) },
    medicos: { id: 1 + (id % 7), since: 0 },
  };
};

/** The rows of an event type, in the order of their ids, each after the one before it in its statement. */
function rowsOf(type: string): Row[] {
  const rows: Row[] = [];
  for (let id = 1; id <= ROWS; id++) {
    const previous = (id - 1) % BATCH === 0 ? null : rows.at(-1)!;
    rows.push(SCHEMA.event(type).insert(MAKER, id, referencesAt(id), NOW, previous));
  }
  return rows;
}

for (const server of SERVERS) {
  test(`PostgreSQL ${server.version} prints every value as the rows have it`, async () => {
    await withDatabase({ server, database: 'prontuario' }, async (client) => {
      const ids = Array.from({ length: PARENTS }, (_, i) => i + 1);
      await insert(
        client,
        'pacientes',
        ids.map((id) => paciente(MAKER, id, patientSince(MAKER, id, NOW))),
      );
      await insert(
        client,
        'medicos',
        ids.map((id) => medico(MAKER, id)),
      );
      for (const type of OWN) {
        const { table, change } = SCHEMA.event(type);
        const { columns, key } = SCHEMA.tables.get(table);
        const rows = rowsOf(type);
        for (let first = 0; first < ROWS; first += BATCH) {
          const batch = rows.slice(first, first + BATCH);
          const stored = await insert(client, table, batch);
          stored.forEach((row, i) => {
            assert.deepEqual(row, printed(batch[i]!), `${type} ${first + i + 1}`);
          });
        }
        const moments = await textsOf(
          client,
          `SELECT count(*) FROM ${table} WHERE ${change.open}
            UNION ALL SELECT sum(extract(epoch FROM ${change.at})::numeric) FROM ${table} WHERE ${change.open}`,
        );
        const candidates = rows.map((row) => change.momentOf(row)).filter((at) => at !== null);
        const seconds = candidates.reduce((sum, at) => sum + at / 1000, 0);
        assert.equal(Number(moments[0]![0]), candidates.length);
        assert.ok(Math.abs(Number(moments[1]![0]) - seconds) < 1, type);
        if (key.length === 0) continue;
        for (const row of rows.slice(0, ROWS / 10)) {
          const at = change.momentOf(row);
          if (at === null) continue;
          const values = change.values(MAKER, { key: row, at }, NOW + 5000);
          const sets = change.columns.map((name, i) => {
            const column = columns.find((candidate) => candidate.name === name)!;
            return `${sqlName(name)} = ${parameter(column, i + 1)}`;
          });
          const found = key.map((name, i) => {
            const number = change.columns.length + i + 1;
            return `${sqlName(name)} = ${parameter(columns[i]!, number)}`;
          });
          const returned = change.columns.map(sqlName).join(', ');
          const stored = await textsOf(
            client,
            `UPDATE ${table} SET ${sets.join(', ')} WHERE ${found.join(' AND ')}
              AND ${change.open} RETURNING ${returned}`,
            [...values, ...row.slice(0, key.length)],
          );
          assert.deepEqual(stored, [printed(values)], `${type} ${row[0]}`);
        }
      }
      if (server.version === 18) {
        const shares = ['texto', 'estrutura', 'anexo'].map(
          (column) => `avg((pg_column_toast_chunk_id(${column}) IS NOT NULL)::int) > 0.03`,
        );
        const [toasted] = await textsOf(client, `SELECT ${shares.join(', ')} FROM prontuarios`);
        assert.deepEqual(toasted, ['t', 't', 't']);
      }
      await runScript(client, '10_prontuario.sql');
      for (const { rule, violations } of SCHEMA.rules) {
        assert.deepEqual(await textsOf(client, violations), [['0']], rule);
      }
    });
  });

  test(`the tables of PostgreSQL ${server.version} are as the extension declares them`, async () => {
    await withDatabase({ server, database: 'tabelas' }, async (client) => {
      for (const table of SCHEMA.tables) {
        const { columns, serverColumns, key, foreignKeys, sequence } = table;
        const declared = [
          ...columns.map(({ name, type, notNull }) => [name, type, notNull ? 't' : 'f']),
          // The clock may not be null; the words of a note follow from its text, which may not be either.
          ...serverColumns.map(({ name, type, set }) => [
            name,
            type,
            set === 'derived' ? 'f' : 't',
          ]),
        ];
        const found = await textsOf(
          client,
          `SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
            WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
          [table.name],
        );
        assert.deepEqual(found, declared, table.name);
        const [keys] = await textsOf(
          client,
          `SELECT array_to_json(ARRAY(SELECT attname FROM pg_index, unnest(indkey) WITH ORDINALITY k (n, i)
               JOIN pg_attribute ON attnum = k.n AND attrelid = $1::regclass
              WHERE indrelid = $1::regclass AND indisprimary ORDER BY k.i))`,
          [table.name],
        );
        assert.deepEqual(JSON.parse(keys![0]!), key);
        const references = await textsOf(
          client,
          `SELECT attname, confrelid = to_regclass(k.parent), confupdtype = 'c'
             FROM unnest($2::text[], $3::text[]) WITH ORDINALITY k (child, parent, i)
             JOIN pg_attribute ON attrelid = $1::regclass AND attname = k.child
             JOIN pg_constraint ON conrelid = attrelid AND contype = 'f' AND conkey = ARRAY[attnum]
            ORDER BY k.i`,
          [
            table.name,
            foreignKeys.map(({ column }) => column),
            foreignKeys.map((foreignKey) => foreignKey.references),
          ],
        );
        assert.deepEqual(
          references,
          foreignKeys.map(({ column }) => [column, 't', 't']),
        );
        if (sequence !== null) await textsOf(client, 'SELECT nextval($1::regclass)', [sequence]);
      }
      await insert(client, 'pacientes', [paciente(MAKER, 1, patientSince(MAKER, 1, NOW))]);
      await dropPartitions(client);
      const places = 'SELECT DISTINCT tableoid::regclass FROM sinais_vitais';
      const early = ['1', '2001-01-01 00:00:00+00', ...Array.from({ length: 6 }, () => null)];
      const today = early.with(1, `${formatDate(Date.now())} 00:00:00+00`);
      await insert(client, 'sinais_vitais', [early, today]);
      assert.deepEqual(await textsOf(client, places), [['sinais_vitais_outros']]);
      await runScript(client, '10_prontuario.sql');
      assert.deepEqual(await textsOf(client, places), [['sinais_vitais_outros']]);
      await client.query('TRUNCATE sinais_vitais');
      await runScript(client, '10_prontuario.sql');
      await insert(client, 'sinais_vitais', [early, today]);
      assert.equal((await textsOf(client, places)).length, 2);
      for (const { name } of PRONTUARIO.tables.toReversed())
        await client.query(`DROP TABLE ${name}`);
      for (const statement of PRONTUARIO.drop) await client.query(statement);
      for (const schema of PRONTUARIO.schemas) await client.query(`DROP SCHEMA ${schema}`);
      const left = await textsOf(
        client,
        `SELECT relname FROM pg_class WHERE relname ~ 'prontuario|sinais|prescri|auditoria|Itens'
          UNION ALL SELECT typname FROM pg_type WHERE typname ~ 'via_administracao'
          UNION ALL SELECT nspname FROM pg_namespace WHERE nspname = ANY ($1)`,
        [PRONTUARIO.schemas],
      );
      assert.deepEqual(left, []);
    });
  });

  test(`PostgreSQL ${server.version}: components follow a recoded item, which can not be deleted before them`, async () => {
    await withDatabase({ server, database: 'kits' }, async (client) => {
      await insert(client, 'pacientes', [paciente(MAKER, 1, patientSince(MAKER, 1, NOW))]);
      const { table, change, deletable } = SCHEMA.event('item_conta');
      const principal = ['Nº 000000001/0', null, 1, 'Kit', 1, '2026-01-01', '1.00', null, null];
      const component = [
        'Nº 000000002/0',
        principal[0]!,
        1,
        'Fio',
        1,
        '2026-01-01',
        '2.00',
        null,
        '',
      ];
      await insert(client, table, [component, principal]);
      const remove = `DELETE FROM ${table} WHERE ${deletable} RETURNING "Código"`;
      const moments = Array.from({ length: 20 }, (_, step) => NOW + step);
      const [code] = moments
        .map((now) => change.values(MAKER, { key: [principal[0]!], at: 0 }, now)[0])
        .filter((next) => next !== principal[0]);
      await textsOf(client, `UPDATE ${table} SET "Código" = $1 WHERE "Código" = $2`, [
        code,
        principal[0],
      ]);
      assert.deepEqual(await textsOf(client, `SELECT "Item Principal" FROM ${table} ORDER BY 1`), [
        [code],
        [null],
      ]);
      const patient = `DELETE FROM pacientes WHERE ${SCHEMA.event('novo_paciente').deletable} RETURNING id`;
      assert.deepEqual(await textsOf(client, patient), []);
      assert.deepEqual(await textsOf(client, remove), [['Nº 000000002/0']]);
      assert.deepEqual(await textsOf(client, remove), [[code]]);
      assert.deepEqual(await textsOf(client, patient), [['1']]);
    });
  });
}
