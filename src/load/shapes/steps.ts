import { parseRate, type Shape } from './shape.js';

/** One rate after the other, each for the same time: finds the rate that the server cannot keep up with. */
export const steps: Shape = {
  name: 'steps',
  example: '100,500,2000',
  rates: 'list',
  segments(text, ms) {
    const rates = text.split(',').map(parseRate);
    return rates.every((rate) => rate !== undefined)
      ? rates.map((rate) => ({ ms: ms / rates.length, from: rate, to: rate }))
      : undefined;
  },
};
