import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { monotonicMs } from '../../src/lib/clock.js';
import { Rng } from '../../src/random/rng.js';
import { startServer } from '../helpers/server.js';
import { decorate, verdictOnBytes } from './decorations/decorated.js';
import type { Decoration } from './decorations/decoration.js';
import { DECORATIONS } from './decorations/index.js';
import { goesWith, missOf, showsBeside } from './decorations/judging.js';
import { KINDS, KINDS_BY_GROUP } from './mutants/kinds.js';
import type { Kind } from './mutants/mutant.js';
import { SERVER } from './mutants/runs.js';
import type { Sample } from './mutants/sample.js';
import { takeSamples, varietyOf } from './mutants/samples.js';
import { missesOf, verdictOn } from './mutants/trial.js';

/** Each decoration once alone, and once beside each group of harms: the groups include 'harmless', which stands for alone. */
const EACH_ONCE = DECORATIONS.length * Object.keys(KINDS_BY_GROUP).length;
const DECORATED = Number(process.env.DECORATIONS ?? EACH_ONCE);
const COUNT = Number(process.env.MUTANTS ?? 1_600);
/** Fixed, so that CI draws the same every time; the tests' titles print it. */
const SEED = Number(process.env.MUTANTS_SEED ?? 20_261_125);
/** Draws for one change, until one finds a place for it. */
const TRIES = 30;
/** Misses that are printed. */
const MISSES_PRINTED = 12;

const server = await startServer(18, SERVER);

/** The runs' streams: shared by both tests, since the runs take the longest. */
let samples: readonly Sample[] = [];
let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oltp-simulator-test-'));
  samples = await takeSamples(server, folder);
});

after(async () => {
  for (const { client } of samples) await client.end();
  await rm(folder, { recursive: true, force: true });
});

test(`${COUNT} changes to correct streams are judged correctly, seed ${SEED}`, async (t) => {
  const began = monotonicMs();
  const variety = varietyOf(samples);
  t.diagnostic(JSON.stringify(variety));
  // Without these, some kinds of change would test nothing.
  for (const [feature, count] of Object.entries(variety)) assert.ok(count > 0, `no ${feature}`);
  const stats = new Map(KINDS.map((kind) => [kind, { mutants: 0, caught: 0 }]));
  const misses: string[] = [];
  const turns = KINDS.flatMap((kind) => Array<Kind>(kind.weight ?? 1).fill(kind));
  for (let index = 0; index < COUNT; index++) {
    const kind = turns[index % turns.length]!;
    const found = await tryOne(kind, index);
    if (found === null) continue;
    const own = stats.get(kind)!;
    own.mutants++;
    if (found === '') own.caught++;
    else misses.push(`#${index} ${found}`);
  }
  for (const [{ name }, { mutants, caught }] of stats) {
    t.diagnostic(`${name.padEnd(46)} ${mutants} mutants, ${caught} judged correctly`);
  }
  const sizes = samples.map(
    ({ name, own, groups, events }) =>
      `${name}: ${events.length} events, ${own.length} transactions and ${groups.length - own.length} of others`,
  );
  t.diagnostic(sizes.join('; '));
  t.diagnostic(`${((monotonicMs() - began) / 1000).toFixed(1)} s`);
  assert.equal(misses.length, 0, misses.slice(0, MISSES_PRINTED).join('\n\n'));
  const total = [...stats.values()].reduce((sum, { mutants }) => sum + mutants, 0);
  assert.ok(total > 0.95 * COUNT, `of ${COUNT} there were ${total}`);
  for (const [{ name }, { mutants }] of stats) {
    assert.ok(mutants > 0 || COUNT < turns.length, `no mutant: ${name}`);
  }
});

