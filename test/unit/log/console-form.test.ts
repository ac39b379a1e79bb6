import assert from 'node:assert/strict';
import test from 'node:test';
import { type ConsoleForm, consoleForm } from '../../../src/log/console-form.js';

const TERMINAL = {
  live: true,
  verbose: false,
  levelIsExplicit: false,
  format: 'text',
  progress: 'auto',
} as const;

test('the console is short on a terminal, unless the operator asked for more or for JSON', () => {
  const cases: readonly [Partial<Parameters<typeof consoleForm>[0]>, ConsoleForm][] = [
    [{}, 'short'],
    [{ progress: 'lines' }, 'short'],
    [{ progress: 'none' }, 'short'],
    [{ verbose: true }, 'full'],
    [{ levelIsExplicit: true }, 'full'],
    [{ format: 'json' }, 'json'],
    [{ progress: 'json' }, 'json'],
    [{ live: false }, 'full'],
    [{ live: false, verbose: true }, 'full'],
    [{ live: false, progress: 'json' }, 'json'],
    [{ live: false, format: 'json' }, 'json'],
  ];
  for (const [more, form] of cases) {
    assert.equal(consoleForm({ ...TERMINAL, ...more }), form, JSON.stringify(more));
  }
});
