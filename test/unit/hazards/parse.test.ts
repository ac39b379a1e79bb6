import assert from 'node:assert/strict';
import test from 'node:test';
import { findHazardProblem } from '../../../src/hazards/hazard-problem.js';
import { HAZARD_NAMES, type Hazards } from '../../../src/hazards/hazards.js';
import {
  chosenHazards,
  parseHazard,
  parseHazards,
  printHazards,
} from '../../../src/hazards/parse.js';
import { isPossible } from '../../../src/hazards/possible.js';
import { EXTENSION_NAMES, schemaWith } from '../../../src/schemas/index.js';
import { randomNumbers, seedFrom } from '../../helpers/random.js';

const SEED = seedFrom('HAZARDS_SEED', 16);

const everything = schemaWith(EXTENSION_NAMES).hazards;
const hospital = schemaWith([]).hazards;

/** The hazards that a text asks for in the schema with every extension. */
function hazardsOf(text: string, spec = everything): Hazards {
  const choices = parseHazards(text);
  assert.ok(choices !== undefined, text);
  return chosenHazards(choices, spec);
}

test('each form of a dial is read', () => {
  assert.deepEqual(
    hazardsOf(
      'rollback=5%,savepoints=0.05,copy=100%,ddl=30s,truncate=5,huge=100000/30s,long=500ms/1m,publication=cdc',
    ),
    {
      rollback: 0.05,
      savepoints: 0.05,
      copy: 1,
      huge: { rows: 100_000, everyMs: 30_000 },
      long: { lengthMs: 500, everyMs: 60_000 },
      truncate: { everyMs: 5000 },
      ddl: { everyMs: 30_000 },
      publication: { name: 'cdc', everyMs: 30_000 },
    },
  );
  assert.deepEqual(hazardsOf('publication=a/b=c/1h').publication, {
    name: 'a/b=c',
    everyMs: 3_600_000,
  });
  assert.deepEqual(hazardsOf(' Rollback = 5% , DDL=true').rollback, 0.05);
  assert.deepEqual(hazardsOf(''), {});
});

test('of two dials for one hazard the last one counts, and off turns it off', () => {
  assert.deepEqual(hazardsOf('rollback=5%,rollback=10%'), { rollback: 0.1 });
  assert.deepEqual(hazardsOf('rollback=5%,rollback=off'), {});
  assert.deepEqual(hazardsOf('rollback=false,rollback'), hazardsOf('rollback=on'));
});

test('all is every hazard that the tables allow, but for those that are named, before or after it', () => {
  const all = Object.keys(hazardsOf('all'));
  assert.deepEqual(
    all,
    HAZARD_NAMES.filter((name) => name !== 'publication'),
  );
  assert.deepEqual(
    Object.keys(hazardsOf('all', hospital)),
    all.filter((name) => isPossible(name, hospital)),
  );
  assert.ok(!('truncate' in hazardsOf('all', hospital)));
  for (const text of ['all,ddl=off,rollback=9%', 'ddl=off,rollback=9%,all']) {
    const { rollback, ...others } = hazardsOf(text);
    assert.equal(rollback, 0.09);
    assert.ok(!('ddl' in others) && 'copy' in others);
  }
});

test('every hazard is possible with the extensions, and some without', () => {
  for (const name of HAZARD_NAMES) assert.ok(isPossible(name, everything), name);
  assert.deepEqual(
    HAZARD_NAMES.filter((name) => !isPossible(name, hospital)),
    ['unchanged-toast', 'truncate', 'ddl', 'publication'],
  );
});

test('printed hazards are read as the same ones', () => {
  const all = hazardsOf('all,publication=a/b/1h');
  for (const name of HAZARD_NAMES) assert.ok(name in all, name);
  assert.deepEqual(hazardsOf(printHazards(all).join(',')), all);
  const random = randomNumbers(SEED);
  for (let i = 0; i < 500; i++) {
    const share = Math.round(random() * 9999 + 1) / 10_000;
    const lengthMs = Math.ceil(random() * 10 ** Math.ceil(random() * 7));
    const everyMs = lengthMs + Math.ceil(random() * 10_000_000);
    const hazards: Hazards = {
      rollback: share,
      huge: { rows: Math.ceil(random() * 1_000_000), everyMs },
      long: { lengthMs, everyMs },
      ddl: { everyMs: lengthMs },
      publication: { name: `p${i}/${i}`, everyMs },
    };
    assert.deepEqual(hazardsOf(printHazards(hazards).join(',')), hazards);
  }
});

