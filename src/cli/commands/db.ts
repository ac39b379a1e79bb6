import { type EmbeddedServer, openEmbedded } from '../../embedded/server.js';
import { EXIT, OperatorError } from '../../errors.js';
import { onAbort } from '../../lib/signals.js';
import type { Command } from './context.js';

/** A server that was killed is noticed within this time. */
const LOOK_MS = 1_000;

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
    await untilEnd(server, context.interrupted);
  } finally {
    await server.release();
  }
  return EXIT.done;
};

/** Waits for a signal. Throws an `OperatorError` if the server ends before. */
function untilEnd(server: EmbeddedServer, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const looking = setInterval(() => {
      if (server.isUp()) return;
      clearInterval(looking);
      reject(new OperatorError(EXIT.unreachable, (m) => m.server.gone(server)));
    }, LOOK_MS);
    onAbort(interrupted, () => {
      clearInterval(looking);
      resolve();
    });
  });
}