test(`harmless additions change no verdict, and hide no harm: ${DECORATED} of them, seed ${SEED}`, async (t) => {
  const began = monotonicMs();
  const groups = Object.entries(KINDS_BY_GROUP).filter(([name]) => name !== 'harmless');
  const columns = ['alone', ...groups.map(([name]) => name)];
  const table = new Map(DECORATIONS.map(({ name }) => [name, columns.map(() => [0, 0, 0])]));
  const misses: string[] = [];
  let count = 0;
  for (let index = 0; index < DECORATED; index++) {
    const decoration = DECORATIONS[index % DECORATIONS.length]!;
    const column = Math.floor(index / DECORATIONS.length) % columns.length;
    const kinds: readonly Kind[] = column === 0 ? [] : groups[column - 1]![1];
    const found = await tryDecorated(decoration, kinds, index);
    if (found === null) continue;
    count++;
    const cell = table.get(decoration.name)![column]!;
    cell[0]!++;
    if (found.code === 8) cell[1]!++;
    if (found.miss === null) continue;
    cell[2]!++;
    misses.push(`#${index} ${found.miss}`);
  }
  t.diagnostic(`drawn/indeterminate/wrong: ${columns.join(', ')}`);
  for (const [name, cells] of table) {
    t.diagnostic(`${name.padEnd(56)} ${cells.map((cell) => cell.join('/')).join('  ')}`);
  }
  t.diagnostic(`${count} of ${DECORATED}, ${((monotonicMs() - began) / 1000).toFixed(1)} s`);
  assert.equal(misses.length, 0, misses.slice(0, MISSES_PRINTED).join('\n\n'));
  assert.ok(count > 0.8 * DECORATED, `of ${DECORATED} there were ${count}`);
});

/** The exit code and the verifier's error for a decorated stream, with a harm of one of these kinds or without; null: no draw fits. */
async function tryDecorated(
  decoration: Decoration,
  kinds: readonly Kind[],
  index: number,
): Promise<{ readonly code: number; readonly miss: string | null } | null> {
  const rng = new Rng(SEED).at(2, index + 1);
  const fitting = samples.filter((sample) => decoration.fits?.(sample) ?? true);
  for (let tries = 0; tries < TRIES; tries++) {
    const sample = rng.pick(fitting);
    const others = DECORATIONS.filter((other) => goesWith(decoration, other, sample));
    const all = rng.chance(0.3) ? [decoration, rng.pick(others)] : [decoration];
    const kind = kinds.length === 0 ? null : rng.pick(kinds);
    if (kind !== null && !showsBeside(kind, all)) continue;
    const decorated = decorate(sample, all, kind, rng);
    if (decorated === null) continue;
    const document = await verdictOnBytes(decorated);
    const miss = missOf(decorated, document);
    const names = all.map(({ name }) => name).join(' + ');
    const trialName = `${names}, ${kind === null ? 'alone' : `beside ${kind.name}`}, of ${sample.name}`;
    const harm = decorated.harm === null ? '' : `: ${decorated.harm.description}`;
    return {
      code: document.exit_code,
      miss: miss === null ? null : `${trialName}${harm}\n  ${miss}`,
    };
  }
  return null;
}

/** The verifier's errors for one mutant; empty: none; null: no draw fits. */
async function tryOne(kind: Kind, index: number): Promise<string | null> {
  const rng = new Rng(SEED).at(1, index + 1);
  const whole = samples.filter(({ derives }) => !derives);
  for (let tries = 0; tries < TRIES; tries++) {
    const sample = rng.pick(whole);
    const positioned = rng.chance(0.5);
    const mutant = kind.make(sample, rng, positioned);
    if (mutant === null) continue;
    const document = await verdictOn(sample, mutant, positioned);
    const misses = missesOf(sample, mutant, document);
    if (misses.length === 0) return '';
    const where = `${kind.name}, of ${sample.name}${positioned ? ', positioned' : ''}`;
    return `${where}: ${mutant.description}\n${misses.map((miss) => `  ${miss}`).join('\n')}`;
  }
  return null;
}
