import assert from 'node:assert/strict';
import test from 'node:test';
import type { Change } from '../../../src/ledger/writer.js';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { verificationText } from '../../../src/report/verify-text.js';
import type { Row } from '../../../src/schema/table.js';
import type { RowValues } from '../../../src/sources/source.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { parseDocument } from '../../../src/verify/verdict/parse-document.js';
import { type HardEvent, type HardRun, judge } from './hard-run.js';

const AT = '2026-01-02 10:00:00.000001+00';

/** A vital sign; its note is not null. */
const sign = (weight: string | null, temperature: string | null, patient = 7): Row => {
  return [patient, AT, weight, 'ok', temperature];
};
/** Its arrival shows that earlier changes are overdue. */
const LATER = sign(null, null, 9);
const signs = (...rows: readonly Row[]): Change => ({ table: 'signs', operation: 'insert', rows });
const warmer = (temperature: string | null): Change => {
  const rows = [[7, AT, temperature]];
  return { table: 'signs', operation: 'update', rows, columns: ['temperature'] };
};
const audits = (operation: 'insert' | 'delete', ...rows: readonly Row[]): Change => {
  return { table: 'audits', operation, rows };
};
/** Marks entries as seen. */
const seen = (...rows: readonly Row[]): Change => {
  const changed = rows.map((row) => [...row, 't']);
  return { table: 'audits', operation: 'update', rows: changed, columns: ['seen'] };
};
const LOGIN: Row = ['ana', 'login', 'f'];
const SEEN = ['ana', 'login', 't'];

const found = ({ verdict, examples }: VerificationDocument) => [
  verdict,
  ...new Set(examples.map(({ violation, detail }) => `${violation} ${detail}`)),
];
const at =
  (place: number, change: (event: HardEvent) => HardEvent | null) =>
  (events: readonly HardEvent[]): HardEvent[] =>
    events.flatMap((event, i) => (i === place ? (change(event) ?? []) : event));
const withValue =
  (column: number, value: string | null) =>
  (given: HardEvent): HardEvent => ({
    ...given,
    event: { ...given.event, values: given.event.values?.with(column, value) ?? null },
  });

test('rows with composite keys are delivered and altered like others', async () => {
  const compose = (run: HardRun) => {
    run.commit([signs(sign('70.50', '36.5'), sign('80', null, 8))]);
    run.commit([warmer('37.0')], [[['7', AT, '70.50', 'ok', '37.0']]]);
  };
  assert.deepEqual(found(await judge(compose)), ['exact']);
  const altered = (column: number, value: string) =>
    judge(compose, at(2, withValue(column, value)));
  assert.deepEqual(found(await altered(4, '37')), ['violation', 'altered contents']);
  assert.deepEqual(found(await altered(3, 'no')), ['violation', 'inconsistent column_changed']);
  const lost = await judge(
    compose,
    at(1, () => null),
  );
  assert.deepEqual(found(lost), ['violation', 'missing row_missing']);
  assert.equal(lost.examples[0]?.key, `["8","${AT}"]`);
});

test('an event whose table or column has a folded name is altered, and the example says the name', async () => {
  const compose = (run: HardRun) => run.commit([signs(sign('70.50', '36.5'), sign('80', null, 8))]);
  const renamed = { renamed: 'peso' };
  const document = await judge(
    compose,
    at(1, ({ event, ...more }) => ({ ...more, event: { ...event, ...renamed } })),
  );
  assert.deepEqual(found(document), ['violation', 'altered renamed']);
  const { accounting, examples } = document;
  assert.equal(accounting.delivered, 2);
  assert.deepEqual(
    examples.map(({ table, key, renamed }) => ({ table, key, renamed })),
    [{ table: 'signs', key: JSON.stringify(['8', AT]), ...renamed }],
  );
  for (const language of LANGUAGES) {
    assert.match(verificationText(messagesIn(language), document), /"peso"/);
  }
});

test('a null in a NOT NULL column is altered also where no earlier event has the row', async () => {
  const update = (run: HardRun) => run.commit([warmer('37.0')], [[['7', AT, '70', null, '37.0']]]);
  const { verdict, examples, accounting } = await judge(update);
  assert.equal(verdict, 'violation');
  assert.deepEqual(
    examples.map(({ violation, detail }) => [violation, detail]),
    [['altered', 'null_in_not_null']],
  );
  assert.equal(accounting.delivered, 1);
});

test('a null in a nullable column that no update sets is not known to be wrong', async () => {
  const update = (run: HardRun) => run.commit([warmer('37.0')], [[['7', AT, null, 'ok', '37.0']]]);
  assert.deepEqual(found(await judge(update)), ['exact']);
});

test('a key change is a delete of the old key and an insert of the new one, of one transaction', async () => {
  const item: Row = ['a', null, '1'];
  const compose = (run: HardRun) => {
    run.commit([{ table: 'items', operation: 'insert', rows: [item] }]);
    run.commit([
      { table: 'items', operation: 'delete', rows: [['a']] },
      { table: 'items', operation: 'insert', rows: [['b', null, '2']] },
    ]);
    run.commit([signs(LATER)]);
  };
  assert.deepEqual(found(await judge(compose)), ['exact']);
  const kept = await judge(
    compose,
    at(1, () => null),
  );
  assert.deepEqual(found(kept), ['violation', 'missing row_missing']);
});

