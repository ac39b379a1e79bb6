import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Client } from 'pg';
import { requireAllVisible } from '../../database/row-security.js';
import { requireSchema } from '../../database/schema.js';
import { EXIT, type ExitCode, OperatorError } from '../../errors.js';
import { checkLedger, type LedgerCheck } from '../../ledger/check.js';
import { countsAgree } from '../../ledger/counts-agree.js';
import { ledgerFiles, ledgerFolder } from '../../ledger/folder.js';
import type { LedgerHeader } from '../../ledger/format.js';
import type { OtherLedger } from '../../ledger/later-changes.js';
import type { RecordedSchema } from '../../ledger/recorded-schema.js';
import { resolveLedger } from '../../ledger/resolve.js';
import { type LedgerTotals, readLedger } from '../../ledger/totals.js';
import { unlessAborted } from '../../lib/signals.js';
import type { Messages } from '../../messages/index.js';
import { withConnection } from '../../postgres/connect.js';
import { compareServers, identify, type ServerIdentity } from '../../postgres/identity.js';
import { differencesText, ledgerText } from '../../report/ledger-text.js';
import { verdictLine } from '../../report/text.js';
import { isUnderWay } from '../../runs/folder.js';
import { findRun, readRun } from '../../runs/record.js';
import type { Tables } from '../../schema/tables.js';
import { runAction } from './actions.js';
import type { Command, CommandContext } from './context.js';
import { schemaOfLedger } from './ledger-schema.js';
import { withServer } from './with-server.js';

/** `ledger ACTION [RUN]`. */
export const run: Command = runAction('ledger', { show, resolve, check });

/** `ledger show [RUN]`: prints the totals of a run's ledger. */
async function show(context: CommandContext): Promise<ExitCode> {
  const { runId, ledger } = findLedger(context);
  const totals = await readLedger(schemaOfLedger(ledger).tables, ledger);
  context.print({
    json: { run: runId, ledger, ...totals },
    text: ledgerText(context.messages, runId, totals),
  });
  return EXIT.done;
}

/** `ledger resolve [RUN]`: asks the server for the fate of the transactions that a killed run left open. */
async function resolve(context: CommandContext): Promise<ExitCode> {
  const { runId, ledger } = findEndedLedger(context);
  const schema = schemaOfLedger(ledger);
  return withServer(context, async (target): Promise<ExitCode> => {
    const { messages: m, log } = context;
    const { verdicts, finished, refused } = await unlessAborted(context.interrupted, () =>
      withConnection(target, async (client) => {
        await requireSchema(client, schema);
        return resolveLedger(schema.tables, client, ledger);
      }),
    );
    const resolved = verdicts.committed + verdicts.aborted;
    if (verdicts.unknown > refused.length) {
      log.component('ledger').warning(m.ledger.stillUnknown({ unknown: verdicts.unknown }));
    }
    for (const each of refused) log.component('ledger').warning(m.ledger.preparedRefused(each));
    const sentences = [
      m.ledger.resolved({ run: runId, ...verdicts }),
      ...(finished > 0 ? [m.ledger.preparedFinished({ count: finished })] : []),
    ];
    context.print({
      json: { run: runId, resolved, ...verdicts, ...(finished > 0 ? { finished } : {}) },
      text: sentences.map((sentence) => `${sentence}\n`).join(''),
    });
    return verdicts.unknown + refused.length > 0 ? EXIT.notHeld : EXIT.done;
  });
}

/** `ledger check [RUN]`: compares the ledger of a run with the database that the run wrote to. */
async function check(context: CommandContext): Promise<ExitCode> {
  const found = findEndedLedger(context);
  const schema = schemaOfLedger(found.ledger);
  return withServer(context, async (target) => {
    const compared = await unlessAborted(context.interrupted, () =>
      withConnection(target, (client) => checkOn(client, schema, found)),
    );
    const summaryAgrees = agreesWithSummary(found, schema.tables, compared.totals);
    const exitCode = logAgreement(context, compared, summaryAgrees);
    const { messages: m, paint } = context;
    const { totals, differences, changedSince, unchecked, prepared } = compared;
    const agree = exitCode === EXIT.done;
    context.print({
      json: {
        run: found.runId,
        ok: agree,
        ...totals,
        summary_agrees: summaryAgrees,
        differences,
        changed_since: changedSince,
        ...(unchecked.length > 0 ? { unchecked } : {}),
        ...(prepared.length > 0 ? { prepared } : {}),
      },
      verdict: verdictLine(paint, agree ? 'good' : 'bad', agreementSentence(m, compared, agree)),
      text: `${ledgerText(m, found.runId, totals)}${differencesText(m, compared)}`,
    });
    return exitCode;
  });
}

