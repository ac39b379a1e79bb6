import { type Hazards, QUIET_SCHEMA } from '../../src/hazards/hazards.js';
import { monotonicMs, sleep } from '../../src/lib/clock.js';
import type { TimedPolicy } from './turn.js';

/** A row of 1 kB this often: some WAL, which is not the run's. */
const EVERY_MS = 10;
const ROW = 'x'.repeat(1_000);

/** The run's tables are idle, while a table that no pipeline captures is busy. */
export function quiet(
  { everyMs, lengthMs }: NonNullable<Hazards['quiet']>,
  run: string,
): TimedPolicy {
  const table = `${QUIET_SCHEMA}."${run}"`;
  return {
    everyMs,
    // The clock of the run stands still meanwhile.
    lengthMs: 0,
    async prepare(client) {
      await client.query(`CREATE SCHEMA IF NOT EXISTS ${QUIET_SCHEMA}`);
      await client.query(`CREATE TABLE IF NOT EXISTS ${table} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, filling text)`);
    },
    happen: (turn) =>
      turn.hold(async () => {
        const end = monotonicMs() + lengthMs;
        while (monotonicMs() < end && !turn.stopping) {
          await turn.client.query(`INSERT INTO ${table} (filling) VALUES ($1)`, [ROW]);
          await sleep(EVERY_MS);
        }
        await turn.client.query(`TRUNCATE ${table}`);
      }),
    async leave(client) {
      await client.query(`DROP TABLE IF EXISTS ${table}`);
      // Another run may have a table in it.
      await client.query(`DROP SCHEMA ${QUIET_SCHEMA}`).catch(() => undefined);
    },
  };
}
