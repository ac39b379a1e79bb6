import assert from 'node:assert/strict';
import test from 'node:test';
import { announceTriggers } from '../../../src/cli/commands/stream.js';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { returningOf, rowTriggersOf } from '../../../src/run/server-effects.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { beforeRow, factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { hospital } from '../../helpers/hospital.js';

const { tables } = schemaWith([]);
const PARTITIONS = [{ schema: 'public', name: 'consultas_2026' }];

test('rows are returned by the writes that a BEFORE ROW trigger fires on', () => {
  const facts = factsWithTriggers({
    consultas: [beforeRow('upper', 'insert')],
    exames: [
      beforeRow('a', 'update', 'delete'),
      beforeRow('b', 'insert'),
      beforeRow('c', 'insert'),
    ],
  });
  assert.deepEqual(returningOf(facts, tables), {
    consultas: ['insert'],
    exames: ['insert', 'update'],
  });
  assert.deepEqual(rowTriggersOf(facts, tables), [
    { table: 'consultas', name: 'upper', operations: ['insert'] },
    { table: 'exames', name: 'a', operations: ['update'] },
    { table: 'exames', name: 'b', operations: ['insert'] },
    { table: 'exames', name: 'c', operations: ['insert'] },
  ]);
});

test('other triggers, rules and generated columns leave the rows as sent', () => {
  const facts = factsWithTriggers({
    pacientes: [beforeRow('last', 'delete')],
    medicos: [{ ...beforeRow('audit', 'insert', 'update'), timing: 'after' }],
    convenios: [{ ...beforeRow('view', 'insert'), timing: 'instead' }],
    internacoes: [{ ...beforeRow('once', 'insert', 'update'), level: 'statement' }],
  });
  const { exames } = facts.tables;
  const changed = { ...facts.tables, exames: { ...exames!, rules: ['r'], generated: ['ano'] } };
  assert.deepEqual(returningOf({ ...facts, tables: changed }, tables), {});
});

test('an update of a partitioned table may fire the INSERT triggers of another partition', () => {
  const triggers = { consultas: [beforeRow('upper', 'insert')] };
  assert.deepEqual(returningOf(factsWithTriggers(triggers, PARTITIONS), tables), {
    consultas: ['insert', 'update'],
  });
});

test('a run logs once which triggers make it read rows back', () => {
  for (const language of LANGUAGES) {
    const lines: string[] = [];
    const info = (line: string) => lines.push(line);
    const silent = () => undefined;
    const levels = { info, debug: silent, warning: silent, error: silent };
    const log = {
      component: () => ({ ...levels, detail: levels, hint: silent }),
      close: async () => undefined,
    };
    const context = { schema: hospital, messages: messagesIn(language), log };
    announceTriggers(context, factsWithTriggers({}));
    announceTriggers(context, factsWithTriggers({ exames: [beforeRow('last', 'delete')] }));
    assert.deepEqual(lines, []);
    const triggers = [beforeRow('a', 'insert', 'update'), beforeRow('b', 'insert')];
    announceTriggers(context, factsWithTriggers({ exames: triggers }));
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /exames\.a \(insert, update\); exames\.b \(insert\)/);
  }
});
