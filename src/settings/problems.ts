import type { Sentence } from '../errors.js';
import { findHazardProblem } from '../hazards/hazard-problem.js';
import { parseHazard, splitHazards } from '../hazards/parse.js';
import { findStageProblem } from '../load/stage-problem.js';
import { parseStage } from '../load/stages.js';
import { guessThreshold } from '../report/guess-threshold.js';
import type { Metrics } from '../report/metrics.js';
import { parseThreshold } from '../report/thresholds.js';
import { findSourceProblem } from '../sources/source-problem.js';

/*
 * Sentences on values with a grammar of their own: they name the part that is wrong, and the text that the operator
 * may have meant.
 */

/** Splits a list of stages or thresholds. An empty part is a mistake: a variable that a script did not set. */
export function splitParts(given: string): string[] {
  return given.trim() === '' ? [] : given.split(';');
}

/** A sentence on each stage that is wrong; empty when each is right. */
export function stageProblems(where: Sentence, given: string): Sentence[] {
  return splitParts(given)
    .filter((part) => parseStage(part) === undefined)
    .map((part) => {
      if (part.trim() === '') return emptyPart(where, ';');
      const problem = findStageProblem(part);
      return (messages) => messages.settings.stage(where(messages), problem);
    });
}

/**
 * A sentence on each threshold that is wrong: a misspelt metric is worth more than a description of all
 * thresholds. Empty when each is right.
 */
export function thresholdProblems(where: Sentence, given: string, metrics: Metrics): Sentence[] {
  return splitParts(given).flatMap((part, i, parts) => {
    const read = parseThreshold(part, metrics);
    if (!('problem' in read)) return [];
    const text = part.trim();
    if (text === '') return emptyPart(where, ';');
    // `response.p99<250ms; abort`
    const meant = guessThreshold(text === 'abort' ? `${parts[i - 1]}, abort` : text, metrics);
    return (messages) => {
      const place = where(messages);
      switch (read.problem) {
        case 'form':
          return messages.settings.thresholdForm(place, text, meant);
        case 'metric':
          return messages.settings.thresholdMetric(place, read.metric, meant ?? read.nearest);
        case 'unit':
          return messages.settings.thresholdUnit(place, text, read.metric, read.allowed, meant);
      }
    };
  });
}

/** A sentence on each hazard that is wrong; empty when each is right. */
export function hazardProblems(where: Sentence, given: string): Sentence[] {
  return splitHazards(given)
    .filter((part) => parseHazard(part) === undefined)
    .map((part) => {
      if (part.trim() === '') return emptyPart(where, ',');
      const problem = findHazardProblem(part);
      return (messages) => messages.settings.hazard(where(messages), problem);
    });
}

function emptyPart(where: Sentence, separator: ';' | ','): Sentence {
  return (messages) => messages.settings.emptyPart(where(messages), separator);
}

/** A sentence on the name of a source that is wrong. */
export function sourceProblems(where: Sentence, given: string): Sentence[] {
  const problem = findSourceProblem(given);
  return [(messages) => messages.settings.source(where(messages), given.trim(), problem)];
}
