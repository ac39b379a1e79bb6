import assert from 'node:assert/strict';
import test from 'node:test';
import type { Change } from '../../../src/ledger/writer.js';
import type { Row } from '../../../src/schema/table.js';
import { type Projection, type RowValues, TextColumns } from '../../../src/sources/source.js';
import { printersOf } from '../../../src/verify/rows/fingerprint.js';
import { RowTracker } from '../../../src/verify/rows/tracker.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { columnsOf, type ReceivedRow } from '../../helpers/received-row.js';
import { HARD_SCHEMA, type HardEvent, type HardRun, judge } from './hard-run.js';
import { event } from './sample-event.js';

/** Places of the columns of `notes`: updates set the state; body and file may be stored out of line. */
const PATIENT = 1;
const WEIGHT = 2;
const BODY = 3;
const FILE = 4;

const NOTE: Row = [1, 7, '70.50', 'a long text', '\\x00ff', 'open'];
const SIGNED = NOTE.with(5, 'signed');

const inserted: Change = { table: 'notes', operation: 'insert', rows: [NOTE] };
/** The ledger has the whole row. */
const signed: Change = {
  table: 'notes',
  operation: 'update',
  rows: [[1, 'signed']],
  columns: ['state'],
  stored: [SIGNED],
};

/** A run whose only change is an update. */
const update = (run: HardRun) => run.commit([signed], [[SIGNED.map(textOf)]]);
/** The same after the insert, and the ledger has only the state that the update set. */
const plainUpdate = (run: HardRun) => {
  run.commit([inserted]);
  const { stored: _, ...plain } = signed;
  run.commit([plain], [[SIGNED.map(textOf)]]);
};

function textOf(value: Row[number]): string | null {
  return value === null ? null : String(value);
}

/** Changes the values of an event; those that are undefined are unchanged TOAST, but the `withheld`. */
function altered(
  given: ReceivedRow,
  changes: Readonly<Record<number, string | null | undefined>>,
  withheld: readonly number[] = [],
): ReceivedRow {
  const values = (given.values ?? []).map((value, i) => (i in changes ? changes[i] : value));
  const unchanged = [...values.keys()].filter(
    (place) => values[place] === undefined && !withheld.includes(place),
  );
  return { ...given, values, unchanged };
}

/** The verdict if the last event of a run is altered. */
async function verdictOn(
  compose: (run: HardRun) => void,
  changes: Readonly<Record<number, string | null | undefined>>,
  {
    withheld = [],
    losses = {},
  }: { withheld?: readonly number[]; losses?: HardEvent['losses'] } = {},
): Promise<VerificationDocument> {
  return await judge(compose, (events) => {
    const last = events.at(-1)!;
    return events.with(-1, { event: altered(last.event, changes, withheld), losses: losses ?? {} });
  });
}

const found = ({ verdict, examples, doubts }: VerificationDocument) => [
  verdict,
  ...new Set(examples.map(({ violation, detail }) => `${violation} ${detail}`)),
  ...Object.keys(doubts),
];
const ALTERED = ['violation', 'altered contents'];
const lacking = (...places: number[]) =>
  Object.fromEntries(places.map((place) => [place, undefined]));

test('an update that lacks unchanged TOAST is faithful', async () => {
  for (const places of [[BODY], [FILE], [BODY, FILE]]) {
    assert.deepEqual(found(await verdictOn(update, lacking(...places))), ['exact']);
  }
});

test('its other columns are compared', async () => {
  for (const file of ['\\x00', '\\x', '', null]) {
    assert.deepEqual(found(await verdictOn(update, { [BODY]: undefined, [FILE]: file })), ALTERED);
  }
  for (const changes of [
    { [FILE]: undefined, [BODY]: 'a long' },
    { [BODY]: undefined, [FILE]: undefined, [PATIENT]: '8' },
    { [BODY]: undefined, [WEIGHT]: '70.5' },
    { [BODY]: undefined, 5: 'open' },
  ]) {
    assert.deepEqual(found(await verdictOn(update, changes)), ALTERED);
  }
});

test('a null in the place of unchanged TOAST is altered', async () => {
  assert.deepEqual(found(await verdictOn(update, { [FILE]: null })), ALTERED);
  assert.deepEqual(found(await verdictOn(update, { [FILE]: undefined, [BODY]: null })), [
    'violation',
    'altered null_in_not_null',
  ]);
});

test('a column that is missing for another reason is doubted, also beside unchanged TOAST', async () => {
  for (const [changes, withheld] of [
    [lacking(BODY), [BODY]],
    [lacking(BODY, FILE), [FILE]],
    [lacking(BODY, PATIENT), [PATIENT]],
  ] as const) {
    const document = await verdictOn(update, changes, { withheld });
    assert.deepEqual(found(document), ['indeterminate', 'contents_not_told']);
    assert.equal(document.doubts.contents_not_told, 1);
  }
});

test('an insert has every value: one that lacks some is doubted', async () => {
  const insert = (run: HardRun) => run.commit([inserted]);
  const document = await verdictOn(insert, lacking(BODY));
  assert.deepEqual(found(document), ['indeterminate', 'contents_not_told']);
});

