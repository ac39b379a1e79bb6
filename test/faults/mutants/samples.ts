import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, withConnection } from '../../../src/postgres/connect.js';
import { runCli } from '../../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../../helpers/cluster-template.js';
import type { TestServer } from '../../helpers/server.js';
import { envOf } from '../../helpers/test-target.js';
import type { ToldTransaction } from './ledger-facts.js';
import { ALONE, PREPARATION, TOGETHER } from './runs.js';
import { Sample } from './sample.js';
import { type Taken, takeRun } from './taking.js';

/** Runs that go on at a time. */
const SIDE_BY_SIDE = 3;
const SEEDED = 'mutants_seeded';

/** The correct streams of runs that all begin with the same rows. */
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

/** What the runs were made for, and how often it came about. */
export function varietyOf(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const told = samples.flatMap(({ facts }) => facts.transactions);
  const count = (is: (transaction: ToldTransaction) => boolean) => told.filter(is).length;
  const unanswered = ({ fate, answeredAt }: ToldTransaction) =>
    fate === 'committed' && answeredAt === Number.POSITIVE_INFINITY;
  return {
    aborted: count(({ fate }) => fate === 'aborted'),
    'aborted, with a name': count(({ fate, xid }) => fate === 'aborted' && xid !== null),
    savepoints: count(({ savepoints }) => savepoints),
    'ids of rows that fell': samples.reduce((sum, { fallen }) => sum + fallen, 0),
    'committed without an answer': count(unanswered),
    'of others': samples.reduce((sum, { groups, own }) => sum + groups.length - own.length, 0),
  };
}
