import assert from 'node:assert/strict';
import test from 'node:test';
import { type SeedFigures, SeedProgress } from '../../../../src/cli/progress/seed-progress.js';
import { displayWidth } from '../../../../src/lib/display-width.js';
import { layOut, layOutLine } from '../../../../src/log/live-line.js';
import { LANGUAGES, type Language, messagesIn } from '../../../../src/messages/index.js';

const COLUMNS = 79;
const NOTHING: SeedFigures = { rows: 0, of: 0, work: { done: 0, of: 0 }, indexes: null };

function watch(language: Language) {
  const moment = { now: 0, figures: NOTHING };
  const progress = new SeedProgress(
    messagesIn(language),
    () => moment.figures,
    () => moment.now,
  );
  return (now: number, figures: Omit<SeedFigures, 'work'> & Partial<SeedFigures>) => {
    moment.now = now;
    // Rows of the usual size.
    moment.figures = { work: { done: figures.rows, of: figures.of }, ...figures };
    return progress.view();
  };
}

test('a seed shows its share, its rate and the time that is left, first for rows, then for indexes', () => {
  const at = watch('en');
  const line = (now: number, figures: Parameters<typeof at>[1]) =>
    layOut(at(now, figures)?.parts ?? [], COLUMNS);
  assert.equal(at(0, NOTHING), null);
  assert.equal(
    line(2000, { rows: 0, of: 150_000, indexes: null }),
    '[░░░░░░░░░░░░░░░░░░░░]   0% · 0/150,000 rows',
  );
  assert.equal(
    line(4000, { rows: 100_000, of: 150_000, indexes: null }),
    '[█████████████░░░░░░░]  66% · 100,000/150,000 rows · 50,000/s · 0:01 left',
  );
  const parts = at(4000, { rows: 100_000, of: 150_000, indexes: null })?.parts ?? [];
  assert.equal(
    layOutLine(parts, Number.POSITIVE_INFINITY),
    '66% · 100,000/150,000 rows · 50,000/s · 0:01 left',
  );
  line(5000, { rows: 150_000, of: 150_000, indexes: { done: 0, of: 30 } });
  assert.equal(
    line(65_000, { rows: 150_000, of: 150_000, indexes: { done: 12, of: 30 } }),
    '[████████░░░░░░░░░░░░]  40% · building indexes and keys, 12 of 30 · 1:30 left',
  );
  assert.deepEqual(at(65_000, { rows: 0, of: 9, indexes: { done: 12, of: 30 } })?.record, {
    phase: 'seed',
    step: 'indexes',
    done: 12,
    of: 30,
    percent: 40,
    rate: null,
    elapsed_seconds: 65,
    left_seconds: 90,
  });
});

test('the rate of a seed is that since it was first seen', () => {
  const at = watch('en');
  const line = (now: number, rows: number) =>
    layOut(at(now, { rows, of: 40_000, indexes: null })?.parts ?? [], COLUMNS);
  assert.equal(line(500, 10_000), '[█████░░░░░░░░░░░░░░░]  25% · 10,000/40,000 rows');
  assert.equal(
    line(1500, 20_000),
    '[██████████░░░░░░░░░░]  50% · 20,000/40,000 rows · 10,000/s · 0:02 left',
  );
});

test('where rows cost more than others, their work makes the percentage and the time left', () => {
  const at = watch('en');
  // 9,000 rows of 10,000 cost as much as the last 1,000, and nothing is known of that at first.
  const of = 10_000;
  assert.equal(at(0, { rows: 0, of, work: { done: 0, of: 0 }, indexes: null })?.record.percent, 0);
  for (const [now, rows, done, percent, left] of [
    [1000, 4_500, 4_500, 25, 3],
    [2000, 9_000, 9_000, 50, 2],
    [3000, 9_500, 13_500, 75, 1],
    [4000, 10_000, 18_000, 100, 0],
  ] as const) {
    const view = at(now, { rows, of, work: { done, of: 18_000 }, indexes: null });
    assert.deepEqual(
      [view?.record.done, view?.record.of, view?.record.percent, view?.record.left_seconds],
      [rows, of, percent, left],
    );
    assert.equal(view?.record.rate, Math.round((rows / now) * 1000));
  }
});

test('the live line of a seed fits 80 columns in both languages', () => {
  for (const language of LANGUAGES) {
    const at = watch(language);
    const of = 900_000_000;
    at(0, { rows: 0, of, indexes: null });
    for (const indexes of [null, { done: 9, of: 30 }]) {
      at(1, { rows: 1, of, indexes: indexes && { ...indexes, done: 0 } });
      const view = at(9_999_000, { rows: of - 1, of, indexes });
      const line = layOut(view?.parts ?? [], COLUMNS);
      assert.ok(displayWidth(line) <= COLUMNS, line);
      assert.match(line, /^(\[.*\] +)?\d+%.* (left|faltam .*)$/);
    }
  }
});
