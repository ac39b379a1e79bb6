import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { withConnection } from '../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import { BEFORE, STEPS } from './scenario.js';

/** Makes the rows that are there before anything captures. */
export async function prepareScenario(target: ConnectionTarget): Promise<void> {
  await withConnection(target, async (client) => {
    for (const sql of BEFORE) await client.query(sql);
  });
}

/** Does all the steps, one after the other. */
export async function playScenario(target: ConnectionTarget): Promise<void> {
  await withConnection(target, (a) =>
    withConnection(target, async (b) => {
      for (const step of STEPS) {
        for (const [name, sql, rows] of step.run) {
          const client = name === 'a' ? a : b;
          if (rows === undefined) await client.query(sql);
          else await pipeline([rows], client.query(copyFrom(sql)));
        }
      }
    }),
  );
}
