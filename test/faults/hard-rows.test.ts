import '../../src/messages/english.js';
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Rng } from '../../src/random/rng.js';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';
import { readRecordings } from '../fixtures/values/files.js';
import { SERVER_VERSIONS, startServers } from '../helpers/server.js';
import type { Change } from './hard-rows/consumer.js';
import { FAULTS, type Fault } from './hard-rows/faults.js';
import { differencesFrom } from './hard-rows/recorded.js';
import { ORIGINS, type Sample, takeSamples } from './hard-rows/sample.js';

/** Events of the run: each form of a fault shows in some of them. */
const EVENTS = 3_000;
/** Draws of each of the ten faults; from `LONG` on, of runs on every version of PostgreSQL. */
const DRAWS = Number(process.env.FAULT_DRAWS ?? 12);
const LONG = 50;
/** Fixed, so that CI draws the same every time; the tests' titles print it. */
const SEED = Number(process.env.FAULT_SEED ?? 20_261_129);
/** The purpose of these random numbers: the tests of mutants have 1 and 2. */
const PURPOSE = 3;
/** Misses that are printed. */
const MISSES_PRINTED = 12;

const servers = await startServers(
  { settings: { wal_level: 'logical' } },
  DRAWS < LONG ? [18] : SERVER_VERSIONS,
);

const samples: Sample[] = [];
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oltp-simulator-test-'));
  for (const server of servers) samples.push(...(await takeSamples(server, folder, EVENTS)));
});

after(() => rm(folder, { recursive: true, force: true }));

test('the reference consumer writes values as the real engine does', () => {
  const { compared, differing } = differencesFrom(
    readRecordings('pgoutput'),
    readRecordings('debezium'),
  );
  assert.deepEqual(differing, []);
  assert.ok(compared > 100, `${compared} values`);
});

test('lines without a fault are exact, with the database and without it', async (t) => {
  for (const sample of samples) {
    for (const tables of [false, true]) {
      const document = await sample.judge(sample.lines(), tables);
      const { verdict, doubts, causes, malformed, projections, rows } = document;
      t.diagnostic(
        `${sample.name}: ${sample.changes.length} changes, ${rows.compared} rows compared`,
      );
      assert.deepEqual(
        { verdict, doubts, causes, malformed, projections },
        { verdict: 'exact', doubts: {}, causes: [], malformed: [], projections: undefined },
        sample.name,
      );
    }
  }
});

for (const [fault, forms] of byFault()) {
  test(`${fault}: found and named in each of ${DRAWS} draws, seed ${SEED}`, async (t) => {
    const stats = new Map<string, number>();
    const misses: string[] = [];
    for (let draw = 0; draw < DRAWS; draw++) {
      const rng = new Rng(SEED).at(PURPOSE, draw * FAULTS.length + FAULTS.indexOf(forms[0]!));
      const sample = samples[draw % samples.length]!;
      const form = formOf(forms, sample, rng);
      const { change, lines, origin } = drawOne(sample, form, rng);
      const document = await sample.judge(sample.lines(new Map([[change, lines]])));
      const miss = missOf(sample, form, change, document);
      const label = `${form.form}, ${origin}`;
      stats.set(label, (stats.get(label) ?? 0) + 1);
      if (miss !== null) misses.push(`#${draw} ${label}, of ${sample.name}: ${miss}`);
    }
    for (const [label, count] of [...stats].toSorted()) t.diagnostic(`${label}: ${count}`);
    assert.equal(misses.length, 0, misses.slice(0, MISSES_PRINTED).join('\n\n'));
  });

  test(`${fault}: found where it is in every event`, async () => {
    for (const [i, form] of forms.entries()) {
      const next = [...samples.slice(i % samples.length), ...samples];
      const sample = next.find((each) => spoiledBy(each, form).size > 0);
      assert.ok(sample !== undefined, `no event shows ${form.form}`);
      const spoiled = spoiledBy(sample, form);
      const document = await sample.judge(sample.lines(spoiled));
      const tables = new Set([...spoiled.keys()].map((change) => sample.rowOf(change).table));
      const isNamed = namedBy(form, document).some(({ table }) => tables.has(table ?? ''));
      assert.ok(document.exit_code === 7 && isNamed, `${form.form}: ${summaryOf(document)}`);
    }
  });
}

/** The forms of each fault. */
function byFault(): ReadonlyMap<string, readonly Fault[]> {
  const all = new Map<string, Fault[]>();
  for (const form of FAULTS) all.set(form.fault, [...(all.get(form.fault) ?? []), form]);
  return all;
}

const known = new Map<Sample, Map<Fault, ReturnType<Sample['spoiledBy']>>>();

/** The changes of a sample that a fault shows in, made once. */
function spoiledBy(sample: Sample, fault: Fault): ReturnType<Sample['spoiledBy']> {
  const own = known.get(sample) ?? new Map();
  known.set(sample, own);
  const spoiled = own.get(fault) ?? sample.spoiledBy(fault);
  own.set(fault, spoiled);
  return spoiled;
}

/** The same, of those that a draw may spoil alone. */
function drawable(sample: Sample, fault: Fault) {
  return [...spoiledBy(sample, fault)].filter(([change]) => sample.isFollowed(change));
}

/** A form of a fault that shows in a sample. Throws where none does. */
function formOf(forms: readonly Fault[], sample: Sample, rng: Rng): Fault {
  const shown = forms.filter((form) => drawable(sample, form).length > 0);
  assert.ok(shown.length > 0, `no event of ${sample.name} shows ${forms[0]!.fault}`);
  return rng.pick(shown);
}

/** An event that a fault shows in; each origin is as likely. */
function drawOne(sample: Sample, fault: Fault, rng: Rng) {
  const spoiled = drawable(sample, fault);
  const origins = ORIGINS.filter((origin) =>
    spoiled.some(([change]) => sample.originOf(change) === origin),
  );
  const origin = rng.pick(origins);
  const [change, lines] = rng.pick(
    spoiled.filter(([change]) => sample.originOf(change) === origin),
  );
  return { change, lines, origin };
}

/** The verifier's error; null: it found the fault, and names its row. */
function missOf(
  sample: Sample,
  fault: Fault,
  change: Change,
  document: VerificationDocument,
): string | null {
  const { table, keys } = sample.rowOf(change);
  const isNamed = namedBy(fault, document).some(
    (example) => example.table === table && keys.some((key) => key === example.key),
  );
  if (document.exit_code === 7 && isNamed) return null;
  return `not named: ${table} ${keys.join(' → ')}\n  ${summaryOf(document)}`;
}

/** The examples of violations that may name a fault. */
function namedBy({ shownAs, detail }: Fault, { examples }: VerificationDocument) {
  return examples.filter(
    (example) =>
      shownAs.some((violation) => violation === example.violation) &&
      (detail === undefined || example.detail === detail),
  );
}

function summaryOf({ verdict, doubts, causes, examples, malformed }: VerificationDocument): string {
  return JSON.stringify({ verdict, doubts, causes, examples: examples.slice(0, 3), malformed });
}