/** Texts that are no hazards, with the problem and the text that is proposed; null: none. */
const CASES: readonly (readonly [text: string, problem: string, meant: string | null])[] = [
  ['rolback', 'name', 'rollback'],
  ['rollbacks=5%', 'name', 'rollback=5%'],
  ['hot keys', 'name', 'hot-keys'],
  ['hot_keys=3', 'name', 'hot-keys=3%'],
  ['2pc', 'name', 'two-phase'],
  ['toast', 'name', 'unchanged-toast'],
  ['schema_change=1min', 'name', 'ddl=1m'],
  ['everything', 'name', null],
  ['hello=5%', 'name', null],
  ['=5%', 'name', null],
  ['rollback:5%', 'mark', 'rollback=5%'],
  ['rollback 5%', 'mark', 'rollback=5%'],
  ['huge (1000/30s)', 'mark', 'huge=1000/30s'],
  ['rollback;ddl', 'several', 'rollback,ddl'],
  ['rollback=5% ddl', 'form', null],
  ['rollback ddl=5s', 'several', 'rollback,ddl=5s'],
  ['all=5%', 'all', 'all'],
  ['rollback=5', 'form', 'rollback=5%'],
  ['rollback=1', 'form', 'rollback=1%'],
  ['rollback=0,5 %', 'form', 'rollback=0.5%'],
  ['rollback=5 percent', 'form', 'rollback=5%'],
  ['rollback=0', 'form', 'rollback=off'],
  ['rollback=never', 'form', 'rollback=off'],
  ['rollback=150%', 'form', null],
  ['rollback=-5%', 'form', null],
  ['rollback=1e-9', 'form', null],
  ['ddl=', 'form', 'ddl'],
  ['ddl=5 min', 'form', 'ddl=5m'],
  ['ddl=every 5 minutes', 'form', 'ddl=5m'],
  ['ddl=often', 'form', null],
  ['ddl=40 days', 'form', null],
  ['truncate=0', 'form', 'truncate=off'],
  ['huge=1e5/30s', 'form', 'huge=100000/30s'],
  ['huge=100k/30 sec', 'form', 'huge=100000/30s'],
  ['huge=100000', 'form', 'huge=100000/60s'],
  ['huge=30s', 'form', 'huge=20000/30s'],
  ['huge=30s/1000', 'form', 'huge=1000/30s'],
  ['huge=5000000/30s', 'rows', 'huge=1000000/30s'],
  ['huge=0/30s', 'rows', null],
  ['huge=2000000', 'rows', 'huge=1000000/60s'],
  ['long=60s/20s', 'too-long', 'long=20s/60s'],
  ['long=5min', 'form', 'long=20s/5m'],
  ['quiet=1m/1m', 'too-long', null],
  ['publication', 'unnamed', null],
  ['publication=true', 'unnamed', null],
  ['publication=30s', 'unnamed', null],
  ['publication=/30s', 'unnamed', null],
  ['publication=cdc/30 sec', 'form', 'publication=cdc/30s'],
  ['publication=cdc/soon', 'form', null],
];

test('each wrong hazard has its problem, and a proposal that is a hazard itself', () => {
  for (const [text, problem, meant] of CASES) {
    assert.equal(parseHazard(text), undefined, text);
    const found = findHazardProblem(text);
    assert.deepEqual([found.problem, found.meant ?? null], [problem, meant], text);
    assert.notEqual(parseHazard(found.example), undefined, `${text}: ${found.example}`);
    if (meant !== null) assert.notEqual(parseHazards(meant), undefined, `${text}: ${meant}`);
  }
});

/** Pieces that mistyped hazards are made of. */
const PIECES = [
  ...HAZARD_NAMES,
  ...['all', 'off', 'on', '=', ':', ' ', '/', ';', '%', ',', '.', '-', '_', 'x', '(', ')'],
  ...[
    '0',
    '5',
    '1e6',
    '2000000',
    '0.05',
    '30s',
    '5 min',
    '1h30m',
    '1k',
    'cdc',
    'often',
    'prepared',
  ],
];

test(`of any text, the one that is proposed, and the example, are hazards (seed ${SEED})`, () => {
  const random = randomNumbers(SEED);
  const pick = () => PIECES[Math.floor(random() * PIECES.length)]!;
  let proposed = 0;
  for (let i = 0; i < 30_000; i++) {
    const text = Array.from({ length: 1 + Math.floor(random() * 5) }, pick).join('');
    if (text.includes(',') || parseHazard(text) !== undefined) continue;
    const { meant, example } = findHazardProblem(text);
    assert.notEqual(parseHazard(example), undefined, `${text}: ${example}`);
    if (meant === undefined) continue;
    proposed++;
    assert.notEqual(parseHazards(meant), undefined, `${text}: ${meant}`);
  }
  assert.ok(proposed > 1000, String(proposed));
});

test('a dropped, doubled or swapped letter of a name is understood', () => {
  for (const name of HAZARD_NAMES.filter((one) => one.length > 3 && one !== 'publication')) {
    for (let i = 1; i < name.length; i++) {
      const [head, tail] = [name.slice(0, i), name.slice(i)];
      const slips = [`${head}${tail.slice(1)}`, `${head}${tail[0]}${tail}`];
      for (const slip of slips.filter((one) => parseHazard(one) === undefined)) {
        assert.equal(findHazardProblem(slip).meant, name, slip);
      }
    }
  }
});
