import { listHazards } from '../../hazards/times.js';
import { round } from '../../lib/numbers.js';
import { type Stage, stageAt } from '../../load/stages.js';
import type { LiveForm, LivePart } from '../../log/live-line.js';
import type { Messages } from '../../messages/index.js';
import type { LiveFigures } from '../../run/engine.js';
import type { HazardReport } from '../../run/protocol.js';
import { clockText } from './clock-text.js';
import type { OutageState } from './outage.js';
import type { ProgressView } from './progress.js';
import type { RecentFigures } from './recent-window.js';

/** The worth of each form of the live line, from the one that is given up first. */
const WORTH = {
  events: 0,
  stageRates: 1,
  hazardWords: 1,
  rateWords: 2,
  reconnectingWords: 2,
  elapsed: 3,
  hazard: 3,
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
  /** Null: every worker is connected. */
  readonly outage: () => OutageState | null;
  /** The cause of an outage, in words. */
  readonly cause: (state: OutageState) => string;
  /** The last timed hazard; null: none happened just now. */
  readonly hazard: () => HazardReport | null;
}

/** The moment of a run, to be shown. */
export function runView(
  parts: RunProgressParts,
  figures: LiveFigures,
  recent: RecentFigures,
): ProgressView {
  const outage = parts.outage();
  return {
    parts: liveParts(parts, figures, recent, outage),
    record: recordOf(parts, figures, recent, outage),
  };
}

/** Whether no worker has a connection, while the run is to go on. */
function isLost(
  { workers }: RunProgressParts,
  { state }: LiveFigures,
  outage: OutageState,
): boolean {
  return outage.workers === workers && state === 'running';
}

function liveParts(
  parts: RunProgressParts,
  figures: LiveFigures,
  recent: RecentFigures,
  outage: OutageState | null,
): LivePart[] {
  const { messages, stages } = parts;
  const m = messages.stream.live;
  const { state, activeMs, remainingMs, events } = figures;
  const partlyLost =
    outage === null
      ? []
      : [part(m.partlyLost({ workers: outage.workers, of: parts.workers }), WORTH.attempt)];
  if (state === 'waiting') return [part(m.states[state](), WORTH.state), ...partlyLost];
  return [
    ...(outage !== null && isLost(parts, figures, outage)
      ? lostParts(parts, figures, outage)
      : [...loadParts(messages, figures, recent), ...partlyLost]),
    ...stageParts(messages, stages, activeMs),
    ...hazardParts(parts),
    ...(remainingMs === null ? [] : [part(m.left(clockText(remainingMs)), WORTH.left)]),
    part(m.events(events), WORTH.events),
  ];
}

function lostParts(
  { messages, attempts }: RunProgressParts,
  { due }: LiveFigures,
  { sinceMs, attempt, nextMs }: OutageState,
): LivePart[] {
  const m = messages.stream.live;
  const next = { attempt, of: attempts, seconds: nextMs / 1000 };
  return [
    part(m.lost(sinceMs / 1000), WORTH.state),
    [
      { text: m.reconnecting(next), worth: WORTH.reconnectingWords },
      { text: m.attempt(next), worth: WORTH.attempt },
    ],
    ...(due === null ? [] : [part(m.due(due), WORTH.due)]),
  ];
}

function loadParts(
  messages: Messages,
  { state, activeMs, remainingMs, targetRate, rejected, reconnects }: LiveFigures,
  { rate, p99Ms }: RecentFigures,
): LivePart[] {
  const m = messages.stream.live;
  const rates = { rate, target: targetRate === null ? null : Math.round(targetRate) };
  return [
    [
      {
        text: `${m.states[state]()} ${clockText(activeMs)}`,
        worth: remainingMs === null ? WORTH.left : WORTH.elapsed,
      },
      { text: m.states[state](), worth: WORTH.state },
    ],
    [
      { text: m.rate(rates), worth: WORTH.rateWords },
      { text: m.shortRate(rates), worth: WORTH.rate },
    ],
    part(m.p99(p99Ms), WORTH.p99),
    [
      { text: m.rejected(rejected), worth: WORTH.rejectedWords },
      { text: m.shortRejected(rejected), worth: WORTH.rejected },
    ],
    ...(reconnects === 0 ? [] : [part(m.reconnects(reconnects), WORTH.reconnects)]),
  ];
}

function hazardParts({ messages, hazard }: RunProgressParts): LivePart[] {
  const m = messages.stream.live;
  const report = hazard();
  if (report === null) return [];
  const { name, rows, detail } = report;
  const change = detail?.change ?? null;
  return [
    [
      { text: m.hazard({ name, change, rows }), worth: WORTH.hazardWords },
      { text: m.shortHazard(name), worth: WORTH.hazard },
    ],
  ];
}

function part(text: string, worth: number): readonly [LiveForm] {
  return [{ text, worth }];
}

function stageParts(m: Messages, stages: readonly Stage[], activeMs: number): LivePart[] {
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

function recordOf(
  parts: RunProgressParts,
  figures: LiveFigures,
  { rate, p99Ms }: RecentFigures,
  outage: OutageState | null,
): Record<string, unknown> {
  const { runId, stages, attempts, cause } = parts;
  const { state, activeMs, remainingMs, targetRate, events, rejected, reconnects, due } = figures;
  const at = stageAt(stages, activeMs);
  return {
    phase: 'stream',
    run_id: runId,
    state: outage !== null && isLost(parts, figures, outage) ? 'reconnecting' : state,
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
    ...(listHazards(figures.hazards).length === 0 ? {} : { hazards: figures.hazards }),
  };
}

function seconds(ms: number): number {
  return round(ms / 1000, 1);
}
