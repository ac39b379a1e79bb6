import { openEmbedded } from '../../embedded/server.js';
import { EXIT, OperatorError } from '../../errors.js';
import { onAbort } from '../../lib/signals.js';
import type { Command } from './context.js';

/** `db`: keeps the embedded server up in the foreground, and prints its URL. */
export const run: Command = async (context) => {
  const { settings, messages, log } = context;
  if (settings.server !== null) {
    throw new OperatorError(EXIT.usage, (m) => m.server.notEmbedded());
  }
  const out = log.component('db');
  const server = await openEmbedded({ ...settings.embedded, db: settings.db }, (event) =>
    out.info(messages.db.embedded(event)),
  );
  try {
    context.print({ json: { url: server.url }, text: `${server.url}\n` });
    out.info(messages.server.stopHint());
    await new Promise<void>((resolve) => {
      // Waiting for a signal alone does not keep the process alive.
      const alive = setInterval(() => undefined, 2 ** 30);
      onAbort(context.interrupted, () => {
        clearInterval(alive);
        resolve();
      });
    });
  } finally {
    await server.release();
  }
  return EXIT.done;
};
