import { machineMicros } from '../lib/clock.js';
import { withConnection } from '../postgres/connect.js';
import type { ConnectionTarget } from '../postgres/target.js';

/** Round trips: the one that was the least held up is the one that tells. */
const ROUND_TRIPS = 20;

export interface ClockOffset {
  /** The server's clock minus `machineMicros`, in microseconds. */
  readonly offset: number;
  /** The offset is true to within this, in microseconds. */
  readonly error: number;
}

/**
 * Compares the server's clock with the one by which events are received. Either clock may be set or
 * slewed afterwards: an offset is true of when it was measured. Throws an OperatorError when the server
 * cannot be asked.
 */
export function measureClockOffset(target: ConnectionTarget): Promise<ClockOffset> {
  return withConnection(target, async (client) => {
    let best: ClockOffset = { offset: 0, error: Number.POSITIVE_INFINITY };
    for (let i = 0; i < ROUND_TRIPS; i++) {
      const asked = machineMicros();
      const { rows } = await client.query<{ now: string }>(
        'SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text AS now',
      );
      const answered = machineMicros();
      const error = (answered - asked) / 2;
      // The server looked at its clock some time between the two.
      const offset = Number(rows[0]?.now) - (asked + answered) / 2;
      if (error < best.error) best = { offset, error };
    }
    return best;
  });
}
