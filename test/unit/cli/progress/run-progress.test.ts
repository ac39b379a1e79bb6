import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { OutageState } from '../../../../src/cli/progress/outage.js';
import { RecentWindow } from '../../../../src/cli/progress/recent-window.js';
import { runView } from '../../../../src/cli/progress/run-progress.js';
import { displayWidth } from '../../../../src/lib/display-width.js';
import { Histogram } from '../../../../src/lib/histogram.js';
import { packageRoot } from '../../../../src/lib/package-root.js';
import { parseStage, type Stage, stageAt } from '../../../../src/load/stages.js';
import { layOut } from '../../../../src/log/live-line.js';
import { LANGUAGES, type Language, messagesIn } from '../../../../src/messages/index.js';
import type { LiveFigures } from '../../../../src/run/engine.js';
import type { HazardReport } from '../../../../src/run/protocol.js';
import { failure } from '../../../helpers/failure.js';

const COLUMNS = 79;

const STAGES: readonly Stage[] = ['ramp:100..2000/60s', 'burst:200..2000,2s,10s/5m'].map((text) => {
  const stage = parseStage(text);
  assert.ok(stage !== undefined);
  return stage;
});

const CALM: LiveFigures = {
  activeMs: 75_000,
  remainingMs: null,
  state: 'running',
  targetRate: null,
  events: 12_340,
  rejected: 0,
  reconnects: 0,
  due: null,
  response: new Histogram(),
  hazards: {},
};
const BUSY: LiveFigures = {
  ...CALM,
  activeMs: 3_675_000,
  remainingMs: 225_000,
  targetRate: 10_000,
  events: 36_123_456,
  rejected: 12_340,
  reconnects: 15,
  due: 3400,
};
const LOST: OutageState = {
  sinceMs: 4200,
  workers: 5,
  affected: 5,
  attempt: 2,
  waitMs: 1500,
  nextMs: 1230,
  failure: failure('ECONNREFUSED', 'connect ECONNREFUSED'),
};

const HUGE: HazardReport = {
  kind: 'hazard',
  name: 'huge',
  atMs: 74_000,
  lengthMs: 2400,
  rows: 100_000,
  lsn: null,
  detail: null,
};

interface Moment {
  readonly figures: LiveFigures;
  readonly stages?: readonly Stage[];
  readonly outage?: OutageState;
  readonly hazard?: HazardReport;
}

function viewOf({ figures, stages = [], outage, hazard }: Moment, language: Language) {
  const parts = {
    runId: '20261129-101500-a1b2',
    messages: messagesIn(language),
    workers: 5,
    attempts: 5,
    stages,
    outage: () => outage ?? null,
    cause: () => 'nothing listens at localhost:5432 (ECONNREFUSED)',
    hazard: () => hazard ?? null,
  };
  return runView(parts, figures, { rate: 9874, p99Ms: 12.34 });
}

const MOMENTS: readonly [Moment, en: string, pt: string][] = [
  [
    { figures: CALM },
    '▶ 1:15 · 9,874 events/s · p99 12.3 ms · 0 rejected · 12,340 events',
    '▶ 1:15 · 9.874 eventos/s · p99 12,3 ms · 0 rejeitados · 12.340 eventos',
  ],
  [
    { figures: BUSY, stages: STAGES },
    '▶ · 9,874/10,000 ev/s · p99 12.3 ms · 12,340 rej. · 15 reconnects · stage 2/2',
    '▶ · 9.874/10.000 ev/s · p99 12,3 ms · 12.340 rej. · 15 reconexões · etapa 2/2',
  ],
  [
    { figures: { ...CALM, state: 'paused' } },
    '⏸ paused 1:15 · 9,874 events/s · p99 12.3 ms · 0 rejected · 12,340 events',
    '⏸ pausado 1:15 · 9.874 eventos/s · p99 12,3 ms · 0 rejeitados · 12.340 eventos',
  ],
  [{ figures: { ...CALM, state: 'waiting', activeMs: 0 } }, '▷ connecting', '▷ conectando'],
  [
    { figures: BUSY, outage: LOST },
    '↻ server lost 4 s ago · attempt 2/5 in 1.2 s · 3,400 events due · 3:45 left',
    '↻ sem servidor há 4 s · tentativa 2/5 em 1,2 s · 3.400 eventos devidos',
  ],
  [
    { figures: CALM, outage: { ...LOST, workers: 2, nextMs: 0 } },
    '▶ 1:15 · 9,874 ev/s · p99 12.3 ms · 0 rejected · 2 of 5 workers reconnecting',
    '▶ 1:15 · 9.874 ev/s · p99 12,3 ms · 0 rejeitados · 2 de 5 workers reconectando',
  ],
  [
    { figures: { ...CALM, state: 'stopping' }, outage: LOST },
    '■ stopping · 9,874 ev/s · p99 12.3 ms · 0 rej. · 5 of 5 workers reconnecting',
    '■ parando · 9.874 ev/s · p99 12,3 ms · 0 rej. · 5 de 5 workers reconectando',
  ],
  [
    { figures: { ...CALM, remainingMs: 225_000 }, hazard: HUGE },
    '▶ 1:15 · 9,874 events/s · p99 12.3 ms · 0 rejected · ⚑ huge · 3:45 left',
    '▶ 1:15 · 9.874 eventos/s · p99 12,3 ms · 0 rejeitados · ⚑ huge · faltam 3:45',
  ],
];

