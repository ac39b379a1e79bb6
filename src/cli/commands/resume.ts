import { EXIT } from '../../errors.js';
import { removeSentinel } from '../../run/sentinel.js';
import type { Command } from './context.js';

/** `resume`: removes the sentinel file of `pause`. */
export const run: Command = async ({ messages, cwd, print }) => {
  const removed = await removeSentinel(cwd);
  const text = removed ? messages.pause.resumed() : messages.pause.notPaused();
  print({ json: { paused: false, changed: removed }, text: `${text}\n` });
  return EXIT.done;
};
