import type { RunSummary } from '../runs/summary.js';
import { judge, type Threshold } from './thresholds.js';

/** The first threshold that is to end the run, as things stand; null when all hold. */
export function firstBroken(
  thresholds: readonly Threshold[],
  soFar: () => RunSummary,
): Threshold | null {
  const watched = thresholds.filter(({ abort }) => abort);
  if (watched.length === 0) return null;
  const summary = soFar();
  // What was not measured yet may still come to hold.
  const breaks = (threshold: Threshold) => {
    const { held, value } = judge(threshold, summary);
    return !held && value !== null;
  };
  return watched.find(breaks) ?? null;
}

/** Says of the threshold that ended the run that it did. */
export function markAborted(summary: RunSummary, aborted: Threshold | null): RunSummary {
  if (aborted === null) return summary;
  return {
    ...summary,
    thresholds: summary.thresholds.map((result) =>
      result.threshold === aborted.text ? { ...result, held: false, aborted: true } : result,
    ),
  };
}
