import type { Client } from 'pg';
import { OneAhead } from '../lib/one-ahead.js';
import { keyArrays, keyEquals, keyParameters } from '../postgres/key-sql.js';
import { keyColumn } from '../schema/key.js';
import { type Key, sqlName, type Table, type TableName } from '../schema/table.js';
import type { Expectation, Expectations } from './expectations.js';
import { idOfText } from './keys.js';
import { Segments } from './segments.js';

/** Blocks in a query that looks at them one by one: so many that the round trip takes little of its time. */
const SLICE_BLOCKS = 2_000;

/** `xmin` is the low half of an xid8. */
const XMIN_VALUES = 2 ** 32;

/** The `xmin` of rows that a transaction wrote. */
export function xminOf(xid: number): number {
  return xid % XMIN_VALUES;
}

/** A key whose row is not as expected. */
export interface KeyDifference {
  readonly table: TableName;
  readonly key: Key;
  readonly expected: Expectation;
  /** `xmin` of the row; null if there is no row. */
  readonly xmin: number | null;
}

/** SQL: whether the row `t` of the block `b` satisfies the block's rule. */
const SATISFIES = `CASE b.rule WHEN 'same' THEN t.xmin = b.xid
                          WHEN 'other' THEN t.xmin <> b.xid ELSE true END`;

/** A database to compare with, in one snapshot. */
export interface Comparison {
  readonly client: Client;
  /** Those that the server compares, and those that are made meanwhile. */
  readonly segments: [Segments, Segments];
}

/**
 * Opens a transaction with one snapshot, in which rows are looked up by index: the planner overestimates the rows of
 * a block and would scan the table for each.
 */
export async function beginComparison(client: Client): Promise<Comparison> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query(
    `SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off;
     SET LOCAL idle_in_transaction_session_timeout = 0`,
  );
  const { rows } = await client.query<{ age: number }>(`SELECT age('${FIRST_NORMAL_XID}'::xid)`);
  const now = (rows[0]!.age + FIRST_NORMAL_XID) | 0;
  return { client, segments: [new Segments(now), new Segments(now)] };
}

/** The lowest xid of a transaction: the others have no age. */
const FIRST_NORMAL_XID = 3;

/**
 * Compares the rows of a table with the expectations, and returns the number of keys that differ. Passes them to
 * `onDifference` while `wanted()`, the number still wanted, is above 0. One call after the other: they use the same
 * segments.
 */
export async function compare(
  { client, segments }: Comparison,
  table: Table,
  expectations: Expectations,
  wanted: () => number,
  onDifference: (difference: KeyDifference) => void,
): Promise<number> {
  let differences = 0;
  const compareBlocks = async (slice: readonly Expectation[]) => {
    const differing: Expectation[] = [];
    for (const { at, wrong } of await findDiffering(client, table, slice)) {
      differences += wrong;
      const expected = slice[at];
      if (expected !== undefined) differing.push(expected);
    }
    if (differing.length === 0 || wanted() <= 0) return;
    for (const { at, key, xmin } of await findKeys(client, table, differing, wanted())) {
      const expected = differing[at];
      if (expected !== undefined) onDifference({ table: table.name, key, expected, xmin });
    }
  };
  const compareSegments = async (segments: Segments) => {
    const suspects = segments.suspects(await findWrongSegments(client, table, segments));
    for (let at = 0; at < suspects.length; at += SLICE_BLOCKS) {
      await compareBlocks(suspects.slice(at, at + SLICE_BLOCKS));
    }
  };
  // The server compares one batch while the next one is filled.
  const comparing = new OneAhead();
  while (expectations.fill(segments[0].batch)) {
    const [filled] = segments;
    filled.divide();
    segments.reverse();
    await comparing.begin(() => compareSegments(filled));
  }
  await comparing.end();
  return differences;
}

/**
 * Compares rows of a table by their keys as texts. The number of a key in an expectation is its place in `keys`.
 * Returns and passes on the same as `compare`.
 */
export async function compareKeyed(
  client: Client,
  table: Table,
  keys: readonly string[],
  expectations: Iterable<Expectation>,
  wanted: () => number,
  onDifference: (difference: KeyDifference) => void,
): Promise<number> {
  let differences = 0;
  let slice: Expectation[] = [];
  const compareSlice = async () => {
    for (const { at, xmin } of await findDifferingKeys(client, table, keys, slice)) {
      differences++;
      const expected = slice[at]!;
      const text = keys[expected.first]!;
      const key = table.keyKind === 'id' ? idOfText(text) : text;
      if (wanted() > 0) onDifference({ table: table.name, key, expected, xmin });
    }
    slice = [];
  };
  for (const { first, last, ...expectation } of expectations) {
    for (let key = first; key <= last; key++) {
      if (slice.push({ ...expectation, first: key, last: key }) === SLICE_BLOCKS) {
        await compareSlice();
      }
    }
  }
  if (slice.length > 0) await compareSlice();
  return differences;
}

