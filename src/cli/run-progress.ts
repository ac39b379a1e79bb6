import { Histogram } from '../lib/histogram.js';
import { round } from '../lib/numbers.js';
import type { Stage } from '../load/stages.js';
import type { LiveForm, LivePart } from '../log/live-line.js';
import type { Messages } from '../messages/index.js';
import type { LiveFigures } from '../run/engine.js';
import { clockText } from './clock-text.js';
import type { OutageState } from './outage.js';
import type { ProgressView } from './progress.js';

/** Rate and p99 are those of so many last milliseconds: short enough to follow the load, long enough to be steady. */
const RECENT_MS = 5_000;

/** The worth of each form of the live line, from the one that is given up first. */
const WORTH = {
  events: 0,
  stageRates: 1,
  rateWords: 2,
  reconnectingWords: 2,
  elapsed: 3,
  rejectedWords: 4,
  stageShape: 4,
  left: 5,
  stage: 6,
  reconnects: 7,
  rejected: 8,
  p99: 9,
  due: 9,
  rate: 10,
  attempt: 10,
  state: 11,
} as const;

export interface RunProgressParts {
  readonly runId: string;
  readonly messages: Messages;
  readonly workers: number;
  /** Attempts to reconnect before the run gives up; null: for ever. */
  readonly attempts: number | null;
  readonly stages: readonly Stage[];
  readonly sample: () => LiveFigures;
  /** Null: every worker is connected. */
  readonly outage: () => OutageState | null;
  /** The cause of an outage, in words. */
  readonly cause: (state: OutageState) => string;
}

/** The figures of the last seconds. */
export interface RecentFigures {
  /** Committed events a second. */
  readonly rate: number;
  /** 99th percentile of the response latency in milliseconds; null: no batch was answered. */
  readonly p99Ms: number | null;
}

/** Rate and latency of the last seconds, from samples of figures that only grow. */
export class RecentWindow {
  readonly #samples: { atMs: number; events: number; response: Histogram }[] = [];

  /**
   * Takes a sample at a moment, in milliseconds; returns the figures of the `RECENT_MS` until then. `activeMs`: for how
   * long the run has sent batches; the time until it was connected does not count.
   */
  add(
    atMs: number,
    { activeMs, events, response }: Pick<LiveFigures, 'activeMs' | 'events' | 'response'>,
  ): RecentFigures {
    const samples = this.#samples;
    if (activeMs === 0) return { rate: 0, p99Ms: null };
    if (samples.length === 0) {
      samples.push({ atMs: atMs - activeMs, events: 0, response: new Histogram() });
    }
    samples.push({ atMs, events, response });
    // The one before the window stays: the window begins with it.
    while ((samples[1]?.atMs ?? atMs) <= atMs - RECENT_MS) samples.shift();
    const first = samples[0];
    if (first === undefined || first.atMs === atMs) {
      return { rate: 0, p99Ms: response.quantile(0.99) };
    }
    return {
      rate: Math.round(((events - first.events) / (atMs - first.atMs)) * 1000),
      p99Ms: response.since(first.response).quantile(0.99),
    };
  }
}

/** The moment of a run, to be shown. */
export function runView(parts: RunProgressParts, recent: RecentFigures): ProgressView {
  const figures = parts.sample();
  const outage = parts.outage();
  return {
    parts: liveParts(parts, figures, recent, outage),
    record: recordOf(parts, figures, recent, outage),
  };
}

