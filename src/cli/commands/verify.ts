import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseFacts } from '../../database/facts.js';
import { type Catalogue, EXIT, type ExitCode, OperatorError } from '../../errors.js';
import { readFacts } from '../../ledger/facts-file.js';
import { ledgerFolder } from '../../ledger/folder.js';
import { ledgerVersion } from '../../ledger/format.js';
import { machineMicros, monotonicMs } from '../../lib/clock.js';
import { unlessAborted, unlessStuck } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import { identify, identifyPrimary } from '../../postgres/identity.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { verdictText } from '../../report/text.js';
import { judgeVerification } from '../../report/verdict.js';
import { verificationText } from '../../report/verify-text.js';
import { hasBegun, isUnderWay, runNames, runPath } from '../../runs/folder.js';
import { VerificationRecord } from '../../runs/verifications.js';
import type { TableName } from '../../schema/table.js';
import { type ClockOffset, measureClockOffset } from '../../sources/clock-offset.js';
import { currentWalLsn } from '../../sources/slot/wal-position.js';
import type { Malformed } from '../../sources/source.js';
import { type SourceSpec, sourceName } from '../../sources/source-spec.js';
import { compareFinalState, type FinalState } from '../../verify/rows/final-state.js';
import { MalformedInput, type VerificationProgress } from '../../verify/task.js';
import { documentOf, type VerificationDocument } from '../../verify/verdict/document.js';
import type { LatencyPoint } from '../../verify/verdict/latency.js';
import { type Verification, verify } from '../../verify/verify.js';
import { verifyView } from '../progress/verify-progress.js';
import type { Command, CommandContext } from './context.js';
import { findLedger, requireOwnServer } from './ledger.js';
import { schemaOfLedger } from './ledger-schema.js';
import { rewritePage } from './run-page.js';
import { firstHeader, openLedger } from './verify-ledger.js';
import { type OpenSource, openWhenThere } from './verify-source.js';
import { withServer } from './with-server.js';

/** Instead of a run's name: the run that begins next. */
const NEXT = 'next';
/** How often the next run is looked for. */
const LOOK_MS = 25;
/** Without a server the difference between the clocks is unknown. */
const NO_OFFSET: ClockOffset = { offset: 0, error: Number.POSITIVE_INFINITY };

/** `verify [RUN] --source …`: compares the output of a CDC pipeline with the ledger of a run. */
export const run: Command = async (context) => {
  const spec = context.settings.verify.source;
  if (spec === null) throw new OperatorError(EXIT.usage, (m) => m.verify.noSource());
  if (context.createSlot && spec.kind !== 'slot') {
    throw new OperatorError(EXIT.usage, (m) => m.verify.slotOnly());
  }
  // Refused before any server is asked.
  if (context.names[0] !== NEXT) schemaOfLedger(findLedger(context).ledger);
  if (spec.kind === 'slot')
    return withServer(context, (target) => verifyFrom(context, spec, target));
  // The server is optional: its clock is measured, and its tables are compared.
  const { server, embedded } = context.settings;
  if (server === null && !existsSync(embedded.dir)) return verifyFrom(context, spec, null);
  return withServer(context, (target) => verifyFrom(context, spec, target));
};

/**
 * The same, with the server, if there is one.
 *
 * @param onReady called when the source is open: it delivers changes committed from now on
 */
