import assert from 'node:assert/strict';
import test from 'node:test';
import type { DatabaseFacts, PublicationFacts } from '../../../src/database/facts.js';
import { Publishing } from '../../../src/verify/ledger/publishing.js';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { HEADER } from '../ledger/sample-ledger.js';

const WHOLE = { columns: null, filter: null };

function publication(more: Partial<PublicationFacts> = {}): PublicationFacts {
  return {
    name: 'p',
    operations: ['insert', 'update', 'delete'],
    via_root: false,
    tables: { consultas: WHOLE },
    ...more,
  };
}

const having = (...publications: PublicationFacts[]): DatabaseFacts => ({
  ...factsWithTriggers({}),
  publications,
});

function publishing(
  begin: DatabaseFacts,
  end: DatabaseFacts = begin,
  now: DatabaseFacts | null = end,
  names: readonly string[] | null = ['p'],
): Publishing {
  return new Publishing({ server: HEADER.server, begin, end }, now, names);
}

const both = publication({ tables: { consultas: WHOLE, exames: WHOLE } });

test('a table was published, was not, or is only since the run', () => {
  const then = having(publication());
  assert.equal(publishing(then).of('consultas', 'insert'), 'yes');
  assert.equal(publishing(then).of('exames', 'insert'), 'no');
  assert.equal(publishing(then, then, having(both)).of('exames', 'insert'), 'later');
  assert.equal(publishing(then, then, null).of('exames', 'insert'), 'no');
});

test('a publication that changed during the run is `changed`', () => {
  assert.equal(publishing(having(publication()), having(both)).of('exames', 'insert'), 'changed');
  assert.equal(publishing(having(both), having(publication())).of('exames', 'insert'), 'changed');
});

test('only the publications that the source reads count, if they are known', () => {
  const other = publication({ name: 'q', tables: { exames: WHOLE } });
  const then = having(publication(), other);
  assert.equal(publishing(then).of('exames', 'insert'), 'no');
  assert.equal(publishing(then, then, then, null).of('exames', 'insert'), 'yes');
});

test('without any publication, a reader without one is possible', () => {
  assert.equal(
    publishing(having(), having(), having(both), null).of('exames', 'insert'),
    'unknown',
  );
  assert.equal(publishing(having(), having(), having(both)).of('exames', 'insert'), 'later');
  assert.equal(new Publishing(null, having(both), ['p']).of('exames', 'insert'), 'unknown');
});

test('an omission is the table, the operation, a row filter or a column list', () => {
  const of = (facts: PublicationFacts, operation: 'insert' | 'delete' = 'insert') =>
    publishing(having(facts)).omission('consultas', operation);
  assert.equal(of(publication()), null);
  assert.deepEqual(of(publication({ tables: {} })), { kind: 'table', publications: ['p'] });
  const inserts = publication({ operations: ['insert'] });
  assert.equal(of(inserts), null);
  assert.deepEqual(of(inserts, 'delete'), { kind: 'operation', publications: ['p'] });
  const filtered = publication({ tables: { consultas: { ...WHOLE, filter: 'id > 7' } } });
  assert.equal(of(filtered)?.kind, 'filter');
  const listed = publication({ tables: { consultas: { ...WHOLE, columns: ['id'] } } });
  assert.equal(of(listed)?.kind, 'columns');
  assert.equal(publishing(having()).omission('consultas', 'insert'), null);
});
