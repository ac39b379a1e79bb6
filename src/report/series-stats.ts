import type { SeriesPoint, SlotState } from '../run/series.js';
import type { GeneratorFigures, SlotFigures } from '../runs/summary.js';

/** Memory settles while code is compiled and pools fill: growth is measured after so many seconds. */
const SETTLED_SECONDS = 60;
/** Seconds; a point that covers less is the rest of a second at the end of the run. */
const WHOLE_SECOND = 0.9;
/** Seconds in each of the two spans whose latency is compared. */
const COMPARED_SECONDS = 60;
/** Milliseconds; an idle worker that sends later has a thread that does not get to run. */
const LATE_MS = 50;
/** Share of the cores; above it the program may take processor time from a server on the same machine. */
const BUSY_SHARE = 0.9;

/** Figures of the series for the summary, gathered point by point: a run may have millions of points. */
export class SeriesStats {
  readonly #cores: number;
  readonly #slots = new Map<string, SlotFigures>();
  #rssPeak = 0;
  #rssFirst: number | null = null;
  #rssSettled: number | null = null;
  #rssLast: number | null = null;
  #filesSettled: number | null = null;
  #filesLast: number | null = null;
  /** Median responses, one a second, in ms: of the minute after settling, and of the last minute. */
  readonly #early: number[] = [];
  readonly #late: number[] = [];
  #cpuSeconds = 0;
  #seconds = 0;

  /** `cores`: the number that the program may use. */
  constructor(cores: number) {
    this.#cores = cores;
  }

  /** `ending`: the point was made while the run was ending. */
  add(point: SeriesPoint, ending = false): void {
    const settled = point.second >= SETTLED_SECONDS;
    this.#rssFirst ??= point.rss_bytes;
    // Threads and connections may be closed already while the run is ending, and so in the rest of a second.
    if (!ending && point.second - this.#seconds > WHOLE_SECOND) {
      if (settled) this.#rssSettled ??= point.rss_bytes;
      if (settled) this.#filesSettled ??= point.open_files;
      this.#rssLast = point.rss_bytes;
      this.#filesLast = point.open_files;
    }
    const { p50 } = point.response_ms;
    if (p50 !== null && settled) this.#noteResponse(p50);
    this.#rssPeak = Math.max(this.#rssPeak, point.rss_bytes);
    this.#cpuSeconds += point.cpu_cores * (point.second - this.#seconds);
    this.#seconds = point.second;
    for (const slot of point.slots ?? []) this.#note(slot);
  }

  /** `lateMs`: p99 of how late an idle worker sent a due batch; null without a schedule. */
  generator(lateMs: number | null): GeneratorFigures {
    const cpu = this.#seconds > 0 ? this.#cpuSeconds / this.#seconds : 0;
    const late = lateMs !== null && lateMs > LATE_MS;
    return {
      cpu_cores: Number(cpu.toFixed(3)),
      rss_peak_bytes: this.#rssPeak,
      rss_growth_bytes: this.#rssGrowth(),
      open_files_growth:
        this.#filesSettled === null || this.#filesLast === null
          ? null
          : this.#filesLast - this.#filesSettled,
      response_growth: this.#responseGrowth(),
      late_ms: lateMs,
      bottleneck: cpu > BUSY_SHARE * this.#cores ? 'cpu' : late ? 'event-loop' : null,
    };
  }

  /** 0 for a run of less than a second, which is too short to measure it. */
  #rssGrowth(): number {
    const from = this.#rssSettled ?? this.#rssFirst;
    return this.#rssLast === null || from === null ? 0 : this.#rssLast - from;
  }

  #noteResponse(ms: number): void {
    if (this.#early.length < COMPARED_SECONDS) {
      this.#early.push(ms);
      return;
    }
    this.#late.push(ms);
    if (this.#late.length > COMPARED_SECONDS) this.#late.shift();
  }

  #responseGrowth(): number | null {
    if (this.#late.length < COMPARED_SECONDS) return null;
    const growth = median(this.#late) / median(this.#early);
    return Number.isFinite(growth) ? Number(growth.toFixed(3)) : null;
  }

  /** The most WAL that each slot retained and lagged by, in bytes, by the slot's name. */
  slots(): Record<string, SlotFigures> {
    return Object.fromEntries(this.#slots);
  }

  #note({ name, retained_bytes, lag_bytes }: SlotState): void {
    const known = this.#slots.get(name);
    this.#slots.set(name, {
      retained_bytes: largest(known?.retained_bytes ?? null, retained_bytes),
      lag_bytes: largest(known?.lag_bytes ?? null, lag_bytes),
    });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function largest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.max(a, b);
}
