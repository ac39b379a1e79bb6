import assert from 'node:assert/strict';
import test from 'node:test';
import type { Hazards } from '../../../src/hazards/hazards.js';
import { chosenHazards, parseHazards } from '../../../src/hazards/parse.js';
import {
  type HazardFacts,
  MIN_HOT_ROWS,
  PRIVILEGES,
  type PublicationRights,
  tablesOfHazards,
  type Unmet,
  unmetRequirements,
} from '../../../src/hazards/requirements.js';
import { messagesIn } from '../../../src/messages/index.js';
import { schemaWith } from '../../../src/schemas/index.js';

const schema = schemaWith(['prontuario']);
const ALL: Hazards = chosenHazards(parseHazards('all,publication=cdc')!, schema.hazards);
const WORKERS = 5;

const CDC: PublicationRights = {
  name: 'cdc',
  owned: true,
  everything: false,
  wholeSchema: false,
  listed: true,
};
const RIGHTS = {
  owned: true,
  privileges: PRIVILEGES,
  schema: 'public',
  creates: true,
  secured: false,
};
const tables = Object.fromEntries(tablesOfHazards(schema).map((name) => [name, RIGHTS]));
const ENOUGH: HazardFacts = {
  role: 'app',
  database: 'hospital',
  maxPreparedTransactions: WORKERS,
  createsSchemas: true,
  timeouts: {},
  tables,
  hotRows: MIN_HOT_ROWS,
  publications: [CDC],
};

const lacksOf = (facts: Partial<HazardFacts>, hazards = ALL): Unmet[] =>
  unmetRequirements(hazards, schema, { ...ENOUGH, ...facts }, WORKERS);

const named = (unmet: readonly Unmet[]) => unmet.map(({ hazard, lacks }) => `${hazard} ${lacks}`);

test('with every right nothing is lacking', () => {
  assert.deepEqual(lacksOf({}), []);
});

test('with no right each hazard names what it lacks, in the order of their names', () => {
  const nothing = {
    owned: false,
    privileges: [],
    schema: 'public',
    creates: false,
    secured: true,
  };
  const facts: HazardFacts = {
    ...ENOUGH,
    maxPreparedTransactions: 0,
    createsSchemas: false,
    timeouts: { transaction_timeout: 1_000 },
    tables: Object.fromEntries(Object.keys(tables).map((name) => [name, nothing])),
    hotRows: 0,
    publications: [{ ...CDC, owned: false, listed: false }],
  };
  assert.deepEqual(named(lacksOf(facts)), [
    'hot-keys privileges',
    'hot-keys rows',
    'copy row-security',
    'two-phase prepared-transactions',
    'key-change privileges',
    'key-change privileges',
    'long time',
    'truncate privileges',
    'quiet create-in-database',
    'ddl ownership',
    'ddl create-in-schemas',
    'publication ownership',
    'publication publication-ownership',
    'publication listed-table',
  ]);
  const harmless = chosenHazards(
    parseHazards('rollback,savepoints,same-row,out-of-order,message,huge,unchanged-toast')!,
    schema.hazards,
  );
  assert.deepEqual(lacksOf(facts, harmless), []);
});

test('a privilege is named with the tables that lack it alone', () => {
  const [table = '', other = ''] = schema.hazards.truncate;
  const weak = { ...RIGHTS, privileges: PRIVILEGES.filter((one) => one !== 'TRUNCATE') };
  assert.deepEqual(lacksOf({ tables: { ...tables, [table]: weak } }), [
    { hazard: 'truncate', lacks: 'privileges', privileges: ['TRUNCATE'], tables: [table] },
  ]);
  const [both] = lacksOf({ tables: { ...tables, [table]: weak, [other]: weak } });
  assert.deepEqual(both, {
    hazard: 'truncate',
    lacks: 'privileges',
    privileges: ['TRUNCATE'],
    tables: [table, other],
  });
});

test('a publication must list the table by its name', () => {
  const lacks = (publication: Partial<PublicationRights>) =>
    named(lacksOf({ publications: [{ ...CDC, ...publication }] }));
  assert.deepEqual(lacks({}), []);
  assert.deepEqual(lacks({ everything: true, listed: false }), ['publication own-list']);
  assert.deepEqual(lacks({ wholeSchema: true }), ['publication no-whole-schema']);
  assert.deepEqual(lacks({ listed: false }), ['publication listed-table']);
  assert.deepEqual(lacks({ name: 'other' }), ['publication publication']);
});

test('as many prepared transactions as workers are needed', () => {
  assert.deepEqual(named(lacksOf({ maxPreparedTransactions: WORKERS - 1 })), [
    'two-phase prepared-transactions',
  ]);
});

test('a session must live longer than a long transaction', () => {
  const hazards = { long: { everyMs: 60_000, lengthMs: 20_000 } };
  const lacks = (idle: number) =>
    lacksOf({ timeouts: { idle_in_transaction_session_timeout: idle } }, hazards);
  assert.deepEqual(lacks(20_001), []);
  const setting = 'idle_in_transaction_session_timeout';
  assert.deepEqual(lacks(20_000), [
    { hazard: 'long', lacks: 'time', setting, found: 20_000, needed: 20_000 },
  ]);
});

test('each need has a sentence in both languages that names hazard and remedy', () => {
  const weak = { ...RIGHTS, owned: false, privileges: [], creates: false, secured: true };
  const unmet = [
    { ...CDC, owned: false, listed: false },
    { ...CDC, everything: true },
    { ...CDC, wholeSchema: true },
    { ...CDC, name: 'CDC-2' },
  ].flatMap((publication) =>
    lacksOf({
      maxPreparedTransactions: 0,
      createsSchemas: false,
      timeouts: { idle_in_transaction_session_timeout: 500 },
      tables: Object.fromEntries(Object.keys(tables).map((name) => [name, weak])),
      hotRows: 1,
      publications: [publication],
    }),
  );
  for (const language of ['en', 'pt-BR'] as const) {
    const { settings } = messagesIn(language);
    const about = { role: 'My App', database: 'hospital' };
    for (const one of unmet) {
      const sentence = settings.hazardsRefused([one], about);
      assert.ok(sentence.includes(`${one.hazard}: `) && sentence.includes('; '), sentence);
      assert.doesNotMatch(sentence, /undefined|\[object|\n/);
    }
    const all = settings.hazardsRefused(unmet, about).split('\n');
    assert.equal(all.length, unmet.length + 1);
    assert.ok(all.some((line) => line.includes('TRUNCATE ON') && line.includes('TO "My App"')));
  }
});
