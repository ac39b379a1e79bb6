import type { Row } from '../schema/value.js';

/** Size of a piece: far fewer system calls than rows, and little memory. */
export const PIECE_BYTES = 64 * 1024;
/** Room for a piece, and one more row of usual length; a longer row gets a larger buffer. */
export const ROOM_BYTES = PIECE_BYTES + 4 * 1024;

/** Writes rows in a format of COPY, straight into bytes. */
export interface RowWriter {
  /** Bytes since the last `take`. */
  readonly length: number;
  row(row: Row): void;
  /** Writes what the format needs after the last row. */
  end(): void;
  /** The bytes since the last call; the writer goes on in a new buffer. */
  take(): Buffer;
}
