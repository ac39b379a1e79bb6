import { EXIT } from '../../errors.js';
import { createSentinel } from '../../run/sentinel.js';
import { liveRuns } from '../../runs/folder.js';
import type { Command } from './context.js';

/** `pause`: creates the sentinel file that pauses every `stream` of this folder. */
export const run: Command = async ({ settings, messages, cwd, print }) => {
  const created = await createSentinel(cwd);
  const runs = liveRuns(settings.logging.dir);
  const lines = [
    created ? messages.pause.paused({ runs }) : messages.pause.alreadyPaused(),
    ...(runs === 0 ? [messages.pause.nothingRunning()] : []),
  ];
  print({ json: { paused: true, changed: created, runs }, text: `${lines.join('\n')}\n` });
  return EXIT.done;
};
