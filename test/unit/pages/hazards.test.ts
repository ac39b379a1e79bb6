import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { HAZARD_NAMES } from '../../../src/hazards/hazards.js';
import { packageRoot } from '../../../src/lib/package-root.js';
import { readHistories } from '../../fixtures/histories/files.js';
import { hazardsPage } from '../../fixtures/histories/page.js';
import { HISTORIES } from '../../fixtures/histories/scenario.js';

test('the page of hazards is that of the recordings: npm run pages', () => {
  const page = readFileSync(join(packageRoot(), 'src/hazards/README.md'), 'utf8');
  const recorded = { pgoutput: readHistories('pgoutput'), debezium: readHistories('debezium') };
  assert.deepEqual(page.split('\n'), hazardsPage(recorded).split('\n'));
});

test('every hazard has a history, in their order', () => {
  assert.deepEqual(
    HISTORIES.map(({ hazard }) => hazard),
    HAZARD_NAMES,
  );
});
