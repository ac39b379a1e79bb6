import { readdirSync } from 'node:fs';
import type { HazardName } from '../hazards/hazards.js';
import type { HazardTimes } from '../hazards/times.js';
import { monotonicMs } from '../lib/clock.js';
import { round } from '../lib/numbers.js';
import type { Control } from './control.js';
import type { LoadPlan } from './plan.js';
import type { SeriesPoint } from './series.js';
import type { ServerState, ServerWatch } from './server-watch.js';
import { type SummedStats, sumUp, type WorkerStats } from './worker-stats.js';

/** The resolution of the series. */
const SECOND_MS = 1_000;
/** Of an event: far below one, far above the rounding errors of added rates. */
const ROUNDING = 1e-6;
/** Linux lists the open files of a process here. */
const OPEN_FILES = '/proc/self/fd';

export interface SamplerParts {
  readonly control: Control;
  readonly workerStats: readonly WorkerStats[];
  /** How often each of the run's hazards happened so far. */
  readonly hazards: () => HazardTimes;
  readonly plan: LoadPlan;
  readonly watch: ServerWatch;
  /** Number of workers that have lost their connection, and not got another one. */
  readonly disconnected: () => number;
  /** `ending`: the run is over, and threads and connections may be closed already. */
  readonly onPoint: (point: SeriesPoint, ending: boolean) => void;
}

/** Figures that only grow, as of one moment. */
interface Sums extends SummedStats {
  readonly at: number;
  readonly due: number;
  readonly cpuMicros: number;
  readonly walBytes: number | null;
  readonly hazards: HazardTimes;
}

/** Makes a point of the series every second, of the changes since the point before. */
export class Sampler {
  readonly #parts: SamplerParts;
  #timer: NodeJS.Timeout | null = null;
  #started = 0;
  #last: Sums | null = null;
  #server: ServerState | null = null;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  /** Begins with the run's clock. */
  start(): void {
    this.#started = monotonicMs();
    this.#last = this.#sums();
    this.#await(1);
  }

  /** Makes the last point, of the rest of a second, where anything happened in it. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#last !== null) {
      const { events, due, shed, rejected, hazards } = this.#sums();
      const before = this.#last;
      const still =
        grownBy(hazards, before.hazards) === null &&
        events === before.events &&
        wholeEvents(due) === wholeEvents(before.due) &&
        shed === before.shed &&
        rejected === before.rejected;
      if (!still) this.#sample(true);
    }
    this.#last = null;
    this.#parts.watch.close();
  }

  /** Samples at the end of a second. Timers drift: each second is counted from the start. */
  #await(second: number): void {
    const waitMs = this.#started + second * SECOND_MS - monotonicMs();
    this.#timer = setTimeout(() => {
      this.#sample();
      void this.#look();
      // Rounded: a timer may fire a moment early.
      this.#await(Math.round((monotonicMs() - this.#started) / SECOND_MS) + 1);
    }, waitMs);
  }

  async #look(): Promise<void> {
    this.#server = await this.#parts.watch.look();
  }

  #sample(ending = false): void {
    const { control, plan, disconnected, onPoint } = this.#parts;
    const { curve, endMs } = plan;
    const before = this.#last;
    if (before === null) return;
    const now = this.#sums();
    this.#last = now;
    const elapsedMs = now.at - before.at;
    const active = control.active();
    const point: SeriesPoint = {
      at: new Date().toISOString(),
      second: round((now.at - this.#started) / 1000, 3),
      target: curve === null ? null : round(curve.rateAt(active), 3),
      offered: curve === null ? null : wholeEvents(now.due) - wholeEvents(before.due),
      committed: now.events - before.events,
      shed: now.shed - before.shed,
      rejected: now.rejected - before.rejected,
      response_ms: now.response.since(before.response).quantiles('p50', 'p99', 'max'),
      service_ms: now.service.since(before.service).quantiles('p50', 'p99', 'max'),
      reconnects: now.reconnects - before.reconnects,
      disconnected: disconnected(),
      paused: control.state === 'paused',
      rss_bytes: process.memoryUsage.rss(),
      cpu_cores: round((now.cpuMicros - before.cpuMicros) / 1000 / elapsedMs, 3),
      open_files: countOpenFiles(),
      wal_bytes:
        now.walBytes === null || before.walBytes === null
          ? null
          : round(((now.walBytes - before.walBytes) / elapsedMs) * 1000, 0),
      slots: this.#server?.slots ?? null,
    };
    const hazards = grownBy(now.hazards, before.hazards);
    const over = control.stopping || (endMs !== null && active > endMs);
    onPoint(hazards === null ? point : { ...point, hazards }, ending || over);
  }

  #sums(): Sums {
    const { control, workerStats, plan, hazards } = this.#parts;
    const { curve, endMs } = plan;
    const { user, system } = process.cpuUsage();
    return {
      at: monotonicMs(),
      due: curve?.eventsBy(Math.min(control.active(), endMs ?? Number.POSITIVE_INFINITY)) ?? 0,
      ...sumUp(workerStats),
      cpuMicros: user + system,
      walBytes: this.#server?.walBytes ?? null,
      hazards: hazards(),
    };
  }
}

/** How often hazards happened between two moments; null if none did. */
function grownBy(now: HazardTimes, before: HazardTimes): HazardTimes | null {
  const grown = Object.entries(now).flatMap(([name, times]): [string, number][] => {
    const more = times - (before[name as HazardName] ?? 0);
    return more === 0 ? [] : [[name, more]];
  });
  return grown.length === 0 ? null : Object.fromEntries(grown);
}

/** Whole events that are due; a rounding error does not make one late. */
function wholeEvents(due: number): number {
  return Math.floor(due + ROUNDING);
}

function countOpenFiles(): number | null {
  try {
    return readdirSync(OPEN_FILES).length;
  } catch {
    return null;
  }
}
