import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Client } from 'pg';
import { requireAllVisible } from '../../database/row-security.js';
import { requireSchema } from '../../database/schema.js';
import { EXIT, type ExitCode } from '../../errors.js';
import { checkLedger, type LedgerCheck } from '../../ledger/check.js';
import { ledgerFiles, ledgerFolder } from '../../ledger/folder.js';
import type { OtherLedger } from '../../ledger/later-changes.js';
import type { LedgerTotals } from '../../ledger/totals.js';
import { unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import { identify } from '../../postgres/identity.js';
import { differencesText, ledgerText } from '../../report/ledger-text.js';
import { readRun } from '../../runs/record.js';
import { OPERATIONS } from '../../schemas/hospital/changes.js';
import { TABLE_NAMES } from '../../schemas/hospital/tables.js';
import type { Command, CommandContext } from './context.js';
import { findEndedLedger, type LedgerRun, requireOwnServer } from './ledger-run.js';
import { withServer } from './with-server.js';

/** `ledger check [RUN]`: holds the ledger of a run against the database that it wrote to. */
export const run: Command = (context) => {
  const found = findEndedLedger(context);
  return withServer(context, async (target) => {
    const check = await unlessAborted(context.interrupted, () =>
      withConnection(target, (client) => checkOn(client, found)),
    );
    const summaryAgrees = agreesWithSummary(found, check.totals);
    const exitCode = tell(context, check, summaryAgrees);
    const { messages: m } = context;
    const { totals, differences, changedSince } = check;
    context.print({
      json: {
        run: found.runId,
        ok: exitCode === EXIT.done,
        ...totals,
        summary_agrees: summaryAgrees,
        differences,
        changed_since: changedSince,
      },
      text: `${ledgerText(m, found.runId, totals)}${differencesText(m, check)}`,
    });
    return exitCode;
  });
};

async function checkOn(client: Client, run: LedgerRun): Promise<LedgerCheck> {
  const { runId, folder, ledger } = run;
  await requireSchema(client);
  await requireAllVisible(client);
  const { server: now } = await identify(client);
  return checkLedger(
    client,
    ledger,
    (header) => requireOwnServer(runId, header, now),
    (started) => otherLedgers(folder, started),
  );
}

/** The ledgers beside that of a run, without those that were last written before it began. */
function otherLedgers(folder: string, started: string | null): OtherLedger[] {
  const runs = dirname(folder);
  const since = started === null ? 0 : Date.parse(started);
  const isLater = (file: string) => statSync(file).mtimeMs >= since;
  return readdirSync(runs)
    .filter((run) => run !== basename(folder))
    .map((run) => ({ run, folder: ledgerFolder(join(runs, run)) }))
    .filter((other) => ledgerFiles(other.folder).some(isLater));
}

/**
 * Whether the run's summary tells of as many transactions and rows: a file of the ledger that is missing as a
 * whole leaves no other trace. Null: the run was killed, or its summary was not sure itself.
 */
function agreesWithSummary({ folder }: LedgerRun, totals: LedgerTotals): boolean | null {
  const { summary } = readRun(folder);
  if (summary === null || summary.transactions.in_doubt > 0) return null;
  return (
    summary.transactions.committed === totals.transactions.committed &&
    isDeepStrictEqual(summary.rows, totals.rows)
  );
}

/** Says whether ledger and database agree; the exit code that follows. */
function tell(
  { log, messages: m }: CommandContext,
  check: LedgerCheck,
  summaryAgrees: boolean | null,
): ExitCode {
  const { transactions, rows, problems } = check.totals;
  const differences = check.differences.count;
  const out = log.component('ledger');
  const { open, unknown, committed } = transactions;
  if (open + unknown > 0) out.warning(m.ledger.undecided({ open, unknown }));
  if (open > 0) out.warning(m.ledger.resolveHint());
  if (summaryAgrees === false) out.error(m.ledger.summaryDiffers());
  if (differences + problems.count > 0 || summaryAgrees === false) {
    out.error(m.ledger.notHeld({ differences, problems: problems.count }));
    return EXIT.notHeld;
  }
  const written = TABLE_NAMES.flatMap((table) => OPERATIONS.map((write) => rows[table][write]));
  const changes = written.reduce((sum, count) => sum + count, 0);
  const { changedSince } = check;
  if (changedSince.count > 0) out.info(m.ledger.changedSince(changedSince));
  out.info(m.ledger.held({ rows: changes, transactions: committed }));
  return EXIT.done;
}