async function checkOn(
  client: Client,
  schema: RecordedSchema,
  { runId, folder, ledger }: LedgerRun,
): Promise<LedgerCheck> {
  await requireSchema(client, schema);
  await requireAllVisible(client, schema.tables);
  const { server: now } = await identify(client);
  return checkLedger(
    schema.tables,
    client,
    ledger,
    (header) => requireOwnServer(runId, header, now),
    (started) => otherLedgers(folder, started),
  );
}

/** The ledgers of other runs, except those that were last written before this run began. */
function otherLedgers(folder: string, started: string | null): OtherLedger[] {
  const runs = dirname(folder);
  const since = started === null ? 0 : Date.parse(started);
  const isLater = (file: string) => statSync(file).mtimeMs >= since;
  return readdirSync(runs)
    .filter((run) => run !== basename(folder))
    .map((run) => ({ run, folder: ledgerFolder(join(runs, run)) }))
    .filter((other) => ledgerFiles(other.folder).some(isLater))
    .map((other) => ({ ...other, tables: schemaOfLedger(other.folder).tables }));
}

/**
 * Whether the run's summary counts as many transactions and rows: a ledger file that is missing as a whole leaves
 * no other trace. Null: the run was killed, or left transactions in doubt.
 */
function agreesWithSummary(
  { folder }: LedgerRun,
  tables: Tables,
  totals: LedgerTotals,
): boolean | null {
  const { summary } = readRun(folder);
  if (summary === null || summary.transactions.in_doubt > 0) return null;
  const counted = summary.transactions.committed;
  const recorded = totals.transactions.committed;
  // Transactions and rows of hazards are in the ledger alone.
  const hazards = totals.hazards !== undefined;
  return (
    (hazards ? counted <= recorded : counted === recorded) &&
    countsAgree(tables, totals.rows, summary.rows, hazards)
  );
}

/** Logs whether ledger and database agree, and returns the exit code for it. */
function logAgreement(
  { log, resultLog, messages: m }: CommandContext,
  compared: LedgerCheck,
  summaryAgrees: boolean | null,
): ExitCode {
  const { totals, differences, changedSince, unchecked, prepared } = compared;
  const out = log.component('ledger');
  const { open, unknown } = totals.transactions;
  if (open + unknown > 0) out.warning(m.ledger.undecided({ open, unknown }));
  if (open > 0) out.warning(m.ledger.resolveHint());
  if (summaryAgrees === false) out.error(m.ledger.summaryDiffers());
  if (prepared.length > 0) out.error(m.ledger.stillPrepared({ count: prepared.length }));
  const found = differences.count + totals.problems.count + prepared.length;
  if (found > 0 || summaryAgrees === false) {
    resultLog('ledger').error(agreementSentence(m, compared, false));
    return EXIT.notHeld;
  }
  if (changedSince.count > 0) resultLog('ledger').info(m.ledger.changedSince(changedSince));
  if (unchecked.length > 0) resultLog('ledger').info(m.ledger.unchecked({ tables: unchecked }));
  resultLog('ledger').info(agreementSentence(m, compared, true));
  return EXIT.done;
}

function agreementSentence(
  { ledger }: Messages,
  { totals: { transactions, rows, problems }, differences, prepared }: LedgerCheck,
  agree: boolean,
): string {
  if (!agree) {
    const counts = { differences: differences.count, problems: problems.count };
    return ledger.notHeld({ ...counts, prepared: prepared.length });
  }
  const written = Object.values(rows).flatMap((counts) => Object.values(counts));
  const changes = written.reduce((sum, count) => sum + count, 0);
  return ledger.held({ rows: changes, transactions: transactions.committed });
}

/** A run that has a ledger. */
interface LedgerRun {
  readonly runId: string;
  readonly folder: string;
  /** The folder of the ledger. */
  readonly ledger: string;
}

/** The run that the command's only name means, or the newest one. */
export function findLedger({ settings, cwd, names }: CommandContext): LedgerRun {
  const folder = findRun(settings.logging.dir, names[0], cwd);
  const runId = basename(folder);
  const ledger = ledgerFolder(folder);
  if (ledgerFiles(ledger).length === 0) {
    throw new OperatorError(EXIT.usage, (m) => m.ledger.none({ run: runId }));
  }
  return { runId, folder, ledger };
}

/** The same, of a run that has ended: a ledger that still grows cannot be compared. */
function findEndedLedger(context: CommandContext): LedgerRun {
  const found = findLedger(context);
  if (isUnderWay(found.folder)) {
    throw new OperatorError(EXIT.state, (m) => m.ledger.underWay({ run: found.runId }));
  }
  return found;
}

/** Throws when a ledger was written for another server or database than `now`. */
export function requireOwnServer(
  run: string,
  { server }: Pick<LedgerHeader, 'server'>,
  now: ServerIdentity,
): void {
  if (compareServers(server, now) !== 'other') return;
  const names = { before: server.database, now: now.database };
  throw new OperatorError(EXIT.state, (m) => m.ledger.otherServer({ run, ...names }));
}
