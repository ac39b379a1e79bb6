import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, withConnection } from '../../../src/postgres/connect.js';
import { runCli } from '../../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../../helpers/cluster-template.js';
import type { TestServer } from '../../helpers/server.js';
import { envOf } from '../../helpers/test-target.js';
import type { RecordedTransaction } from './ledger-facts.js';
import { ALONE, PREPARATION, TOGETHER } from './runs.js';
import { Sample } from './sample.js';
import { type Taken, takeRun } from './taking.js';

/** Runs at the same time. */
const SIDE_BY_SIDE = 3;
const SEEDED = 'mutants_seeded';

/** Carries out the runs, which all begin with the same rows, and takes their correct streams. */
export async function takeSamples(server: TestServer, folder: string): Promise<Sample[]> {
  await server.query(`CREATE DATABASE ${SEEDED} TEMPLATE ${TEMPLATE_DATABASE}`);
  const cwd = join(folder, 'seed');
  await mkdir(cwd);
  const env = envOf(server.target(SEEDED));
  const seeded = await runCli(['seed', '--scale', '0.1'], { cwd, env });
  assert.equal(seeded.code, 0, seeded.stderr);
  await withConnection(server.target(SEEDED), async (client) => {
    for (const statement of PREPARATION) await client.query(statement);
  });
  const taken: Taken[] = [];
  const waiting = [...TOGETHER];
  const take = async () => {
    for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
      taken.push(await takeRun(server, SEEDED, plan, folder));
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, take));
  for (const plan of ALONE) taken.push(await takeRun(server, SEEDED, plan, folder));
  const samples: Sample[] = [];
  for (const one of taken) samples.push(new Sample(one, await connect(one.target)));
  return samples;
}

/** The situations that the runs were made for, with their frequency. */
export function varietyOf(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const transactions = samples.flatMap(({ facts }) => facts.transactions);
  const count = (is: (transaction: RecordedTransaction) => boolean) =>
    transactions.filter(is).length;
  const unanswered = ({ fate, answeredAt }: RecordedTransaction) =>
    fate === 'committed' && answeredAt === Number.POSITIVE_INFINITY;
  return {
    aborted: count(({ fate }) => fate === 'aborted'),
    'aborted, with an xid': count(({ fate, xid }) => fate === 'aborted' && xid !== null),
    savepoints: count(({ savepoints }) => savepoints),
    'ids of dropped rows': samples.reduce((sum, { droppedIds }) => sum + droppedIds, 0),
    'COMMIT got no answer': count(unanswered),
    'of others': samples.reduce((sum, { groups, own }) => sum + groups.length - own.length, 0),
  };
}
