import { parseRate, type Shape } from './shape.js';

/** The same rate all along. */
export const constant: Shape = {
  name: 'constant',
  example: '500',
  rates: 'one',
  segments(text, ms) {
    const rate = parseRate(text);
    return rate === undefined ? undefined : [{ ms, from: rate, to: rate }];
  },
};
