import assert from 'node:assert/strict';
import test from 'node:test';
import { commandLine } from '../../../.github/action/inputs.js';
import '../../../src/messages/english.js';

const DATABASE_URL = 'postgresql://db.example.org/hospital';

test('the inputs of the action become options, and each threshold one of its own', () => {
  const argv = commandLine({
    DATABASE_URL,
    ACTION_PROFILE: 'smoke',
    ACTION_THRESHOLDS: '  response.p99 < 250ms\n\nrejected==0, abort\r\n',
    ACTION_ARGS: '--workers 4\n--note="nightly soak" --name \'it "is"\' $(date) `date`',
  });
  assert.deepEqual(argv, [
    'start',
    '--profile',
    'smoke',
    '--threshold',
    'response.p99 < 250ms',
    '--threshold',
    'rejected==0, abort',
    '--workers',
    '4',
    '--note=nightly soak',
    '--name',
    'it "is"',
    '$(date)',
    '`date`',
  ]);
  assert.deepEqual(commandLine({ DATABASE_URL }), ['start']);
});

test('an input that cannot be meant is refused', () => {
  assert.throws(() => commandLine({}), /database-url is empty/);
  assert.throws(() => commandLine({ DATABASE_URL: ' \n' }), /database-url is empty/);
  assert.throws(
    () => commandLine({ DATABASE_URL, ACTION_ARGS: '--note "nightly' }),
    /a quote that is not closed: --note "nightly/,
  );
});
