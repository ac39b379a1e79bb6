import assert from 'node:assert/strict';
import test from 'node:test';
import { errorAnnotation, outcomeMarkdown, reasonOf } from '../../../.github/action/outcome.js';
import { messagesIn } from '../../../src/messages/index.js';

const m = messagesIn('en');

test('a run that ended without a document is explained by the last error of its log', () => {
  const log = [
    '2026-11-29 10:00:00,000 ERROR oltp.simulator [stream] - the first error',
    '2026-11-29 10:00:01,000 ERROR oltp.simulator [db] - the *last* error',
    '2026-11-29 10:00:02,000 INFO oltp.simulator [stream] - goodbye',
    '',
  ].join('\n');
  assert.equal(reasonOf(m, { exitCode: 3, document: null, log }), 'the *last* error');
  assert.equal(
    outcomeMarkdown(m, { exitCode: 3, document: null, log }),
    '## oltp-simulator: failed\n\nthe \\*last\\* error\n',
  );
  const silent = { exitCode: 137, document: null, log: '' };
  assert.match(reasonOf(m, silent) ?? '', /exit code 137/);
});

test('an annotation stays one line, and cannot begin another command', () => {
  assert.equal(
    errorAnnotation('100% lost\n::stop-commands::x'),
    '::error title=oltp-simulator::100%25 lost%0A::stop-commands::x',
  );
});
