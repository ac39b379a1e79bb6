import assert from 'node:assert/strict';
import test from 'node:test';
import { factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { type AnyEvent, audits, causesOf, endOf, judge, notes, turn } from './hazard-run.js';

const added = (table: string, columns: Record<string, string | null>) => ({
  ddl: [{ change: 'add-column', table, columns }],
});
/** Values of `revision` and `version` in an event. */
const insert = (xid: number, id: number, ...values: (string | null | undefined)[]) => ({
  xid,
  worker: 2,
  changes: [notes('insert', [id])],
  added: values,
});

test('rows have a column from the change that adds it, under each of its names, to the one that drops it', async () => {
  const verdict = await judge((run) => [
    ...run.commit(insert(10, 1)),
    ...run.commit(turn(20, added('notes', { revision: '1' }))),
    ...run.commit(insert(30, 2, '1')),
    ...run.commit(turn(40, { ddl: [{ change: 'create-index', table: 'notes' }] })),
    ...run.commit({ ...insert(50, 2, '1'), changes: [notes('update', [2]), notes('delete', [1])] }),
    ...run.commit(turn(60, added('notes', { version: '1' }))),
    ...run.commit(insert(70, 3, undefined, '1')),
    ...run.commit(turn(80, added('notes', { version: null }))),
    ...run.commit(insert(90, 4, undefined, null)),
    ...run.commit(turn(100, added('notes', {}))),
    ...run.commit(insert(110, 5)),
  ]);
  assert.deepEqual([verdict.verdict, causesOf(verdict)], ['exact', []]);
});

test('a column that is lost, has another value, or stays is named', async () => {
  const verdict = await judge((run) => [
    ...run.commit(turn(20, added('notes', { revision: '1' }))),
    ...run.commit(insert(30, 1)),
    ...run.commit(insert(40, 2, '2')),
    ...run.commit(insert(50, 3, null)),
    ...run.commit({ ...insert(60, 1), changes: [notes('update', [1])] }),
    ...run.commit(turn(70, added('notes', {}))),
    ...run.commit(insert(80, 4, '1')),
  ]);
  assert.deepEqual(causesOf(verdict), [
    'altered contents notes insert 2',
    'altered column_lost notes insert 1',
    'altered column_lost notes update 1',
    'altered column_stays notes insert 1',
  ]);
  assert.deepEqual(new Set(verdict.examples.map(({ column }) => column)), new Set(['revision']));
});

test('the rows of a table without a key have it, too', async () => {
  const verdict = await judge((run) => [
    ...run.commit(turn(20, added('audits', { origin: 'x' }))),
    ...run.commit({ worker: 2, xid: 30, changes: [audits('a')], added: ['x'] }),
    ...run.commit({ worker: 2, xid: 40, changes: [audits('b')] }),
  ]);
  assert.deepEqual(causesOf(verdict), ['altered column_lost audits insert 1']);
});

test('the rows of the change itself have the column', async () => {
  const own = turn(20, added('notes', { revision: '1' }));
  for (const values of [['1'], []]) {
    const verdict = await judge((run) => {
      const changes = [notes('insert', [1])];
      return run.commit({ ...own, changes, added: values });
    });
    const causes = values.length > 0 ? [] : ['altered column_lost notes insert 1'];
    assert.deepEqual(causesOf(verdict), causes);
  }
});

test('before the first change nothing is known of the columns, nor after one whose outcome is unknown', async () => {
  const verdict = await judge((run) => {
    const early = run.commit(insert(10, 1, '7'));
    run.intend(turn(20, added('notes', { revision: '1' })));
    return [...early, ...run.commit(insert(30, 2, '1')), ...run.commit(insert(40, 3))];
  });
  assert.deepEqual(causesOf(verdict), []);
});

test("a transaction without an LSN is placed by its events' LSNs", async () => {
  for (const values of [['1'], []]) {
    const verdict = await judge((run) => {
      const change = run.commit(turn(20, added('notes', { revision: '1' })));
      const later = run.commit({ ...insert(30, 1, ...values), lsn: null });
      return [...change, ...later];
    });
    assert.equal(causesOf(verdict).length, 1 - values.length);
  }
});

test('a change of the schema that was rolled back adds no column', async () => {
  const verdict = await judge((run) => {
    const first = run.commit(turn(10, added('notes', {})));
    run.rollBack(turn(20, added('notes', { revision: '1' })));
    return [...first, ...run.commit(insert(30, 1))];
  });
  assert.deepEqual([verdict.verdict, causesOf(verdict)], ['exact', []]);
});

test('an update may leave out a value as unchanged, and a column list any column', async () => {
  const change = turn(20, added('notes', { revision: '1' }));
  const unchanged = await judge((run) => {
    const first = run.commit(change);
    const [update] = run.commit({ ...insert(30, 1, undefined), changes: [notes('update', [1])] });
    return [...first, { ...update!, unchanged: [6] } as AnyEvent];
  });
  assert.deepEqual(causesOf(unchanged), []);
  const begin = factsWithTriggers({});
  const list = { filter: null, columns: ['id', 'state'] };
  const listed = {
    ...begin,
    publications: [
      {
        name: 'part',
        operations: ['insert', 'update', 'delete'] as const,
        via_root: false,
        tables: { notes: list },
      },
    ],
  };
  const partial = await judge(
    (run) => [...run.commit(change), ...run.commit(insert(30, 1, undefined))],
    { facts: listed },
  );
  assert.deepEqual([causesOf(partial), partial.doubts], [[], { contents_not_told: 1 }]);
});

test('a replay with another value of an added column differs', async () => {
  const verdict = await judge((run) => {
    const [event] = [...run.commit(insert(30, 1, '1'))];
    return [
      event!,
      { ...event!, ...run.events(insert(30, 1, '2'))[0], lsn: event!.lsn } as AnyEvent,
    ];
  });
  assert.deepEqual(causesOf(verdict), ['altered replay_differs notes insert 1']);
});

test('the event of an update that leaves out another value as unchanged has its column, also when it is repeated', async () => {
  const BODY = 3;
  const judgeUpdate = (value: string | undefined) =>
    judge((run) => {
      const first = run.commit(turn(20, added('notes', { revision: '1' })));
      const changes = [notes('update', [1, 2])];
      const events = run.commit({ ...insert(30, 1, value), changes }).map((event) => {
        const values = (event as ReceivedRow).values!.with(BODY, undefined);
        return { ...event, values, unchanged: [BODY] } as AnyEvent;
      });
      return [...first, events[0]!, events[0]!, events[1]!];
    });
  const [right, lost] = [await judgeUpdate('1'), await judgeUpdate(undefined)];
  assert.deepEqual([right.verdict, causesOf(right)], ['duplicates', []]);
  assert.deepEqual(causesOf(lost), ['altered column_lost notes update 2']);
});

test('a change of the schema keeps the order of the rows before and after it', async () => {
  const verdict = await judge((run) => {
    const change = turn(20, added('notes', { revision: '1' }));
    const [before, own, after] = run.overlap(insert(10, 1), change, {
      ...insert(30, 2, '1'),
      worker: 3,
    });
    return [...own, ...after, ...before];
  });
  assert.deepEqual(causesOf(verdict), ['reordered across_table_lock notes insert 1']);
  assert.equal(verdict.examples[0]!.lsn, `0/${(10_010).toString(16).toUpperCase()}`);
  assert.ok(endOf(10) < endOf(20));
});
