import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { Draws } from '../../src/hospital/draws.js';
import { connect, withConnection } from '../../src/postgres/connect.js';
import { monotonicMs } from '../../src/threads/clock.js';
import { runCli } from '../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../helpers/cluster-template.js';
import { startServer } from '../helpers/server.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { envOf } from '../helpers/test-target.js';
import { CONTENTS } from './mutants/contents.js';
import { HARMLESS } from './mutants/harmless.js';
import type { ToldTransaction } from './mutants/ledger-facts.js';
import { LOSSES } from './mutants/losses.js';
import type { Kind } from './mutants/mutant.js';
import { NAMES } from './mutants/names.js';
import { ORDER } from './mutants/order.js';
import { PARTITIONS } from './mutants/partitions.js';
import { PHANTOMS } from './mutants/phantoms.js';
import { REPEATS } from './mutants/repeats.js';
import { ALONE, PREPARATION, SERVER, TOGETHER } from './mutants/runs.js';
import { Sample } from './mutants/sample.js';
import { type Taken, takeRun } from './mutants/taking.js';
import { missesOf, verdictOn } from './mutants/trial.js';

const COUNT = Number(process.env.MUTANTS ?? 2_200);
const SEED = Number(process.env.MUTANTS_SEED ?? 20_261_125);
/** Draws until one hits upon something that a kind of change can be done to. */
const TRIES = 30;
/** Misses that are told in full. */
const MISSES_TOLD = 12;
/** Runs that go on at a time. */
const SIDE_BY_SIDE = 3;
const SEEDED = 'mutants_seeded';

const KINDS = [
  ...LOSSES,
  ...REPEATS,
  ...ORDER,
  ...CONTENTS,
  ...PHANTOMS,
  ...NAMES,
  ...PARTITIONS,
  ...HARMLESS,
];

const server = await startServer(18, SERVER);

test(`${COUNT} changes to correct streams are judged rightly, seed ${SEED}`, async (t) => {
  await withTempFolder(async (folder) => {
    const began = monotonicMs();
    const samples = await takeSamples(folder);
    const taken = monotonicMs();
    const variety = varietyOf(samples);
    t.diagnostic(JSON.stringify(variety));
    // Without it, some kinds of change would show nothing.
    for (const [what, found] of Object.entries(variety)) assert.ok(found > 0, `none ${what}`);
    try {
      const tallies = new Map(KINDS.map((kind) => [kind, { mutants: 0, caught: 0 }]));
      const misses: string[] = [];
      const turns = KINDS.flatMap((kind) => Array<Kind>(kind.weight ?? 1).fill(kind));
      for (let index = 0; index < COUNT; index++) {
        const kind = turns[index % turns.length]!;
        const found = await tryOne(samples, kind, index);
        if (found === null) continue;
        const tally = tallies.get(kind)!;
        tally.mutants++;
        if (found === '') tally.caught++;
        else misses.push(`#${index} ${found}`);
      }
      for (const [{ name }, { mutants, caught }] of tallies) {
        t.diagnostic(`${name.padEnd(46)} ${mutants} mutants, ${caught} judged rightly`);
      }
      const sizes = samples.map(
        ({ name, own, groups, events }) =>
          `${name}: ${events.length} events, ${own.length} transactions and ${groups.length - own.length} of others`,
      );
      t.diagnostic(sizes.join('; '));
      t.diagnostic(`runs ${seconds(began, taken)} s, mutants ${seconds(taken, monotonicMs())} s`);
      assert.equal(misses.length, 0, misses.slice(0, MISSES_TOLD).join('\n\n'));
      const total = [...tallies.values()].reduce((sum, { mutants }) => sum + mutants, 0);
      assert.ok(total > 0.95 * COUNT, `of ${COUNT} there were ${total}`);
      for (const [{ name }, { mutants }] of tallies) {
        assert.ok(mutants > 0 || COUNT < turns.length, `no mutant: ${name}`);
      }
    } finally {
      for (const { client } of samples) await client.end();
    }
  });
});

function seconds(from: number, to: number): string {
  return ((to - from) / 1000).toFixed(1);
}

/** What is wrong with what the verifier says of one mutant: empty, nothing; null, there was none. */
async function tryOne(
  samples: readonly Sample[],
  kind: Kind,
  index: number,
): Promise<string | null> {
  const draws = new Draws(SEED).at(1, index + 1);
  for (let tries = 0; tries < TRIES; tries++) {
    const sample = draws.pick(samples);
    const positioned = draws.chance(0.5);
    const mutant = kind.make(sample, draws, positioned);
    if (mutant === null) continue;
    const document = await verdictOn(sample, mutant, positioned);
    const misses = missesOf(sample, mutant, document);
    if (misses.length === 0) return '';
    const where = `${kind.name}, of ${sample.name}${positioned ? ', positioned' : ''}`;
    return `${where}: ${mutant.what}\n${misses.map((miss) => `  ${miss}`).join('\n')}`;
  }
  return null;
}

/** The correct streams of runs that all begin with the same rows. */
async function takeSamples(folder: string): Promise<Sample[]> {
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
function varietyOf(samples: readonly Sample[]): Readonly<Record<string, number>> {
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
