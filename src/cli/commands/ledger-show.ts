import { EXIT } from '../../errors.js';
import { readLedger } from '../../ledger/totals.js';
import { ledgerText } from '../../report/ledger-text.js';
import type { Command } from './context.js';
import { findLedger } from './ledger-run.js';

/** `ledger show [RUN]`: what the ledger of a run comes to. */
export const run: Command = async (context) => {
  const { runId, ledger } = findLedger(context);
  const totals = await readLedger(ledger);
  context.print({
    json: { run: runId, ledger, ...totals },
    text: ledgerText(context.messages, runId, totals),
  });
  return EXIT.done;
};
