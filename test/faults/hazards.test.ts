import '../../src/messages/english.js';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Rng } from '../../src/random/rng.js';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';
import { SERVER_VERSIONS, startServers } from '../helpers/server.js';
import { DECORATIONS } from './hazards/decorations.js';
import type { Fault, Planted } from './hazards/fault.js';
import { FAULTS } from './hazards/faults.js';
import { carryOut } from './hazards/run.js';
import { type Sample, samplesOf } from './hazards/sample.js';

/** Draws of each fault; from `LONG` on, of runs on every version of PostgreSQL. */
const DRAWS = Number(process.env.FAULT_DRAWS ?? 3);
const LONG = 50;
/** Fixed, so that CI draws the same every time; the tests' titles print it. */
const SEED = Number(process.env.FAULT_SEED ?? 20_261_129);
/** The purpose of these random numbers: the tests of mutants have 1 and 2, those of hard rows 3. */
const PURPOSE = 4;
/** Of a run: each hazard happens several times, and the schema's changes begin anew. */
const SECONDS = 8;
/** Misses that are printed. */
const MISSES_PRINTED = 12;

const servers = await startServers(
  { settings: { wal_level: 'logical', max_prepared_transactions: '20' } },
  DRAWS < LONG ? [18] : SERVER_VERSIONS,
);

const samples: Sample[] = [];
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oltp-simulator-test-'));
  for (const server of servers) {
    samples.push(...samplesOf(server.version, await carryOut(server, folder, SECONDS)));
  }
});

after(() => rm(folder, { recursive: true, force: true }));

test('lines without a fault are exact, with decorations and without them', async (t) => {
  for (const [i, sample] of samples.entries()) {
    for (const [j, { name, repeats, decorate }] of DECORATIONS.entries()) {
      // Each way has some of the decorations, and all of them together have each.
      if (DRAWS < LONG && j > 0 && j % samples.length !== i) continue;
      const rng = new Rng(SEED).at(PURPOSE, i, j);
      for (const document of await sample.judge(decorate(sample, sample.lines, rng))) {
        const { verdict, doubts, causes, malformed } = document;
        assert.deepEqual(
          { verdict, doubts, causes, malformed },
          { verdict: repeats ? 'duplicates' : 'exact', doubts: {}, causes: [], malformed: [] },
          `${sample.name}, ${name}`,
        );
      }
    }
    t.diagnostic(`${sample.name}: ${sample.events.length} events`);
  }
});

test('a slot that streams shows blocks, and what was rolled back in them', () => {
  const undone = samples.flatMap(({ events }) => events.filter(({ isUndone }) => isUndone));
  const rolledBack = samples.flatMap(({ events }) =>
    events.filter(({ of }) => of.committedAt === null),
  );
  assert.ok(undone.length > 0 && rolledBack.length > 0, `${undone.length}, ${rolledBack.length}`);
});

test('a table that is delivered though it is not published is exact, too', async () => {
  for (const sample of samples.filter(({ unpublished }) => unpublished.length > 0)) {
    for (const { verdict, causes } of await sample.judge(sample.lines, 'listed')) {
      assert.deepEqual({ verdict, causes }, { verdict: 'exact', causes: [] }, sample.name);
    }
  }
});

for (const [fault, forms] of byFault()) {
  test(`${fault}: found and named in each of ${DRAWS} draws, seed ${SEED}`, async (t) => {
    const stats = new Map<string, number>();
    const misses: string[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      const rng = new Rng(SEED).at(PURPOSE, draw * FAULTS.length + FAULTS.indexOf(forms[0]!));
      const { sample, form, planted } = plantOne(forms, draw, rng);
      const decoration = rng.pick(DECORATIONS);
      const lines = decoration.decorate(sample, planted.lines, rng);
      const documents = await sample.judge(lines, form.publication);
      const label = `${form.form}, ${sample.name}`;
      stats.set(label, (stats.get(label) ?? 0) + 1);
      for (const [i, document] of documents.entries()) {
        const miss = missOf(form, planted, document);
        if (miss === null) continue;
        const database = i === 0 ? 'without the database' : 'with it';
        misses.push(`#${draw} ${label}, ${decoration.name}, ${database}: ${miss}`);
      }
    }
    for (const [label, count] of [...stats].toSorted()) t.diagnostic(`${label}: ${count}`);
    assert.equal(
      misses.length,
      0,
      `${misses.length}\n${misses.slice(0, MISSES_PRINTED).join('\n\n')}`,
    );
  });
}

/** The forms of each fault. */
function byFault(): ReadonlyMap<string, readonly Fault[]> {
  const all = new Map<string, Fault[]>();
  for (const form of FAULTS) all.set(form.fault, [...(all.get(form.fault) ?? []), form]);
  return all;
}

/** Plants a fault in a form and a sample that have a place for it. Servers take turns. */
function plantOne(forms: readonly Fault[], draw: number, rng: Rng) {
  const { version } = servers[draw % servers.length]!;
  const places = samples
    .filter((sample) => sample.version === version)
    .flatMap((sample) => forms.map((form) => ({ sample, form })));
  while (places.length > 0) {
    const [place] = places.splice(rng.below(places.length), 1);
    const { sample, form } = place!;
    const planted = form.plant(sample, rng);
    if (planted !== null) return { sample, form, planted };
  }
  throw new Error(`PostgreSQL ${version} has no place for ${forms[0]!.fault}`);
}

/** The verifier's error; null: it found the fault, and names its row. */
function missOf(fault: Fault, planted: Planted, document: VerificationDocument): string | null {
  const { table, keys, column } = planted;
  const isNamed = document.examples.some(
    (example) =>
      fault.shown.some(
        ({ violation, details }) =>
          violation === example.violation && details.includes(example.detail),
      ) &&
      example.table === table &&
      keys.includes(example.key) &&
      (column === undefined || example.column === column),
  );
  if (document.exit_code === 7 && isNamed) return null;
  const { verdict, doubts, examples, malformed } = document;
  const found = JSON.stringify({ verdict, doubts, examples: examples.slice(0, 4), malformed });
  return `not named: ${table} ${column ?? ''} ${keys.slice(0, 5).join()}\n  ${found}`;
}
