import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { Progress } from '../../../../src/cli/progress/progress.js';
import type { ComponentLog } from '../../../../src/log/logger.js';
import type { ProgressForm } from '../../../../src/log/settings.js';
import type { StatusLine } from '../../../../src/log/status-line.js';

interface Shown {
  readonly drawn: string[];
  readonly written: string[];
  readonly info: string[];
  readonly hints: string[];
}

/** Shows progress on a terminal whose live line is free or not, while `body` lets time pass. */
function watch(
  form: ProgressForm,
  isFree: boolean,
  body: (progress: Progress, log: ComponentLog, pass: (ms: number) => void) => void,
): Shown {
  const shown: Shown = { drawn: [], written: [], info: [], hints: [] };
  const status: StatusLine = {
    live: true,
    colors: false,
    columns: 79,
    show: (text) => isFree && shown.drawn.push(text) > 0,
    clear: () => undefined,
    write: (chunk) => shown.written.push(chunk),
  };
  const log = {
    info: (line: string) => shown.info.push(line),
    hint: (line: string) => shown.hints.push(line),
  } as unknown as ComponentLog;
  mock.timers.enable({ apis: ['setInterval'] });
  try {
    body(new Progress({ form, status }), log, (ms) => mock.timers.tick(ms));
  } finally {
    mock.timers.reset();
  }
  return shown;
}

const look = (text: string) => () => ({ parts: [[{ text, worth: 0 }]], record: { text } });

test('progress is drawn where the live line is free, elsewhere written every few seconds', () => {
  const body: Parameters<typeof watch>[2] = (progress, log, pass) => {
    const end = progress.show(look('a'), log);
    pass(12_000);
    end();
    pass(10_000);
  };
  const free = watch('auto', true, body);
  assert.deepEqual([free.drawn.length, free.hints.length, free.info.length], [24, 0, 0]);
  const taken = watch('auto', false, body);
  assert.deepEqual([taken.drawn, taken.hints, taken.info], [[], ['a', 'a'], []]);
  const lines = watch('lines', true, body);
  assert.deepEqual([lines.drawn, lines.hints, lines.info], [[], [], ['a', 'a']]);
  const none = watch('none', true, body);
  assert.deepEqual(none, { drawn: [], written: [], info: [], hints: [] });
  const json = watch('json', true, body);
  assert.equal(json.written.length, 12);
  const { type, text } = JSON.parse(json.written[0] ?? '') as Record<string, unknown>;
  assert.deepEqual([type, text, json.written[0]?.at(-1)], ['progress', 'a', '\n']);
});

test('of several displays the first is drawn, and the next one after its end', () => {
  const { drawn } = watch('auto', true, (progress, log, pass) => {
    const endFirst = progress.show(look('first'), log);
    const endSecond = progress.show(look('second'), log);
    pass(500);
    endFirst();
    pass(500);
    endSecond();
    pass(500);
  });
  assert.deepEqual(drawn, ['first', 'second']);
});
