import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'node:test';
import { from as copyFrom } from 'pg-copy-streams';
import { withConnection } from '../../../src/postgres/connect.js';
import { defineColumn, defineTable } from '../../../src/schema/define.js';
import { Tables } from '../../../src/schema/tables.js';
import { Composed, type Row, type Value } from '../../../src/schema/value.js';
import { copyCommand, copyPieces } from '../../../src/seed/copy.js';
import { type TestDatabase, withDatabase } from '../../helpers/database.js';
import { randomNumbers } from '../../helpers/random.js';
import { startServers } from '../../helpers/server.js';

const servers = await startServers();

/** Whole seconds since 1970. */
const MIDNIGHTS = [0, 86_400 * 20_000, -86_400 * 700_000];
const SECONDS = [...MIDNIGHTS, 1, 1_769_847_300, -1];
const TEXTS: readonly Value[] = [
  new Composed(['R. ', 7, ', ', 2 ** 31 - 1, ' "ç"']),
  new Composed([]),
  '',
  'x',
  'ação',
  '— 😀 é',
  'a,b "c"\n\r\\.',
  '\\N',
  'ç😀'.repeat(400),
  'x'.repeat(90_000),
];
const DAYS = [
  '2026-01-31',
  '1999-12-31',
  '1969-07-20',
  '0001-01-01',
  '12345-06-07',
  '0044-03-15 BC',
];
const INFINITIES = ['infinity', '-infinity'];
const TIMES = ['00:00:00', '23:59:59', '08:15:00.5', '08:15:00.000001'];

/** Values by type: the ends of its range, and those whose text is odd. */
const VALUES: Readonly<Record<string, readonly Value[]>> = {
  bigint: [0, 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 40), '9223372036854775807'],
  integer: [0, 1, 2 ** 31 - 1, -(2 ** 31)],
  boolean: ['t', 'f'],
  bytea: ['\\x', '\\x00ff', `\\x${'0aF9'.repeat(50_000)}`],
  'character(4)': ['N02B', 'J01', 'é  x'],
  'character varying(90000)': TEXTS,
  date: [...DAYS, ...INFINITIES, ...MIDNIGHTS],
  jsonb: ['{}', 'null', '{"a": [1, 2.50, "é"], "b": "\\"😀\\n"}', `"${'x'.repeat(2000)}"`],
  text: TEXTS,
  'timestamp without time zone': [
    ...DAYS.flatMap((day) => TIMES.map((time) => day.replace(/ BC$|$/, (era) => ` ${time}${era}`))),
    ...INFINITIES,
    ...SECONDS,
  ],
};

const TYPES = Object.keys(VALUES);
const ROWS = 500;

/** A table of all these types; `extra`: one more column, which is null. */
function tableOf(name: string, extra: string) {
  const columns = [...TYPES, extra].map((type, i) => defineColumn(`c${i}`, type));
  return new Tables([defineTable({ name, number: 1, columns, key: [] })]).at(0);
}

/** Fills a new table by COPY, and returns its rows as text. */
async function copied(db: TestDatabase, name: string, extra: string, rows: readonly Row[]) {
  const table = tableOf(name, extra);
  const columns = table.columns.map(({ name: column, type }) => `${column} ${type}`);
  await db.query(`CREATE TABLE ${name} (n serial, ${columns.join(', ')})`);
  await withConnection(db.target, async (client) => {
    const pieces = copyPieces(
      table,
      rows.length,
      (i) => rows[i]!,
      () => undefined,
    );
    await pipeline(Readable.from(pieces), client.query(copyFrom(copyCommand(table))));
  });
  const stored = await db.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY n`);
  return { command: copyCommand(table), rows: stored.map(({ row }) => row) };
}

for (const server of servers) {
  test(`${server.version}: COPY stores the same in the binary format as from CSV`, () =>
    withDatabase(server, async (db) => {
      const random = randomNumbers(7);
      const rows = Array.from(
        { length: ROWS },
        (): Row => [
          ...TYPES.map((type) => {
            const values = [...VALUES[type]!, null];
            return values[Math.floor(random() * values.length)]!;
          }),
          null,
        ],
      );
      const binary = await copied(db, 'in_binary', 'date', rows);
      const csv = await copied(db, 'in_csv', 'numeric', rows);
      assert.match(binary.command, /FORMAT binary/);
      assert.match(csv.command, /FORMAT csv/);
      assert.equal(binary.rows.length, ROWS);
      assert.deepEqual(binary.rows, csv.rows);
    }));
}
