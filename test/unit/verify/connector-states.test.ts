import assert from 'node:assert/strict';
import test from 'node:test';
import { LEDGER_VERSION } from '../../../src/ledger/format.js';
import { ConnectorStates } from '../../../src/verify/match/connector-states.js';
import { contentsOf } from '../../../src/verify/rows/fingerprint.js';
import { columnsOf, type ReceivedRow } from '../../helpers/received-row.js';
import { event } from './sample-event.js';

const PLENTY = 2 ** 20;

function fold(states: ConnectorStates, origin: string, change: ReceivedRow) {
  const contents = contentsOf(change, columnsOf(change), LEDGER_VERSION);
  return states.of(origin).fold({ ...change, origin }, contents);
}

const changed = () =>
  event(1, { operation: 'update', values: event(1).values?.with(2, 'urina') ?? null });

test("each connector's rows are its own, and the run's are kept once it is known", () => {
  const states = new ConnectorStates(PLENTY, 1);
  assert.equal(fold(states, 'b', changed()), null);
  assert.equal(fold(states, 'a', event(1)), null);
  states.settle('a');
  assert.equal(states.own.size, 1);
  assert.equal(fold(states, 'a', changed()), 'column_changed');
});

test('of a single connector that gave out nothing of the run, the rows are kept, too', () => {
  const states = new ConnectorStates(PLENTY, 1);
  fold(states, 'a', event(1));
  assert.equal(states.own.size, 1);
  fold(states, 'b', event(2));
  assert.equal(states.own.size, 0);
});
