import { findHiddenRows } from '../../database/row-security.js';
import { requireSchema } from '../../database/schema.js';
import { countRows, totalOf } from '../../database/table-counts.js';
import { EXIT } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import { countsText } from '../../report/text.js';
import type { Command } from './context.js';
import { withServer } from './with-server.js';

/** `counts`: rows per table, as far as the role sees them. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    const tables = await unlessAborted(context.interrupted, () =>
      withConnection(target, async (client) => {
        await requireSchema(client, context.schema);
        const hidden = await findHiddenRows(client, context.schema.tables);
        if (hidden !== null)
          context.log.component('db').warning(context.messages.db.rowsHidden(hidden));
        return countRows(client, context.schema.tables);
      }),
    );
    context.print({
      json: { tables, total: totalOf(tables) },
      text: countsText(context.messages, tables),
    });
    return EXIT.done;
  });
