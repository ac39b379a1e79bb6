import type { Messages } from '../messages/index.js';
import type { ThresholdResult } from '../runs/summary.js';
import { unitOf } from './thresholds.js';

/** One line on what came of a threshold, as an operator reads it. */
export function thresholdText(m: Messages, result: ThresholdResult): string {
  const { threshold, value, held, aborted } = result;
  const measured =
    value === null ? m.thresholds.nothing() : m.thresholds.measured(value, unitOf(threshold));
  return held
    ? m.thresholds.held({ threshold, measured })
    : m.thresholds.notHeld({ threshold, measured, aborted });
}