test('a loss of another column leaves the rest to be compared by its projection', async () => {
  const losses: Record<number, Projection> = { [WEIGHT]: 'double' };
  const cut = { [BODY]: undefined, [WEIGHT]: '70.5' };
  const document = await verdictOn(update, cut, { losses });
  assert.deepEqual(found(document), ['exact']);
  assert.deepEqual(document.projections, { double: 1 });
  for (const changes of [
    { ...cut, [WEIGHT]: '70.4' },
    { ...cut, [FILE]: null },
  ]) {
    assert.deepEqual(found(await verdictOn(update, changes, { losses })), ALTERED);
  }
});

test('an update of which the ledger has no hash is compared with the event before it', async () => {
  assert.deepEqual(found(await verdictOn(plainUpdate, lacking(BODY))), ['exact']);
  const cut = { [BODY]: undefined, [FILE]: '\\x00' };
  assert.deepEqual(found(await verdictOn(plainUpdate, cut)), [
    'violation',
    'inconsistent column_changed',
  ]);
});

test('an event that lacks unchanged TOAST is recognized when it is repeated', async () => {
  const repeated = await judge(update, ([first]) => {
    const event = altered(first!.event, lacking(BODY));
    return [{ event }, { event }];
  });
  assert.deepEqual(found(repeated), ['duplicates']);
  const differing = await judge(update, ([first]) => [
    { event: altered(first!.event, lacking(BODY)) },
    { event: altered(first!.event, { [BODY]: undefined, [FILE]: null }) },
  ]);
  assert.deepEqual(found(differing), ['violation', 'altered replay_differs']);
});

const { tables } = HARD_SCHEMA;
const PRINTER = printersOf(tables, 3).get('notes')!;
/** Bytes: enough for all rows of a test. */
const PLENTY = 2 ** 20;

/** Follows a note of the tables through events, and compares it with a row in the table: null if it is unknown. */
function carriedTo(row: RowValues, events: readonly ReceivedRow[]): boolean | null {
  const tracker = new RowTracker(tables, PLENTY, 1);
  for (const each of events) tracker.fold(each, PRINTER.print(each, columnsOf(each)));
  const [state] = tracker;
  if (state === undefined || state.row === null) return null;
  return state.row === PRINTER.hashOf(new TextColumns(row), state);
}

const noteEvent = (operation: ReceivedRow['operation'], values: RowValues) =>
  event(1, { table: 'notes', operation, values });

test('the tracker carries unchanged TOAST from event to event', () => {
  const [first, second] = [NOTE.map(textOf), SIGNED.map(textOf)];
  for (const operation of ['insert', 'update', 'snapshot'] as const) {
    const whole = noteEvent(operation, first);
    const lacks = (...places: number[]) => altered(noteEvent('update', second), lacking(...places));
    assert.equal(carriedTo(second, [whole, lacks(BODY), lacks(BODY, FILE), lacks(FILE)]), true);
  }
});

test('it carries each column by itself: another writer may change the others', () => {
  const whole = noteEvent('insert', NOTE.map(textOf));
  const later = SIGNED.with(FILE, '\\x').with(PATIENT, 8).map(textOf);
  const changed = altered(noteEvent('update', later), lacking(BODY));
  const unchanged = altered(noteEvent('update', later), lacking(FILE, BODY));
  assert.equal(carriedTo(later, [whole, changed, unchanged]), true);
  assert.equal(carriedTo(SIGNED.map(textOf), [whole, changed, unchanged]), false);
});

test('without an earlier value a row is not compared', () => {
  const row = SIGNED.map(textOf);
  const lacks = altered(noteEvent('update', row), lacking(BODY));
  const withheld = altered(noteEvent('update', row), lacking(BODY), [BODY]);
  const insert = noteEvent('insert', row);
  assert.equal(carriedTo(row, [lacks]), null);
  assert.equal(carriedTo(row, [insert, withheld]), null);
  assert.equal(carriedTo(row, [insert, withheld, lacks]), null);
  const gone = { ...insert, operation: 'delete' as const, values: null };
  assert.equal(carriedTo(row, [insert, gone, lacks]), null);
});

test('a tracker with such rows keeps those of other tables apart', () => {
  const tracker = new RowTracker(tables, PLENTY, 1);
  for (let key = 1; key <= 5_000; key++) {
    const of = event(key, {
      table: 'notes',
      values: NOTE.with(0, key).with(BODY, `text ${key}`).map(textOf),
    });
    tracker.fold(of, PRINTER.print(of, columnsOf(of)));
  }
  for (let key = 1; key <= 5_000; key++) {
    const row = SIGNED.with(0, key).map(textOf);
    const of = altered(
      event(key, { table: 'notes', operation: 'update', values: row }),
      lacking(BODY),
    );
    assert.equal(tracker.fold(of, PRINTER.print(of, columnsOf(of))), null);
  }
  for (const state of tracker) {
    const row = SIGNED.with(BODY, `text ${state.key}`).map(textOf);
    assert.equal(state.row, PRINTER.hashOf(new TextColumns(row), state));
  }
});