test('the live line of a run fits 80 columns in both languages, and says first what matters', () => {
  for (const [moment, ...lines] of MOMENTS) {
    for (const [i, language] of (['en', 'pt-BR'] as const).entries()) {
      const line = layOut(viewOf(moment, language).parts, COLUMNS);
      assert.equal(line, lines[i]);
      assert.ok(displayWidth(line) <= COLUMNS, line);
    }
  }
});

test('the live line of a run fits a terminal of any width from 22 columns on', () => {
  for (const [moment] of MOMENTS) {
    for (const language of LANGUAGES) {
      const { parts } = viewOf(moment, language);
      for (let columns = 22; columns < 120; columns++) {
        const line = layOut(parts, columns);
        assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
      }
    }
  }
});

test('the JSON of a run has the same members at every moment, and the pages name them', () => {
  const { record } = viewOf({ figures: BUSY, stages: STAGES, outage: LOST }, 'en');
  assert.deepEqual(record, {
    phase: 'stream',
    run_id: '20261129-101500-a1b2',
    state: 'reconnecting',
    elapsed_seconds: 3675,
    left_seconds: 225,
    rate: 9874,
    target_rate: 10_000,
    events: 36_123_456,
    due_unsent: 3400,
    p99_ms: 12.34,
    rejected: 12_340,
    reconnects: 15,
    stage: { number: 2, of: 2, text: 'burst:200..2000,2s,10s/5m' },
    outage: {
      seconds: 4.2,
      workers: 5,
      cause: 'nothing listens at localhost:5432 (ECONNREFUSED)',
      attempt: 2,
      attempts: 5,
      next_seconds: 1.2,
    },
  });
  const hazards = { rollback: 7, ddl: 0 };
  const risky = viewOf({ figures: { ...CALM, hazards } }, 'en').record;
  assert.deepEqual(risky.hazards, hazards);
  const calm = viewOf({ figures: CALM }, 'en').record;
  assert.deepEqual(Object.keys(calm), Object.keys(record));
  assert.deepEqual(
    [calm.state, calm.left_seconds, calm.stage, calm.outage],
    ['running', null, null, null],
  );
  const { stage, outage } = record;
  const members = [record, stage, outage].flatMap((part) => Object.keys(part ?? {}));
  for (const page of ['README.md', 'README.pt-BR.md']) {
    const text = readFileSync(join(packageRoot(), 'src', 'cli', page), 'utf8');
    const [, row = ''] = /^\| `stream` \| (`run_id`.*)$/m.exec(text) ?? [];
    for (const member of members) {
      if (member !== 'phase') assert.ok(row.includes(`\`${member}\``), `${page}: ${member}`);
    }
  }
});

test('rate and p99 are those of the last five seconds, without the time that it took to connect', () => {
  const window = new RecentWindow();
  const response = new Histogram();
  const CONNECTED = 4000;
  const sample = (activeMs: number, events: number) => {
    const copy = new Histogram();
    copy.add(response);
    return window.add(CONNECTED + activeMs, { activeMs, events, response: copy });
  };
  const connecting = { activeMs: 0, events: 0, response };
  assert.deepEqual(window.add(0, connecting), { rate: 0, p99Ms: null });
  response.record(900, 100);
  assert.deepEqual(sample(500, 100).rate, 200);
  assert.ok((sample(1000, 200).p99Ms ?? 0) >= 900);
  response.record(10, 100);
  for (let atMs = 1500; atMs <= 6500; atMs += 500) sample(atMs, 200 + (atMs - 1000) / 10);
  const { rate, p99Ms } = sample(7000, 800);
  assert.equal(rate, 100);
  assert.equal(p99Ms, null);
});

test('the stage of a moment is the one that it falls into', () => {
  assert.equal(stageAt([], 0), null);
  const numbers = [0, 59_999, 60_000, 359_999, 999_999].map((ms) => stageAt(STAGES, ms)?.number);
  assert.deepEqual(numbers, [1, 1, 2, 2, 2]);
});
