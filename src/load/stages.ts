import { parseSpan } from '../lib/span.js';
import type { Segment } from './curve.js';
import { SHAPES } from './shapes/index.js';

/** A part of a run in which the rate follows one shape. */
export interface Stage {
  /** As an operator writes it: `ramp:100..2000/60s`. */
  readonly text: string;
  readonly seconds: number;
  readonly segments: readonly Segment[];
}

/** An example of a stage of each shape. */
export const STAGE_EXAMPLES: readonly string[] = SHAPES.map(
  ({ name, example }) => `${name}:${example}/60s`,
);

/** A stage from `<shape>:<rates>/<length>`; undefined when the text is not understood. */
export function parseStage(text: string): Stage | undefined {
  const [, name = '', rates = '', length = ''] = /^\s*(\w+):(.*)\/([^/]+?)\s*$/.exec(text) ?? [];
  const shape = SHAPES.find((candidate) => candidate.name === name.toLowerCase());
  const seconds = parseSpan(length);
  if (shape === undefined || seconds === undefined || seconds === 0) return undefined;
  const segments = shape.segments(rates, seconds * 1000);
  return segments === undefined ? undefined : { text: text.trim(), seconds, segments };
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
