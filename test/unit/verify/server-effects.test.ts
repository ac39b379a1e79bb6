import assert from 'node:assert/strict';
import test from 'node:test';
import type { DatabaseFacts, TableFacts, TriggerFacts } from '../../../src/database/facts.js';
import type { TableName } from '../../../src/schema/table.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { ServerEffects } from '../../../src/verify/rows/server-effects.js';
import { beforeRow, factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { HEADER } from '../ledger/sample-ledger.js';
import { HOSPITAL } from './sample-event.js';

function facts(table: TableName, more: Partial<TableFacts>): DatabaseFacts {
  const plain = factsWithTriggers({});
  return { ...plain, tables: { ...plain.tables, [table]: { ...plain.tables[table]!, ...more } } };
}

function effects(begin: DatabaseFacts, end: DatabaseFacts | null = begin): ServerEffects {
  return new ServerEffects(HOSPITAL, { server: HEADER.server, begin, end });
}

const after: TriggerFacts = {
  name: 'log',
  timing: 'after',
  operations: ['insert'],
  level: 'row',
  deferred: true,
};

test('a database that does nothing by itself has no effects', () => {
  const none = effects(factsWithTriggers({}));
  assert.deepEqual([none.adding, none.acting, none.anonymous], [[], [], []]);
  assert.ok(!none.rewrites('exames') && !none.repartitioned('exames'));
});

test('triggers, rules and cascades may add rows', () => {
  assert.deepEqual(effects(facts('exames', { triggers: [after] })).adding, ['exames.log']);
  assert.deepEqual(effects(facts('exames', { rules: ['r'] })).adding, ['exames.r']);
  const cascades = ['faturas.faturas_consulta_fkey'];
  assert.deepEqual(effects(facts('consultas', { cascades })).adding, cascades);
});

test('a trigger that was there from the beginning hides nothing: RETURNING showed its rows', () => {
  const norm = beforeRow('norm', 'insert');
  const always = effects(factsWithTriggers({ exames: [norm] }));
  assert.deepEqual([always.hiding('exames'), always.rewrites('exames')], [[], true]);
  const late = effects(factsWithTriggers({}), factsWithTriggers({ exames: [norm] }));
  assert.deepEqual(late.hiding('exames'), ['exames.norm']);
  assert.deepEqual(late.hiding('consultas'), []);
});

test('rules and row-level security may hide how a row was stored', () => {
  assert.deepEqual(effects(facts('exames', { rules: ['r'] })).hiding('exames'), ['exames.r']);
  assert.deepEqual(effects(facts('exames', { policies: ['own'] })).hiding('exames'), [
    'exames.own',
  ]);
  assert.equal(effects(facts('exames', { policies: [] })).hiding('exames').length, 1);
});

test('a replica identity without the id, at the beginning or end of the run, makes deletes anonymous', () => {
  const identity = { kind: 'index', index: 'pacientes_cpf_key', tells_id: false } as const;
  const late = effects(factsWithTriggers({}), facts('pacientes', { identity }));
  assert.ok(!late.hasKey('pacientes') && late.hasKey('exames'));
  assert.deepEqual(late.anonymous, [
    { table: 'pacientes', index: 'pacientes_cpf_key', kind: 'index' },
  ]);
});

test('partitions attached or detached during the run count, their order does not', () => {
  const [one, other] = ['p0', 'p1'].map((name) => ({ schema: 'public', name }));
  const both = facts('consultas', { partitions: [one!, other!] });
  assert.ok(
    !effects(both, facts('consultas', { partitions: [other!, one!] })).repartitioned('consultas'),
  );
  assert.ok(effects(facts('consultas', { partitions: [one!] }), both).repartitioned('consultas'));
});

test('partitions that hazards of the run attach are not of others', () => {
  const { tables } = schemaWith(['prontuario']);
  const own = tables.get('sinais_vitais');
  const of = (...names: readonly string[]) => {
    const partitions = names.map((name) => ({ schema: 'public', name }));
    const begin = factsWithTriggers({});
    const plain = begin.tables.exames!;
    return { ...begin, tables: { ...begin.tables, [own.name]: { ...plain, partitions } } };
  };
  const repartitioned = (name: string) => {
    const { server } = HEADER;
    const looks = { server, begin: of('p0'), end: of('p0', name) };
    return new ServerEffects(tables, looks).repartitioned(own.name);
  };
  assert.equal(repartitioned(own.addedPartitions[0]!), false);
  assert.equal(repartitioned('p1'), true);
});
