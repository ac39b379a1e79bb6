import { PARENT_TABLES, type ParentTable } from '../schemas/hospital/tables.js';

/** The shared memory of the id cache, one buffer a table; it crosses threads once. */
export type IdBuffers = Readonly<Record<ParentTable, SharedArrayBuffer>>;

/** One length word, padded to eight bytes. */
const HEADER = 8;

/**
 * One table's ids as both sides see them. Slots [0, length) hold ids; `since` is the patient's
 * `data_cadastro` in milliseconds since 1970, UTC (0 for tables without one).
 */
export interface IdSlots {
  readonly length: Int32Array;
  readonly ids: Float64Array;
  readonly since: Float64Array;
  readonly capacity: number;
}

/** Buffers with room for `capacity` ids of each table: 16 bytes an id. */
export function allocateIds(capacity: number): IdBuffers {
  return Object.fromEntries(
    PARENT_TABLES.map((table) => [table, new SharedArrayBuffer(HEADER + capacity * 16)]),
  ) as Record<ParentTable, SharedArrayBuffer>;
}

/** The slots inside a buffer. */
export function slotsOf(buffer: SharedArrayBuffer): IdSlots {
  const capacity = (buffer.byteLength - HEADER) / 16;
  return {
    length: new Int32Array(buffer, 0, 1),
    ids: new Float64Array(buffer, HEADER, capacity),
    since: new Float64Array(buffer, HEADER + capacity * 8, capacity),
    capacity,
  };
}