export async function verifyFrom(
  context: CommandContext,
  spec: SourceSpec,
  server: ConnectionTarget | null,
  onReady: () => void = () => undefined,
): Promise<ExitCode> {
  const { dir } = context.settings.logging;
  const { interrupted } = context;
  const known = new Set(runNames(dir));
  // A standby's slot ends at the standby's position, which may lack committed changes.
  if (spec.kind === 'slot' && server !== null) {
    await unlessAborted(interrupted, () => withConnection(server, identifyPrimary));
  }
  const isNext = context.names[0] === NEXT;
  const named = isNext ? null : findRunOf(findLedger(context).folder, server);
  if (named !== null && spec.kind === 'slot') {
    await unlessAborted(interrupted, () => requireItsServer(named));
  }
  const mayCome = () => {
    const folder = named?.folder ?? findBegun(dir, known);
    return folder === undefined || isUnderWay(folder);
  };
  const { tables } = named === null ? context.schema : schemaOfLedger(named.ledger);
  const target = named?.target ?? server;
  const truncates = mayTruncate(named);
  const opened = await openWhenThere(context, tables, spec, target, truncates, mayCome);
  if (opened === null) interrupted.throwIfAborted();
  if (opened === null) return EXIT.forced;
  try {
    const offset = await unlessAborted(interrupted, () => offsetOf(context, spec, server));
    onReady();
    const run = named ?? findRunOf(await findFolder(context, known), server);
    if (named === null && context.createSlot) requirePublished(context, run);
    if (named === null && spec.kind === 'slot') {
      await unlessAborted(interrupted, () => requireItsServer(run));
    }
    const record = new VerificationRecord(run.folder);
    const keep = keeper(context, run.folder);
    keep(() => record.begin());
    const recorded = { append: (point: LatencyPoint) => keep(() => record.append(point)) };
    const document = await verifyRun(context, spec, { offset, opened, run, ...recorded }).catch(
      (error: unknown) => {
        keep(() => record.discard());
        throw error;
      },
    );
    keep(() => record.close(document));
    logVerdict(context, document);
    const page = await rewritePage(context, run.folder);
    const { messages: m, paint } = context;
    context.print({
      json: document,
      verdict: verdictText(m, paint, judgeVerification(document)),
      text: verificationText(m, document),
      page,
    });
    return document.exit_code as ExitCode;
  } finally {
    await unlessStuck(interrupted, opened.close());
  }
}

/** A run, and its server. */
interface VerifiedRun {
  readonly id: string;
  readonly folder: string;
  readonly ledger: string;
  /** With the run's search_path, so that names mean the same tables. Null: there is no server. */
  readonly target: ConnectionTarget | null;
}

function findRunOf(folder: string, server: ConnectionTarget | null): VerifiedRun {
  const ledger = ledgerFolder(folder);
  const searchPath = readFacts(ledger).facts?.begin.search_path;
  const target = server === null || searchPath === undefined ? server : { ...server, searchPath };
  return { id: basename(folder), folder, ledger, target };
}

/** Whether the run may truncate tables: it has hazards, or it is unknown whether it has. */
function mayTruncate(run: VerifiedRun | null): boolean {
  const header = run === null ? null : firstHeader(run.ledger);
  return header === null || header.ledger >= ledgerVersion({ extensions: [] }, true);
}

/** Throws if the run has extensions that verify did not know when it made the publication. */
function requirePublished({ schema }: CommandContext, { id, ledger }: VerifiedRun): void {
  const extensions = schemaOfLedger(ledger).extensions.filter(
    (name) => !schema.extensions.includes(name),
  );
  if (extensions.length === 0) return;
  throw new OperatorError(EXIT.usage, (m) => m.verify.unpublished({ run: id, extensions }));
}

/** Throws if the run wrote to another server: this one's slot has no events of it. */
async function requireItsServer({ id, ledger, target }: VerifiedRun): Promise<void> {
  const header = readFacts(ledger).facts ?? firstHeader(ledger);
  if (header === null || target === null) return;
  await withConnection(target, async (client) => {
    requireOwnServer(id, header, (await identify(client)).server);
  });
}

/** The folder of the named run; waits for the next one to begin. */
async function findFolder(context: CommandContext, known: ReadonlySet<string>): Promise<string> {
  if (context.names[0] !== NEXT) return findLedger(context).folder;
  const { dir } = context.settings.logging;
  context.log.component('verify').info(context.messages.verify.awaiting());
  for (;;) {
    const begun = findBegun(dir, known);
    if (begun !== undefined) return begun;
    context.interrupted.throwIfAborted();
    await delay(LOOK_MS);
  }
}

/** The folder of a run that has begun since. */
function findBegun(dir: string, known: ReadonlySet<string>): string | undefined {
  return runNames(dir)
    .filter((name) => !known.has(name))
    .map((name) => runPath(dir, name))
    .find(hasBegun);
}

/** Writes to a run's folder. The first failure is a warning and ends the writing; the verdict stays. */
function keeper({ log, messages: m }: CommandContext, folder: string): (write: () => void) => void {
  let works = true;
  return (write) => {
    if (!works) return;
    try {
      write();
    } catch (error) {
      works = false;
      const { message: reason } = error as Error;
      log.component('verify').warning(m.verify.notRecorded({ folder, reason }));
    }
  };
}

