import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Envelope,
  inMilliseconds,
  type Mark,
  type Recorded,
  snapshotAfter,
  snapshotRow,
  transactionsOf,
  withRecorded,
  withRow,
  withSource,
} from './recorded.js';

/** Streams of real pipelines, composed from recorded runs: both formats of the ledger, without a server. */
for (const format of [1, 2]) {
  const withRun = (body: (recorded: Recorded) => Promise<void>) =>
    withRecorded(format, 'plain', (recorded) =>
      body(format === 1 ? { ...recorded, verify: inProcess(recorded) } : recorded),
    );

  test(`format ${format}: a lost change is missing, also beside rows of an incremental snapshot`, () =>
    withRun(async ({ events, verify }) => {
      const lost = transactionsOf(events)[6] ?? assert.fail();
      const rest = events.filter((event) => !lost.includes(event));
      const alone = await verify(rest, 7);
      assert.equal(alone.document.violations.missing, lost.length);
      const row = clinic((rest[20] as Envelope).source.lsn, 'incremental');
      const beside = await verify(rest.toSpliced(21, 0, row), 7);
      assert.deepEqual(beside.document.accounting, alone.document.accounting);
      assert.deepEqual(beside.document.causes, alone.document.causes);
    }));

  test(`format ${format}: a snapshot row does not excuse a lost end of the stream`, () =>
    withRun(async ({ events, verify }) => {
      const half = events.slice(0, 30);
      const { lsn } = (events.at(-1) as Envelope).source;
      for (const mark of ['incremental', 'last'] as const) {
        const { document } = await verify([...half, clinic(lsn + 100_000, mark)], 8);
        assert.deepEqual(document.doubts, { ended_early: 30 }, mark);
      }
    }));

  test(`format ${format}: a whole initial snapshot excuses, one without a table does not`, () =>
    withRun(async ({ events, verify }) => {
      const transactions = transactionsOf(events);
      const before = transactions.slice(0, 10).flat();
      const after = transactions.slice(10).flat();
      const rows = snapshotAfter(before, (after[0] as Envelope).source.lsn - 1);
      const whole = await verify([...rows, ...after], format === 1 ? 8 : 0);
      const { accounting } = whole.document;
      assert.equal(accounting.delivered, after.length);
      assert.equal(format === 1 ? accounting.doubted : accounting.excused, before.length);

      const without = rows.filter(({ source }) => source.table !== 'exames');
      const { document } = await verify([...without, ...after], 8);
      const exams = before.filter(({ source }) => source.table === 'exames').length;
      if (format === 1) assert.deepEqual(document.doubts, { old_ledger: before.length });
      else assert.deepEqual(document.doubts, { no_witness: exams });

      // One row is missing, and one has other contents.
      if (format === 1) return;
      const inserted = rows.find(({ source, after }) => source.table === 'exames' && isNew(after));
      const missing = await verify([...rows.filter((row) => row !== inserted), ...after], 7);
      assert.equal(missing.document.causes[0]?.detail, 'not_in_snapshot');
      const other = rows.map((row) => (row === inserted ? withRow(row, { tipo_exame: 'X' }) : row));
      const differs = await verify([...other, ...after], 8);
      assert.deepEqual(differs.document.doubts, { snapshot_differs: 1 });
    }));

  test(`format ${format}: rows of the same names in other schemas are ignored`, () =>
    withRun(async ({ events, verify }) => {
      const archived = events.flatMap((event) =>
        event.op === 'd' || event.source.table !== 'consultas'
          ? [event]
          : [event, withSource({ ...event, op: 'c' }, { schema: 'arquivo' })],
      );
      const copies = archived.length - events.length;
      const archive = await verify(archived, 0);
      assert.deepEqual(archive.document.events.others, { other_schema: copies });
      const inserted = events.findIndex(({ op }) => op === 'c');
      const { after, source } = events[inserted] as Envelope;
      const deleted: Envelope = {
        before: { id: after?.id },
        after: null,
        op: 'd',
        source: { ...source, schema: 'tenant2', txId: 990_001, lsn: source.lsn + 1 },
        transaction: null,
      };
      const tenant = await verify(events.toSpliced(inserted + 1, 0, deleted), 0);
      assert.deepEqual(tenant.document.events.others, { other_schema: 1 });
      assert.equal(tenant.document.accounting.delivered, events.length);
    }));

  test(`format ${format}: times in milliseconds are compared to the millisecond`, () =>
    withRun(async ({ events, verify }) => {
      const exact = await verify(events.map(inMilliseconds), 0);
      assert.equal(exact.document.accounting.delivered, events.length);
      const at = events.findIndex(({ op, source }) => op === 'c' && source.table === 'consultas');
      const late = events.map(inMilliseconds).map((event, i) => {
        return i === at ? withRow(event, { data: Number(event.after?.data) + 1 }) : event;
      });
      const altered = await verify(late, 7);
      assert.equal(altered.document.violations.altered, 1);
    }));
}

test('with snapshot rows of every kind, at every place, a correct stream is exact, and one with a loss never', () =>
  withRecorded(2, 'plain', async ({ events, judge }) => {
    const marks: readonly Mark[] = [
      'first',
      'first_in_data_collection',
      'true',
      'last_in_data_collection',
      'last',
      'incremental',
    ];
    const transactions = transactionsOf(events);
    const lost = transactions[9] ?? assert.fail();
    for (const mark of marks) {
      for (const place of [0, 3, 12, transactions.length]) {
        const before = transactions.slice(0, place).flat();
        const { lsn } = (before.at(-1) ?? (events[0] as Envelope)).source;
        const at = place === 0 ? lsn - 1 : lsn + 1;
        // The rows at that moment: the run's so far, and another one.
        const rows = [...snapshotAfter(before, at, mark), clinic(at, mark)];
        const after = transactions.slice(place).flat();
        const context = `${mark} after ${place}`;
        const whole = await judge([...before, ...rows, ...after]);
        assert.equal(whole.verdict, 'exact', context);
        assert.equal(whole.accounting.delivered, events.length, context);
        const isKept = (event: Envelope) => !lost.includes(event);
        const short = [...before.filter(isKept), ...rows, ...after.filter(isKept)];
        const judged = await judge(short);
        assert.equal(judged.verdict, 'violation', context);
        assert.equal(judged.accounting.missing, lost.length, context);
        if (after.length === 0) continue;
        const half = await judge([...before, ...rows]);
        assert.equal(half.verdict, 'indeterminate', context);
        assert.equal(half.accounting.excused, 0, context);
      }
    }
  }));

/** `verify` without starting the program, which takes most of the time. */
function inProcess({ judge }: Recorded): Recorded['verify'] {
  return async (events, code) => {
    const document = await judge(events);
    assert.equal(document.exit_code, code, JSON.stringify(document));
    return { document, stderr: '' };
  };
}

/** A row of a table that the run did not write to, as a snapshot reads it. */
function clinic(lsn: number, mark: Mark): Envelope {
  const row = {
    before: null,
    after: { id: 1, nome: 'Boa Vida', cnpj: '1', tipo: 'PME', cobertura: 'Nacional' },
    op: 'r',
    source: { schema: 'public', table: 'convenios', txId: 1, lsn, snapshot: 'true' },
    transaction: null,
  } as const;
  return snapshotRow(row, lsn, mark);
}

/** Whether the run inserted it. */
function isNew(row: Envelope['after']): boolean {
  return row !== null && row.created_at === row.updated_at && Number(row.id) > 800;
}
