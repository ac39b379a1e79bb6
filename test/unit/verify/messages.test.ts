import assert from 'node:assert/strict';
import test from 'node:test';
import type { HazardRecord } from '../../../src/ledger/format.js';
import { HEADER } from '../ledger/sample-ledger.js';
import { type AnyEvent, causesOf, type HazardTransaction, judge, notes } from './hazard-run.js';

const emitting = (
  xid: number,
  content: string,
  more: { transactional?: boolean; names?: HazardRecord['names']; worker?: number } = {},
): HazardTransaction => {
  const { transactional = true, names = ['message'], worker = 1 } = more;
  return {
    worker,
    xid,
    changes: [notes('insert', [xid])],
    hazards: { names, messages: [{ content, transactional }] },
  };
};
const isMessage = (event: AnyEvent) => 'content' in event;
const rows = (events: readonly AnyEvent[]) => events.filter((event) => !isMessage(event));

test('messages have a sum of their own', async () => {
  const verdict = await judge((run) => [
    ...run.commit(emitting(10, 'a')),
    ...run.commit(emitting(20, 'b', { transactional: false })),
  ]);
  assert.equal(verdict.verdict, 'exact');
  assert.equal(verdict.accounting.committed, 2);
  const counts = { sent: 2, delivered: 2, missing: 0, unjudged: 0, carried: true };
  assert.deepEqual(verdict.messages, counts);
});

test('a message is missing once a later one arrived, and not where the source carries none', async () => {
  const lost = await judge((run) => [
    ...rows(run.commit(emitting(10, 'a'))),
    ...run.commit(emitting(20, 'b')),
  ]);
  assert.deepEqual(causesOf(lost), ['missing message_missing  message 1']);
  assert.equal(lost.verdict, 'violation');
  assert.equal(lost.examples[0]!.key, 'a');
  const none = await judge((run) => [
    ...rows(run.commit(emitting(10, 'a'))),
    ...run.commit({ xid: 20, changes: [notes('insert', [20])] }),
  ]);
  assert.equal(none.verdict, 'exact');
  assert.deepEqual(none.notes, [{ kind: 'messages_not_carried', messages: 1 }]);
});

test('the last message may still come when the stream ends, unless all of the WAL has arrived', async () => {
  const script = (run: Parameters<Parameters<typeof judge>[0]>[0]) => [
    ...run.commit(emitting(10, 'a')),
    ...rows(run.commit(emitting(20, 'b'))),
  ];
  const cut = await judge(script);
  assert.deepEqual([causesOf(cut), cut.messages?.unjudged], [[], 1]);
  const whole = await judge(script, { end: 1_000_000 });
  assert.deepEqual(causesOf(whole), ['missing message_missing  message 1']);
});

test('a message from before the source began is not judged', async () => {
  const verdict = await judge(
    (run) => {
      run.commit(emitting(10, 'a'));
      return run.commit(emitting(20, 'b'));
    },
    { from: 15_000 },
  );
  assert.deepEqual([causesOf(verdict), verdict.messages?.unjudged], [[], 1]);
});

test('a message that the run did not emit, or that was rolled back, is a phantom', async () => {
  const verdict = await judge((run) => [
    // By its event the ledger is read.
    ...run.commit({ xid: 1, changes: [notes('insert', [1])] }),
    ...run.events(emitting(5, `${HEADER.run}/1/9`)).filter(isMessage),
    ...run.events(emitting(6, 'of another run')).filter(isMessage),
    ...run.rollBack(emitting(10, 'a', { names: ['rollback', 'message'] })).filter(isMessage),
    ...run.commit(emitting(20, 'a')),
  ]);
  assert.deepEqual(causesOf(verdict), [
    'phantom rolled_back  message 1',
    'phantom message_not_sent  message 1',
  ]);
  assert.equal(verdict.messages?.delivered, 1);
  assert.equal(verdict.events.replayed, 0);
});

test('one that is not transactional arrives before its transaction, also of one that is rolled back', async () => {
  for (const isLost of [false, true]) {
    const verdict = await judge((run) => {
      const plain = { transactional: false };
      const undone = run.rollBack(emitting(10, 'a', plain)).filter(isMessage);
      const events = run.commit(emitting(20, 'b', plain));
      const early = events.filter(isMessage);
      return [...(isLost ? [] : undone), ...early, ...rows(events)];
    });
    const causes = isLost ? ['missing message_missing  message 1'] : [];
    assert.deepEqual(causesOf(verdict), causes);
  }
});

test('without a later COMMIT of its connection, the server may have lost one that was rolled back', async () => {
  const verdict = await judge((run) => {
    run.rollBack(emitting(10, 'a', { transactional: false }));
    return run.commit(emitting(20, 'b', { worker: 2 }));
  });
  assert.equal(verdict.verdict, 'exact');
  assert.equal(verdict.messages?.sent, 1);
});

test('a repeated message is a duplicate', async () => {
  const verdict = await judge((run) => {
    const events = run.commit(emitting(10, 'a'));
    return [...events, ...events];
  });
  assert.deepEqual([verdict.verdict, verdict.events.replayed], ['duplicates', 2]);
});