function liveParts(
  { messages, attempts, stages, workers }: RunProgressParts,
  figures: LiveFigures,
  { rate, p99Ms }: RecentFigures,
  outage: OutageState | null,
): LivePart[] {
  const m = messages.stream.live;
  const { state, activeMs, remainingMs, targetRate, events, rejected, reconnects, due } = figures;
  const left = remainingMs === null ? [] : [part(m.left(clockText(remainingMs)), WORTH.left)];
  const total = part(m.events(events), WORTH.events);
  const stage = stagePart(messages, stages, activeMs);
  if (outage !== null && outage.workers === workers && state === 'running') {
    const attempt = { attempt: outage.attempt, of: attempts, seconds: outage.nextMs / 1000 };
    return [
      part(m.lost(outage.sinceMs / 1000), WORTH.state),
      [
        { text: m.reconnecting(attempt), worth: WORTH.reconnectingWords },
        { text: m.attempt(attempt), worth: WORTH.attempt },
      ],
      ...(due === null ? [] : [part(m.due(due), WORTH.due)]),
      ...stage,
      ...left,
      total,
    ];
  }
  const partlyLost =
    outage === null
      ? []
      : [part(m.partlyLost({ workers: outage.workers, of: workers }), WORTH.attempt)];
  if (state === 'waiting') return [part(m.states[state](), WORTH.state), ...partlyLost];
  const target = targetRate === null ? null : Math.round(targetRate);
  return [
    [
      {
        text: `${m.states[state]()} ${clockText(activeMs)}`,
        worth: remainingMs === null ? WORTH.left : WORTH.elapsed,
      },
      { text: m.states[state](), worth: WORTH.state },
    ],
    [
      { text: m.rate({ rate, target }), worth: WORTH.rateWords },
      { text: m.shortRate({ rate, target }), worth: WORTH.rate },
    ],
    part(m.p99(p99Ms), WORTH.p99),
    [
      { text: m.rejected(rejected), worth: WORTH.rejectedWords },
      { text: m.shortRejected(rejected), worth: WORTH.rejected },
    ],
    ...(outage === null && reconnects > 0
      ? [part(m.reconnects(reconnects), WORTH.reconnects)]
      : partlyLost),
    ...stage,
    ...left,
    total,
  ];
}

function part(text: string, worth: number): readonly [LiveForm] {
  return [{ text, worth }];
}

function stagePart(m: Messages, stages: readonly Stage[], activeMs: number): LivePart[] {
  const at = stageAt(stages, activeMs);
  if (at === null) return [];
  const { number, of, stage } = at;
  const [shape = ''] = stage.text.split(':');
  return [
    [
      { text: m.stream.live.stage({ number, of, shape: stage.text }), worth: WORTH.stageRates },
      { text: m.stream.live.stage({ number, of, shape }), worth: WORTH.stageShape },
      { text: m.stream.live.stage({ number, of, shape: null }), worth: WORTH.stage },
    ],
  ];
}

interface StageAt {
  /** Counts from 1. */
  readonly number: number;
  readonly of: number;
  readonly stage: Stage;
}

/** The stage at a moment, or the last one after the end; null: there are no stages. */
export function stageAt(stages: readonly Stage[], activeMs: number): StageAt | null {
  let endMs = 0;
  for (const [i, stage] of stages.entries()) {
    endMs += stage.seconds * 1000;
    if (activeMs < endMs || i === stages.length - 1) {
      return { number: i + 1, of: stages.length, stage };
    }
  }
  return null;
}

function recordOf(
  { runId, stages, workers, attempts, cause }: RunProgressParts,
  figures: LiveFigures,
  { rate, p99Ms }: RecentFigures,
  outage: OutageState | null,
): Record<string, unknown> {
  const { state, activeMs, remainingMs, targetRate, events, rejected, reconnects, due } = figures;
  const at = stageAt(stages, activeMs);
  const isLost = outage !== null && outage.workers === workers && state === 'running';
  return {
    phase: 'stream',
    run_id: runId,
    state: isLost ? 'reconnecting' : state,
    elapsed_seconds: seconds(activeMs),
    left_seconds: remainingMs === null ? null : seconds(remainingMs),
    rate,
    target_rate: targetRate === null ? null : round(targetRate, 3),
    events,
    due_unsent: due,
    p99_ms: p99Ms,
    rejected,
    reconnects,
    stage: at === null ? null : { number: at.number, of: at.of, text: at.stage.text },
    outage:
      outage === null
        ? null
        : {
            seconds: seconds(outage.sinceMs),
            workers: outage.workers,
            cause: cause(outage),
            attempt: outage.attempt,
            attempts,
            next_seconds: seconds(outage.nextMs),
          },
  };
}

function seconds(ms: number): number {
  return round(ms / 1000, 1);
}