interface Parts {
  readonly offset: ClockOffset | null;
  readonly opened: OpenSource;
  readonly run: VerifiedRun;
  readonly append: (point: LatencyPoint) => void;
}

async function verifyRun(
  context: CommandContext,
  spec: SourceSpec,
  { offset, opened, run, append }: Parts,
): Promise<VerificationDocument> {
  const { settings, messages: m } = context;
  const { folder, target } = run;
  const out = context.log.component('verify');
  out.info(m.verify.began({ run: run.id, source: sourceName(spec) }));
  const began = new Date();
  const start = monotonicMs();
  const ledger = await openLedger(run, settings.db.searchPath, context.interrupted);
  let latest: VerificationProgress | null = null;
  const endProgress = context.progress.show(
    () => (latest === null ? null : verifyView(m, run.id, latest)),
    out,
  );
  const verification = await verify({
    ledger: run.ledger,
    tables: ledger.tables,
    source: opened.source,
    scope: ledger.scope,
    version: ledger.version,
    facts: ledger.facts,
    shared: () => readFacts(run.ledger).schema?.shared ?? {},
    now: ledger.now,
    publications: opened.publications,
    from: opened.from,
    partial: context.partial,
    isUnderWay: () => isUnderWay(folder),
    serverPosition:
      opened.positioned && target !== null ? () => withConnection(target, currentWalLsn) : null,
    quietMs: settings.verify.waitSeconds * 1000,
    memoryBytes: settings.verify.memoryBytes,
    sample: settings.verify.sample,
    skipMalformed: context.skipMalformed,
    offset: offset ?? NO_OFFSET,
    since: machineMicros(),
    onPoint: append,
    onMalformed: (problem) => {
      if (context.skipMalformed) out.debug(m.verify.malformed(inLanguage(problem, m)));
    },
    onProgress: (progress) => {
      latest = progress;
    },
    interrupted: context.interrupted,
  })
    .catch((error: unknown) => {
      throw error instanceof MalformedInput ? malformedError(error.problem) : error;
    })
    .finally(endProgress);
  const finalState = await compareWithTables(context, run, verification, ledger.now);
  const seconds = (monotonicMs() - start) / 1000;
  const source = sourceName(spec);
  return documentOf({ runId: run.id, source, verification, finalState, offset, began, seconds });
}

function malformedError(problem: Malformed): OperatorError {
  return new OperatorError(EXIT.usage, (m) => m.verify.malformedStops(inLanguage(problem, m)));
}

function inLanguage({ position, reason }: Malformed, m: Catalogue) {
  return { position, reason: reason(m) };
}

/** Null: no server can be reached. */
async function offsetOf(
  { log, messages }: CommandContext,
  spec: SourceSpec,
  target: ConnectionTarget | null,
): Promise<ClockOffset | null> {
  if (target === null) return null;
  try {
    return await measureClockOffset(target);
  } catch (error) {
    if (spec.kind === 'slot' || !(error instanceof OperatorError)) throw error;
    log.component('verify').warning(messages.verify.noServer({ why: error.sentence(messages) }));
    return null;
  }
}

/** Compares the rows' last events with the tables; null: no server can be reached. */
async function compareWithTables(
  { log, messages: m, interrupted }: CommandContext,
  { id, target }: VerifiedRun,
  verification: Verification,
  now: DatabaseFacts | null,
): Promise<FinalState | null> {
  const { header } = verification;
  if (target === null || header === null || interrupted.aborted) return null;
  try {
    return await withConnection(target, async (client) => {
      // The rows of a standby may be older than the delivered events.
      const { server } = await identifyPrimary(client);
      requireOwnServer(id, header, server);
      const isVisible = (table: TableName) => (now?.tables[table]?.policies ?? null) === null;
      return compareFinalState(client, verification, isVisible);
    });
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    log.component('verify').warning(m.verify.notCompared({ why: error.sentence(m) }));
    return null;
  }
}

function logVerdict(
  { messages: m, resultLog }: CommandContext,
  document: VerificationDocument,
): void {
  const out = resultLog('verify');
  const sentence = m.verify.verdicts[document.verdict](document);
  if (document.verdict === 'exact') out.info(sentence);
  else if (document.verdict === 'violation') out.error(sentence);
  else out.warning(sentence);
}
