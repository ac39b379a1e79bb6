import { EXIT } from '../errors.js';
import { withConnection } from '../postgres/connect.js';
import { countRows, totalOf } from '../postgres/counts.js';
import { requireSchema } from '../postgres/scripts.js';
import { countsText } from '../report/text.js';
import { unlessAborted } from '../signals.js';
import type { Command } from './context.js';
import { withServer } from './with-server.js';

/** `counts`: rows per table. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    const tables = await unlessAborted(context.interrupted, () =>
      withConnection(target, async (client) => {
        await requireSchema(client);
        return countRows(client);
      }),
    );
    context.print({
      json: { tables, total: totalOf(tables) },
      text: countsText(context.messages, tables),
    });
    return EXIT.done;
  });
