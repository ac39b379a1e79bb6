import type { Client } from 'pg';
import type { TableName } from '../schemas/hospital/tables.js';
import type { Expectation } from './expectations.js';

/** Blocks that the server is asked about at a time: enough that a round trip is little beside them. */
const SLICE_BLOCKS = 2_000;

/** `xmin` holds the low half of an xid8. */
const XMIN_VALUES = 2 ** 32;

/** Marks that a transaction leaves on the rows it wrote. */
export function xminOf(xid: number): number {
  return xid % XMIN_VALUES;
}

/** A key of which the database holds something else than it must. */
export interface KeyDifference {
  readonly table: TableName;
  readonly key: number;
  readonly expected: Expectation;
  /** `xmin` of the row that is there; null for none. */
  readonly xmin: number | null;
}

/** SQL: whether a row of the block `b` is as its rule says. */
const HELD = `CASE b.rule WHEN 'same' THEN t.xmin = b.xid
                          WHEN 'other' THEN t.xmin <> b.xid ELSE true END`;

/**
 * Opens a transaction that sees one state of the database, and looks rows up by key: the planner would
 * take every block for a large part of the table.
 */
export async function beginComparison(client: Client): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query(
    `SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off;
     SET LOCAL idle_in_transaction_session_timeout = 0`,
  );
}

/**
 * Holds the rows of a table against what is expected of them, and returns how many keys differ. They go to
 * `onDifference`, as long as `wanted()`, which says how many more are, is above 0.
 */
export async function compare(
  client: Client,
  table: TableName,
  expectations: Iterable<Expectation>,
  wanted: () => number,
  onDifference: (difference: KeyDifference) => void,
): Promise<number> {
  let differences = 0;
  let slice: Expectation[] = [];
  const ask = async () => {
    const differing: Expectation[] = [];
    for (const { at, wrong } of await findDiffering(client, table, slice)) {
      differences += wrong;
      const expected = slice[at];
      if (expected !== undefined) differing.push(expected);
    }
    slice = [];
    if (differing.length === 0 || wanted() <= 0) return;
    for (const { at, key, xmin } of await findKeys(client, table, differing, wanted())) {
      const expected = differing[at];
      if (expected !== undefined) onDifference({ table, key, expected, xmin });
    }
  };
  for (const expectation of expectations) {
    if (slice.push(expectation) === SLICE_BLOCKS) await ask();
  }
  if (slice.length > 0) await ask();
  return differences;
}

/** The blocks of a slice that are not as expected, and of how many keys each. */
async function findDiffering(
  client: Client,
  table: TableName,
  blocks: readonly Expectation[],
): Promise<{ at: number; wrong: number }[]> {
  const { rows } = await client.query<{ at: number; wrong: number }>({
    name: `ledger-check-${table}`,
    text: `SELECT (b.number - 1)::int AS at, abs(wanted.count - found.count)::float8 AS wrong
             FROM unnest($1::bigint[], $2::bigint[], $3::xid[], $4::text[])
                    WITH ORDINALITY AS b(first, last, xid, rule, number),
          LATERAL (SELECT count(*) FROM ${table} t
                    WHERE t.id BETWEEN b.first AND b.last AND ${HELD}) AS found,
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
  table: TableName,
  blocks: readonly Expectation[],
  limit: number,
): Promise<{ at: number; key: number; xmin: number | null }[]> {
  const { rows } = await client.query<{ at: number; key: number; xmin: number | null }>(
    `SELECT (b.number - 1)::int AS at, wrong.key::float8 AS key, wrong.xmin::text::float8 AS xmin
       FROM unnest($1::bigint[], $2::bigint[], $3::xid[], $4::text[])
              WITH ORDINALITY AS b(first, last, xid, rule, number),
    LATERAL (SELECT t.id AS key, t.xmin FROM ${table} t
              WHERE b.rule = 'none' AND t.id BETWEEN b.first AND b.last
              UNION ALL
             SELECT k, t.xmin
               FROM generate_series(b.first, CASE b.rule WHEN 'none' THEN b.first - 1 ELSE b.last END) AS k
               LEFT JOIN ${table} t ON t.id = k
              WHERE t.id IS NULL OR NOT ${HELD}) AS wrong
      ORDER BY b.number, wrong.key LIMIT $5`,
    [...valuesOf(blocks), limit],
  );
  return rows;
}

/** The blocks in columns. */
function valuesOf(blocks: readonly Expectation[]): string[] {
  return [
    listOf(blocks, ({ first }) => first),
    listOf(blocks, ({ last }) => last),
    listOf(blocks, ({ xid }) => xminOf(xid ?? 0)),
    listOf(blocks, ({ rule }) => rule),
  ];
}

/** An array as PostgreSQL reads it. */
function listOf(blocks: readonly Expectation[], value: (block: Expectation) => number | string) {
  return `{${blocks.map(value).join(',')}}`;
}
