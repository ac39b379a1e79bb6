import { METRIC_FORMS } from '../report/metrics.js';
import { parseThreshold, type Threshold } from '../report/thresholds.js';
import type { Problem } from './problems.js';
import { type Kind, parsed, type Told } from './validators.js';

/** What an operator could write, for the sentence on what is allowed. */
const EXAMPLES = ['response.p99<250ms', 'rate_error<1%', 'slot.cdc.retained<2GB'] as const;

/** Thresholds separated by semicolons; empty means none. */
export const thresholds: Kind<readonly Threshold[]> = {
  schema: parsed((given) => {
    const read = split(given).map(parseThreshold);
    const understood = read.filter((part): part is Threshold => !('problem' in part));
    return understood.length === read.length ? understood : undefined;
  }),
  allowed: (messages) => messages.config.thresholdAllowed(EXAMPLES),
  problems: thresholdProblems,
};

/**
 * What is wrong with each of the thresholds that the kind did not take, in a sentence of its own:
 * that a metric is misspelt helps more than what all thresholds look like. Empty when all are well.
 */
export function thresholdProblems(where: Told, given: string): Problem[] {
  return split(given.trim()).flatMap((part) => {
    const read = parseThreshold(part);
    if (!('problem' in read)) return [];
    const text = part.trim();
    return (messages) => {
      const place = where(messages);
      switch (read.problem) {
        case 'form':
          return messages.config.thresholdForm(place, text);
        case 'metric':
          return messages.config.thresholdMetric(place, read.metric, read.nearest, METRIC_FORMS);
        case 'unit':
          return messages.config.thresholdUnit(place, text, read.metric, read.allowed);
      }
    };
  });
}

function split(given: string): string[] {
  return given === '' ? [] : given.split(';');
}