/** The expectations of a slice, of one key each, that do not hold. */
async function findDifferingKeys(
  client: Client,
  table: Table,
  keys: readonly string[],
  slice: readonly Expectation[],
): Promise<{ at: number; xmin: number | null }[]> {
  const names = table.key.map((_, i) => `key${i}`);
  const same = keyEquals(table, 't.', (i) => `b.${names[i]}`);
  const { rows } = await client.query<{ at: number; xmin: number | null }>(
    `SELECT (b.number - 1)::int AS at, t.xmin::text::float8 AS xmin
       FROM unnest($1::xid[], $2::text[], ${keyArrays(table, 3)})
              WITH ORDINALITY AS b(xid, rule, ${names.join(', ')}, number)
  LEFT JOIN LATERAL (SELECT t.xmin FROM ${table.name} t WHERE ${same}) AS t ON true
      WHERE CASE WHEN b.rule = 'none' THEN t.xmin IS NOT NULL
                 ELSE t.xmin IS NULL OR NOT ${SATISFIES} END
      ORDER BY b.number`,
    [
      listOf(slice, ({ xid }) => xminOf(xid ?? 0)),
      listOf(slice, ({ rule }) => rule),
      ...keyParameters(
        table,
        slice.map(({ first }) => keys[first]!),
      ),
    ],
  );
  return rows;
}

/** The segments whose rows do not have the checksum: their places. */
async function findWrongSegments(
  client: Client,
  table: Table,
  { columns }: Segments,
): Promise<number[]> {
  if (columns.first.length === 0) return [];
  const { name, id } = namesOf(table);
  const { rows } = await client.query<{ at: number }>({
    name: `ledger-check-segments-${name}`,
    text: `SELECT (s.number - 1)::int AS at
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::float8[], $5::float8[], $6::float8[])
                    WITH ORDINALITY AS s(first, last, count, ages, once, twice, number),
          LATERAL (SELECT count(*), sum(age) AS ages, sum(place * age) AS once,
                          sum(place * place * age) AS twice
                     FROM (SELECT age(t.xmin)::float8 AS age, (t.${id} - s.first + 1)::float8 AS place
                             FROM ${name} t WHERE t.${id} BETWEEN s.first AND s.last) AS row) AS found
            WHERE found.count <> s.count
               OR (found.ages, found.once, found.twice) <> (s.ages, s.once, s.twice)
            ORDER BY s.number`,
    values: Object.values(columns).map((values) => `{${values.join(',')}}`),
  });
  return rows.map(({ at }) => at);
}

/** The blocks of a slice that are not as expected, each with its number of wrong keys. */
async function findDiffering(
  client: Client,
  table: Table,
  blocks: readonly Expectation[],
): Promise<{ at: number; wrong: number }[]> {
  const { name, id } = namesOf(table);
  const { rows } = await client.query<{ at: number; wrong: number }>({
    name: `ledger-check-${name}`,
    text: `SELECT (b.number - 1)::int AS at, abs(wanted.count - found.count)::float8 AS wrong
             FROM unnest($1::bigint[], $2::bigint[], $3::xid[], $4::text[])
                    WITH ORDINALITY AS b(first, last, xid, rule, number),
          LATERAL (SELECT count(*) FROM ${name} t
                    WHERE t.${id} BETWEEN b.first AND b.last AND ${SATISFIES}) AS found,
          LATERAL (SELECT CASE b.rule WHEN 'none' THEN 0 ELSE b.last - b.first + 1 END)
                    AS wanted(count)
            WHERE found.count <> wanted.count
            ORDER BY b.number`,
    values: valuesOf(blocks),
  });
  return rows;
}

/** The first keys of these blocks that are not as expected, in their order. */
async function findKeys(
  client: Client,
  table: Table,
  blocks: readonly Expectation[],
  limit: number,
): Promise<{ at: number; key: number; xmin: number | null }[]> {
  const { name, id } = namesOf(table);
  const { rows } = await client.query<{ at: number; key: number; xmin: number | null }>(
    `SELECT (b.number - 1)::int AS at, wrong.key::float8 AS key, wrong.xmin::text::float8 AS xmin
       FROM unnest($1::bigint[], $2::bigint[], $3::xid[], $4::text[])
              WITH ORDINALITY AS b(first, last, xid, rule, number),
    LATERAL (SELECT t.${id} AS key, t.xmin FROM ${name} t
              WHERE b.rule = 'none' AND t.${id} BETWEEN b.first AND b.last
              UNION ALL
             SELECT k, t.xmin
               FROM generate_series(b.first, CASE b.rule WHEN 'none' THEN b.first - 1 ELSE b.last END) AS k
               LEFT JOIN ${name} t ON t.${id} = k
              WHERE t.${id} IS NULL OR NOT ${SATISFIES}) AS wrong
      ORDER BY b.number, wrong.key LIMIT $5`,
    [...valuesOf(blocks), limit],
  );
  return rows;
}

/** A table whose key is an id, and its key, as SQL writes them. */
function namesOf(table: Table) {
  return { name: table.name, id: sqlName(keyColumn(table)) };
}

/** The blocks as one array a column. */
function valuesOf(blocks: readonly Expectation[]): string[] {
  return [
    listOf(blocks, ({ first }) => first),
    listOf(blocks, ({ last }) => last),
    listOf(blocks, ({ xid }) => xminOf(xid ?? 0)),
    listOf(blocks, ({ rule }) => rule),
  ];
}

/** An array literal of PostgreSQL. */
function listOf(blocks: readonly Expectation[], value: (block: Expectation) => number | string) {
  return `{${blocks.map(value).join(',')}}`;
}
