import { requireSchema } from '../../database/schema.js';
import { EXIT, type ExitCode } from '../../errors.js';
import { ledgerFiles } from '../../ledger/folder.js';
import { resolveLedger } from '../../ledger/resolve.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import type { Command } from './context.js';
import { findEndedLedger } from './ledger-run.js';
import { withServer } from './with-server.js';

/** `ledger resolve [RUN]`: finds out what became of the transactions that a killed run left open. */
export const run: Command = (context) => {
  const { runId, ledger } = findEndedLedger(context);
  return withServer(context, async (target): Promise<ExitCode> => {
    const { messages: m, log } = context;
    const verdicts = await unlessAborted(context.interrupted, () =>
      withConnection(target, async (client) => {
        await requireSchema(client);
        return resolveLedger(client, ledgerFiles(ledger));
      }),
    );
    const resolved = verdicts.committed + verdicts.aborted;
    if (verdicts.unknown > 0) {
      log.component('ledger').warning(m.ledger.stillUnknown({ unknown: verdicts.unknown }));
    }
    context.print({
      json: { run: runId, resolved, ...verdicts },
      text: `${m.ledger.resolved({ run: runId, ...verdicts })}\n`,
    });
    return verdicts.unknown > 0 ? EXIT.notHeld : EXIT.done;
  });
};
