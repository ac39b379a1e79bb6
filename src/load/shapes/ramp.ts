import { parseRange, type Shape } from './shape.js';

/** From one rate to another, evenly; downwards too. */
export const ramp: Shape = {
  name: 'ramp',
  example: '100..2000',
  rates: 'range',
  segments(text, ms) {
    const range = parseRange(text);
    return range === undefined ? undefined : [{ ms, from: range.low, to: range.high }];
  },
};
