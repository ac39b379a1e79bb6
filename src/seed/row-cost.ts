import type { Row, Table } from '../schema/table.js';
import type { IdBlock } from './plan.js';

/** Up to this size all rows cost about the same: the server's work for a row outweighs that for its bytes. */
const USUAL_BYTES = 256;
/** Enough for the average of sizes that differ a thousandfold, to within a tenth; takes some ten milliseconds. */
const SAMPLED_ROWS = 500;

/** Types whose values have no greatest length, as `format_type` prints them. */
const UNBOUNDED = /^(text|bytea|jsonb?|character varying)$|\[\]$/;

/**
 * The work of writing a row of a block, in rows of the usual size; at least 1. Follows from a sample of its rows, if
 * they can be large.
 *
 * @param rowAt the row at a position of the block
 */
export function costOfRow(
  { columns }: Table,
  { count }: IdBlock,
  rowAt: (index: number) => Row,
): number {
  if (!columns.some(({ type }) => UNBOUNDED.test(type))) return 1;
  const sampled = Math.min(count, SAMPLED_ROWS);
  let bytes = 0;
  for (let i = 0; i < sampled; i++) bytes += sizeOf(rowAt(Math.floor((i * count) / sampled)));
  return Math.max(1, bytes / sampled / USUAL_BYTES);
}

/** Bytes of a row as CSV, approximately: a letter beyond ASCII counts as one. */
function sizeOf(row: Row): number {
  return row.reduce<number>((sum, value) => sum + String(value ?? '').length + 1, 0);
}
