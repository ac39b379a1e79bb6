import { machineMicros } from '../lib/clock.js';
import { withConnection } from '../postgres/connect.js';
import type { ConnectionTarget } from '../postgres/target.js';

/** Round trips; the fastest one decides. */
const ROUND_TRIPS = 20;

export interface ClockOffset {
  /** The server's clock minus `machineMicros`, in microseconds. */
  readonly offset: number;
  /** The greatest error of the offset, in microseconds: half a round trip. */
  readonly error: number;
}

/**
 * Compares the server's clock with this machine's. Either may be set or slewed afterwards: the offset holds for the
 * moment of the measurement. Throws an OperatorError when the server does not answer.
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
      // The server read its clock some time between the two.
      const offset = Number(rows[0]?.now) - (asked + answered) / 2;
      if (error < best.error) best = { offset, error };
    }
    return best;
  });
}