test('a cascade changes a column that no update sets: the ledger has the stored row', async () => {
  const child: Row = ['c', 'a', '1'];
  const moved: Row = ['c', 'b', '1'];
  const compose = (run: HardRun) => {
    run.commit([{ table: 'items', operation: 'insert', rows: [child] }]);
    run.commit(
      [
        {
          table: 'items',
          operation: 'update',
          rows: [['c', '1']],
          columns: ['price'],
          stored: [moved],
        },
      ],
      [[moved.map(String)]],
    );
  };
  assert.deepEqual(found(await judge(compose)), ['exact']);
  const stale = await judge(compose, at(1, withValue(1, 'a')));
  assert.deepEqual(found(stale), ['violation', 'altered contents']);
});

test('identical rows without a key are counted', async () => {
  const compose = (run: HardRun) => {
    run.commit([audits('insert', LOGIN, LOGIN, LOGIN)]);
    run.commit([seen(LOGIN)], [[SEEN]]);
    run.commit([audits('delete', LOGIN, LOGIN)]);
    run.commit([signs(LATER)]);
  };
  assert.deepEqual(found(await judge(compose)), ['exact']);
  for (const lost of [0, 1, 2, 4, 5]) {
    const document = await judge(
      compose,
      at(lost, () => null),
    );
    assert.deepEqual(found(document), ['violation', 'missing row_missing'], `event ${lost}`);
    assert.equal(document.accounting.missing, 1);
  }
});

test('an identical row that was never sent is a phantom, not a replay', async () => {
  const compose = (run: HardRun) => {
    run.commit([audits('insert', LOGIN, LOGIN)]);
  };
  const document = await judge(compose, (events) => {
    const [first] = events;
    const extra = { ...first!.event, lsn: first!.event.lsn! + 50, order: 3 };
    return [...events, { event: extra }];
  });
  assert.deepEqual(found(document), ['violation', 'phantom row_not_sent']);
});

test('an update without a key shows what it must not change by the old row', async () => {
  const compose = (run: HardRun) => run.commit([seen(LOGIN)], [[SEEN]]);
  assert.deepEqual(found(await judge(compose)), ['exact']);
  const changed = await judge(compose, at(0, withValue(1, '')));
  assert.deepEqual(found(changed), ['violation', 'altered contents']);
  const unseen = await judge(compose, at(0, withValue(2, 'f')));
  assert.deepEqual(found(unseen), ['violation', 'altered contents']);
});

test('changes whose events lack the old row are counted, and doubted', async () => {
  const compose = (run: HardRun) => {
    run.commit([seen(LOGIN)], [[SEEN]]);
    run.commit([audits('delete', LOGIN, LOGIN), audits('insert', LOGIN)]);
  };
  const document = await judge(compose, (events) =>
    events.map((given) =>
      given.event.operation === 'insert' ? given : { ...given, keyless: true },
    ),
  );
  assert.equal(document.verdict, 'indeterminate');
  assert.deepEqual(document.doubts, { replica_identity: 3 });
  const one = await judge(compose, (events) => [{ ...events[0]!, keyless: true }]);
  assert.equal(one.doubts.replica_identity, 1);
});

/** The events as a pipeline with losses delivers them: values by place, and their losses. */
const cut =
  (values: RowValues, losses: HardEvent['losses'], place = 0) =>
  (events: readonly HardEvent[]) =>
    at(place, (given) => ({ ...given, event: { ...given.event, values }, losses: losses ?? {} }))(
      events,
    );

test('a value that a setting cannot carry is compared by its projection, which the document names', async () => {
  const compose = (run: HardRun) => run.commit([signs(sign('70.50', 'NaN'))]);
  const lossy = cut(['7', AT, '70.5', 'ok', null], { 2: 'double', 4: 'special' });
  const document = await judge(compose, lossy);
  assert.deepEqual(found(document), ['exact']);
  assert.deepEqual(document.projections, { double: 1, special: 1 });
  assert.deepEqual(parseDocument(JSON.stringify(document)), document);
  for (const language of LANGUAGES) {
    const text = verificationText(messagesIn(language), document);
    assert.match(text, /decimal\.handling\.mode\)\n.*NaN/);
  }
  const rounded = cut(['7', AT, '70.4', 'ok', null], { 2: 'double', 4: 'special' });
  assert.deepEqual(found(await judge(compose, rounded)), ['violation', 'altered contents']);
  const invented = cut(['7', AT, '70.5', 'ok', '36.5'], { 2: 'double' });
  assert.deepEqual(found(await judge(compose, invented)), ['violation', 'altered contents']);
});

test('without a loss, scale and NaN are compared as written', async () => {
  const compose = (run: HardRun) => run.commit([signs(sign('70.50', 'NaN'))]);
  assert.equal((await judge(compose)).projections, undefined);
  for (const values of [
    ['7', AT, '70.5', 'ok', 'NaN'],
    ['7', AT, '70.50', 'ok', null],
  ]) {
    assert.deepEqual(found(await judge(compose, cut(values, {}))), [
      'violation',
      'altered contents',
    ]);
  }
});

test('a column with a loss does not spare the columns of the other sum their digits', async () => {
  const compose = (run: HardRun) => run.commit([signs(sign('70.50', '36.50'))]);
  const document = await judge(compose, cut(['7', AT, '70.5', 'ok', '36.5'], { 2: 'double' }));
  assert.deepEqual(found(document), ['violation', 'altered contents']);
});

test('an update with a loss is compared by its projection, too', async () => {
  const compose = (run: HardRun) => {
    run.commit([signs(sign('70', '36.5'))]);
    run.commit([warmer('NaN')], [[['7', AT, '70', 'ok', 'NaN']]]);
  };
  const lossy = cut(['7', AT, '70', 'ok', null], { 4: 'special' }, 1);
  assert.deepEqual(found(await judge(compose, lossy)), ['exact']);
  const wrong = cut(['7', AT, '70', 'ok', '1'], { 4: 'special' }, 1);
  assert.deepEqual(found(await judge(compose, wrong)), ['violation', 'altered contents']);
});
