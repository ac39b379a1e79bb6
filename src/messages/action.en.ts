import type { actionPtBR } from './action.pt-BR.js';

/** The GitHub action, in English. */
export const actionEn: typeof actionPtBR = {
  noDatabase: () =>
    'the input database-url is empty; set it from a secret, such as secrets.DATABASE_URL (a pull request from a fork gets no secrets)',
  openQuote: (e) => `the input args has a quote that is not closed: ${e.args}; close it`,
  verdict: (verdict) => ({ held: 'held', 'not-held': 'did not hold', failed: 'failed' })[verdict],
  ended: (e) => `the simulator ended with exit code ${e.exitCode}; see the log of the step`,
};
