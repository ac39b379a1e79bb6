import { UNITS, unitsOf } from '../lib/units.js';
import type { Measured } from '../messages/verdict.pt-BR.js';
import type { RunSummary, ThresholdResult } from '../runs/summary.js';
import { findMetric, type Metrics } from './metrics.js';

const COMPARISONS = {
  '<': (value: number, limit: number) => value < limit,
  '<=': (value: number, limit: number) => value <= limit,
  '>': (value: number, limit: number) => value > limit,
  '>=': (value: number, limit: number) => value >= limit,
  '==': (value: number, limit: number) => value === limit,
  '!=': (value: number, limit: number) => value !== limit,
} as const;
type Comparison = keyof typeof COMPARISONS;

/** A condition on a figure of a run. Plain data, so that it may cross to a thread. */
export interface Threshold {
  /** The operator's text, trimmed. */
  readonly text: string;
  /** The name of a metric that exists. */
  readonly metric: string;
  readonly comparison: Comparison;
  /** In the base unit of the metric's dimension: shares from 0 to 1, sizes in bytes. */
  readonly limit: number;
  /** Unit in the operator's text; empty where it has none. */
  readonly unit: string;
  /** End the run as soon as the condition does not hold. */
  readonly abort: boolean;
}

/** The reason why a text is not a threshold. */
export type ThresholdProblem =
  | { readonly problem: 'form' }
  | {
      readonly problem: 'metric';
      readonly metric: string;
      readonly nearest: string | undefined;
    }
  | {
      readonly problem: 'unit';
      readonly metric: string;
      /** Unit in the operator's text; empty where it has none. */
      readonly unit: string;
      /** Units that the metric takes; empty for a metric without units. */
      readonly allowed: readonly string[];
    };

/**
 * `<metric><op><number><unit>`, with blanks between the parts, and `, abort` after them. A metric may hold a table's
 * name in quotes. An `abort` without its comma must not match as a unit: the error would then be about units.
 */
const FORM =
  /^((?:"[^"]*"|[^\s<>=!,;])+)\s*([<>]=?|[=!]=)\s*(-?(?:\d+(?:\.\d*)?|\.\d+))\s*(?!abort)([a-z%µ]*)\s*(,\s*abort)?$/iu;

/** Decimal digits that every double holds exactly; with more, 0.07 s would be 70.00000000000001 ms. */
const SURE_DIGITS = 15;
/** Digits after the point that are enough for a program, unless the limit lies closer. */
const FEW_DECIMALS = 3;
/** Digits that are enough for a reader: 64.2 ms, 25,821 ms. */
const FEW_DIGITS = 3;

/**
 * Parses an operator's threshold; returns the problem if it is not one.
 *
 * @param metrics those that it may be about; null: those of any schema
 */
export function parseThreshold(
  given: string,
  metrics: Metrics | null,
): Threshold | ThresholdProblem {
  const text = given.trim();
  const [, name, comparison, amount, unit = '', abort] = FORM.exec(text) ?? [];
  if (name === undefined) return { problem: 'form' };
  const metric = metrics === null ? findMetric(name) : metrics.find(name);
  if (metric === undefined) {
    return { problem: 'metric', metric: name, nearest: metrics?.nearest(name) };
  }
  const factor = UNITS[metric.dimension].get(unit);
  if (factor === undefined) {
    return { problem: 'unit', metric: name, unit, allowed: unitsOf(metric.dimension) };
  }
  return {
    text,
    metric: name,
    // FORM matches no other.
    comparison: comparison as Comparison,
    limit: sure(Number(amount) * factor),
    unit,
    abort: abort !== undefined,
  };
}

/**
 * Compares a figure of a run, over or still under way, with a threshold. A figure that was not measured does not
 * hold it. The result has the figure in the unit of the threshold.
 */
export function judge(threshold: Threshold, summary: RunSummary): ThresholdResult {
  const metric = findMetric(threshold.metric);
  const measured = metric?.read(summary) ?? null;
  if (metric === undefined || measured === null) {
    return { threshold: threshold.text, held: false, value: null, aborted: false };
  }
  const holds = COMPARISONS[threshold.comparison];
  const held = holds(measured, threshold.limit);
  const factor = factorOf(threshold);
  const limit = sure(threshold.limit / factor);
  const value = shorten(
    measured / factor,
    decimals,
    (candidate) => holds(candidate, limit) === held,
  );
  return { threshold: threshold.text, held, value, aborted: false };
}

/** The first threshold that must end the run, by its figures so far; null when all of them hold. */
export function firstBroken(
  thresholds: readonly Threshold[],
  soFar: () => RunSummary,
): Threshold | null {
  const watched = thresholds.filter(({ abort }) => abort);
  if (watched.length === 0) return null;
  const summary = soFar();
  // A figure that was not measured yet may still hold its threshold.
  const breaks = (threshold: Threshold) => {
    const { held, value } = judge(threshold, summary);
    return !held && value !== null;
  };
  return watched.find(breaks) ?? null;
}

/** Marks the threshold that ended the run, also where the final figure would hold it. */
export function markAborted(summary: RunSummary, aborted: Threshold | null): RunSummary {
  if (aborted === null) return summary;
  return {
    ...summary,
    thresholds: summary.thresholds.map((result) =>
      result.threshold === aborted.text ? { ...result, held: false, aborted: true } : result,
    ),
  };
}

/** A threshold's figure and limit, for a sentence. */
export function measuredOf({ threshold, value }: ThresholdResult): Measured {
  const parsed = parseThreshold(threshold, null);
  if ('problem' in parsed) return { metric: threshold, bound: null, unit: '', value };
  const { metric, comparison, unit } = parsed;
  const limit = sure(parsed.limit / factorOf(parsed));
  const holds = (figure: number) => COMPARISONS[comparison](figure, limit);
  const shown =
    value === null
      ? null
      : shorten(value, significant, (candidate) => holds(candidate) === holds(value));
  return { metric, bound: { comparison, limit }, unit, value: shown };
}

/** The threshold's unit, as a multiple of the metric's base unit. */
function factorOf({ metric, unit }: Threshold): number {
  const found = findMetric(metric);
  return found === undefined ? 1 : (UNITS[found.dimension].get(unit) ?? 1);
}

/** Rounds off the error of a double. */
function sure(value: number): number {
  return Number(value.toPrecision(SURE_DIGITS));
}

/** Rounds a value, with more digits at each step. */
type Rounding = (value: number, step: number) => number;

const decimals: Rounding = (value, step) => Number(value.toFixed(FEW_DECIMALS + step));

const significant: Rounding = (value, step) => {
  const whole = Math.trunc(Math.abs(value)).toString().length;
  return Number(value.toPrecision(Math.min(Math.max(FEW_DIGITS, whole) + step, SURE_DIGITS)));
};

/** Rounds to few digits, but keeps the outcome: 250.0001 fails `<= 250`, so it must not be shown as 250. */
function shorten(value: number, round: Rounding, agrees: (candidate: number) => boolean): number {
  for (let step = 0; step < SURE_DIGITS; step++) {
    const candidate = round(value, step);
    if (agrees(candidate)) return candidate;
  }
  return value;
}
