import { UNITS } from '../lib/units.js';
import type { RunSummary, ThresholdResult } from '../runs/summary.js';
import { findMetric, nearestMetric } from './metrics.js';

const COMPARISONS = {
  '<': (value: number, limit: number) => value < limit,
  '<=': (value: number, limit: number) => value <= limit,
  '>': (value: number, limit: number) => value > limit,
  '>=': (value: number, limit: number) => value >= limit,
  '==': (value: number, limit: number) => value === limit,
  '!=': (value: number, limit: number) => value !== limit,
} as const;
export type Comparison = keyof typeof COMPARISONS;

/** What a figure of a run is held against. Plain data, so that it may cross to a thread. */
export interface Threshold {
  /** As it was given, without blanks around it. */
  readonly text: string;
  /** The name of a metric that exists. */
  readonly metric: string;
  readonly comparison: Comparison;
  /** In the unit of the metric's dimension: shares from 0 to 1, sizes in bytes. */
  readonly limit: number;
  /** As it was written; empty where the metric has none. */
  readonly unit: string;
  /** Whether the run ends as soon as it does not hold. */
  readonly abort: boolean;
}

/** Why a text is not a threshold. */
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
      /** As it was written; empty when there was none. */
      readonly unit: string;
      /** Those that the metric takes; empty when it takes none. */
      readonly allowed: readonly string[];
    };

/**
 * `<metric><op><number><unit>`, blanks between the parts, and `, abort` after them. An `abort` that
 * lacks its comma is not taken for a unit, or the complaint would be about units.
 */
const FORM =
  /^([^\s<>=!,;]+)\s*([<>]=?|[=!]=)\s*(-?(?:\d+(?:\.\d*)?|\.\d+))\s*(?!abort)([a-z%µ]*)\s*(,\s*abort)?$/iu;

/** Digits that a double holds whatever they are; beyond them, 0.07 s would be 70.00000000000001 ms. */
const SURE_DIGITS = 15;
/** Digits after the point that tell a reader enough, unless the limit lies closer. */
const FEW_DECIMALS = 3;

/** A threshold from what an operator wrote, or what is wrong with it. */
export function parseThreshold(given: string): Threshold | ThresholdProblem {
  const text = given.trim();
  const [, name, comparison, amount, unit = '', abort] = FORM.exec(text) ?? [];
  if (name === undefined) return { problem: 'form' };
  const metric = findMetric(name);
  if (metric === undefined) {
    return { problem: 'metric', metric: name, nearest: nearestMetric(name) };
  }
  const units = UNITS[metric.dimension];
  const factor = units.get(unit);
  if (factor === undefined) {
    const allowed = [...units.keys()].filter((known) => known !== '');
    return { problem: 'unit', metric: name, unit, allowed };
  }
  return {
    text,
    metric: name,
    // The form lets no other through.
    comparison: comparison as Comparison,
    limit: sure(Number(amount) * factor),
    unit,
    abort: abort !== undefined,
  };
}

/**
 * Holds a threshold against the figures of a run, whether over or still under way. It does not hold
 * where nothing was measured: what nobody saw can't be claimed.
 */
export function judge(threshold: Threshold, summary: RunSummary): ThresholdResult {
  const metric = findMetric(threshold.metric);
  const measured = metric?.read(summary) ?? null;
  if (metric === undefined || measured === null) {
    return { threshold: threshold.text, held: false, value: null, aborted: false };
  }
  const holds = COMPARISONS[threshold.comparison];
  const held = holds(measured, threshold.limit);
  const factor = UNITS[metric.dimension].get(threshold.unit) ?? 1;
  const limit = sure(threshold.limit / factor);
  const value = shorten(measured / factor, (candidate) => holds(candidate, limit) === held);
  return { threshold: threshold.text, held, value, aborted: false };
}

/** The unit that a threshold was written in, from its text; empty where it has none. */
export function unitOf(text: string): string {
  const parsed = parseThreshold(text);
  return 'problem' in parsed ? '' : parsed.unit;
}

function sure(value: number): number {
  return Number(value.toPrecision(SURE_DIGITS));
}

/** Few decimals, but enough not to belie the outcome: 250.0001 is not below 250, and 250 neither. */
function shorten(value: number, agrees: (candidate: number) => boolean): number {
  for (let decimals = FEW_DECIMALS; decimals <= SURE_DIGITS; decimals++) {
    const candidate = Number(value.toFixed(decimals));
    if (agrees(candidate)) return candidate;
  }
  return value;
}
