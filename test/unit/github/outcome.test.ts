import assert from 'node:assert/strict';
import test from 'node:test';
import { errorAnnotation, outcomeMarkdown, reasonOf } from '../../../.github/action/outcome.js';
import { messagesIn } from '../../../src/messages/index.js';

const m = messagesIn('en');

test('the reason is the verdict, or the last error of the log, or what was written before there was a log', () => {
  const verdict = 'Did not hold: rejected 1, expected 0\nDid not hold: in_doubt 2, expected 0';
  const result = `\u001b[31m${verdict}\u001b[39m\n\n  figures\n`;
  const log = [
    '2026-11-29 10:00:00,000 ERROR oltp.simulator [stream] - the first error',
    '2026-11-29 10:00:01,000 ERROR oltp.simulator [start] - the last error',
    '2026-11-29 10:00:02,000 INFO oltp.simulator [stream] - goodbye',
    '  a line of no form',
    '',
  ].join('\n');
  assert.equal(reasonOf(m, { exitCode: 5, result, log }), verdict);
  assert.equal(reasonOf(m, { exitCode: 0, result, log }), null);
  assert.equal(reasonOf(m, { exitCode: 3, result: '', log }), 'the last error');
  assert.equal(reasonOf(m, { exitCode: 2, result: '', log: 'wrong:\n--rate\n' }), 'wrong:\n--rate');
  assert.match(reasonOf(m, { exitCode: 1, result: '', log: '' }) ?? '', /exit code 1/);
});

test('the page of the job shows the result as the program printed it, without colours, or else the reason', () => {
  const result = '\u001b[32mHeld: 1 of 1\u001b[39m\n\n```\n';
  assert.equal(
    outcomeMarkdown(m, { exitCode: 0, result, log: '' }),
    '## oltp-simulator: held\n\n`````text\nHeld: 1 of 1\n\n```\n`````\n',
  );
  assert.equal(
    outcomeMarkdown(m, { exitCode: 3, result: '', log: 'no server' }),
    '## oltp-simulator: failed\n\n`````text\nno server\n`````\n',
  );
});

test('an annotation stays one line, and cannot begin another command', () => {
  assert.equal(
    errorAnnotation('100% lost\n::stop-commands::x'),
    '::error title=oltp-simulator::100%25 lost%0A::stop-commands::x',
  );
});
