import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Client } from 'pg';
import type { DatabaseFacts } from '../../database/facts.js';
import { requireHazards } from '../../database/hazards.js';
import { readDatabaseFacts } from '../../database/read-facts.js';
import { requireSchema } from '../../database/schema.js';
import { requireWritable } from '../../database/scripts.js';
import { EXIT, type ExitCode, OperatorError } from '../../errors.js';
import { addFacts, writeFacts } from '../../ledger/facts-file.js';
import { ledgerFolder } from '../../ledger/folder.js';
import { describeMachine } from '../../lib/machine.js';
import { programVersion } from '../../lib/package-root.js';
import { onAbort, unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import { identify, type ServerIdentity } from '../../postgres/identity.js';
import { readTableOids, type TableOids } from '../../postgres/table-oids.js';
import { addressOf, type ConnectionTarget } from '../../postgres/target.js';
import { junitXml } from '../../report/junit.js';
import { SeriesStats } from '../../report/series-stats.js';
import { type Ending, summarize } from '../../report/summarize.js';
import { summaryText, verdictText } from '../../report/text.js';
import { firstBroken, markAborted, type Threshold } from '../../report/thresholds.js';
import { judgeRun } from '../../report/verdict.js';
import { RunEngine, type RunSetup } from '../../run/engine.js';
import { planHazards, sharedRows } from '../../run/hazard-plan.js';
import { type LoadPlan, planLoad, type WorkerPlan } from '../../run/plan.js';
import type { HazardPlan } from '../../run/protocol.js';
import { watchSentinel } from '../../run/sentinel.js';
import { rowTriggersOf } from '../../run/server-effects.js';
import type { RunDescription } from '../../runs/description.js';
import { newRunId, RunFolder } from '../../runs/folder.js';
import { occurrenceOf } from '../../runs/hazards.js';
import { latencyDistributions } from '../../runs/latency.js';
import type { RunSummary } from '../../runs/summary.js';
import type { Schema } from '../../schema/schema.js';
import { requireWhole } from '../../seed/indexes.js';
import { joinStream } from '../../seed/locks.js';
import { changedSettings, reconnectPolicy, withoutSecrets } from '../../settings/settings.js';
import { RunLogger } from '../run-logger.js';
import type { Command, CommandContext } from './context.js';
import { showForecast } from './forecast.js';
import { writePage } from './run-page.js';
import { explainEnd, lossOf, warnOfAbsent } from './stream-end.js';
import { lookOnce, NO_PATIENCE_SECONDS, type OwnServer, withServer } from './with-server.js';

/** `stream`: continuous events, until a limit or a signal. */
export const run: Command = async (context) =>
  context.dryRun
    ? showForecast(context)
    : withServer(context, (target, own) => streamEvents(context, target, own));

/**
 * Streams into a database that has the schema, and prints the summary. `own`: the embedded server, if it is the
 * target.
 */
export async function streamEvents(
  context: CommandContext,
  target: ConnectionTarget,
  own: OwnServer | null,
): Promise<ExitCode> {
  const { settings, schema, messages: m } = context;
  const { stream } = settings;
  const { rng } = settings.app;
  const log = context.log.component('stream');
  if (stream.junitFile !== null) requireFolderOf(stream.junitFile);
  const found = await unlessAborted(context.interrupted, () =>
    withConnection(target, (client) => examine(client, target, context)),
  );

  const runId = newRunId(new Date(), stream.name);
  const folder = new RunFolder(settings.logging.dir, runId, ({ message: reason }) =>
    log.warning(m.stream.runFolder({ folder: folder.path, reason })),
  );
  const ledger = stream.ledger ? { folder: ledgerFolder(folder.path), run: runId } : null;
  if (ledger !== null) await makeLedger(schema, ledger, found);
  const plan = planLoad({ ...stream, rng }, schema);
  const logger = new RunLogger({
    runId,
    messages: m,
    log,
    progress: context.progress,
    where: addressOf(target),
    workers: plan.workers.length,
    stages: stream.stages,
    batchSize: stream.batchSize,
    tables: schema.tables.names,
    everyBatch: stream.rate === null && plan.curve === null,
    attempts: stream.failFastOnCritical ? stream.reconnectAttempts : null,
    totalOf: (table) => engine.totals.of(table),
    sample: () => engine.sample(),
  });
  const series = new SeriesStats(availableParallelism());
  const summaryOf = (ending: Ending, thresholds: readonly Threshold[] = []) => {
    const load = { rng, batchSize: stream.batchSize, rate: stream.rate, ...plan };
    return summarize({ runId, schema, ...load }, ending, engine.workerStats, series, thresholds);
  };
  let aborted: Threshold | null = null;
  const setup = await setupOf(context, target, found, plan, ledger);
  const engine: RunEngine = new RunEngine(setup, {
    written: (rows) => logger.written(rows),
    report(worker, report) {
      logger.report(worker, report);
      if (report.kind === 'hazard') folder.appendHazard(occurrenceOf(report, new Date()));
    },
    workerDied: (worker, error) => logger.workerDied(worker, error),
    sampled(point, ending) {
      series.add(point, ending);
      folder.append(point);
      logger.sampled(point);
      // At the end the clock goes on without events, and every rate falls.
      if (ending || point.paused) return;
      aborted ??= firstBroken(stream.thresholds, () => {
        const { activeMs, hazards } = engine.sample();
        const seconds = activeMs / 1000;
        return summaryOf({
          stoppedBy: 'threshold',
          seconds,
          activeSeconds: seconds,
          lost: false,
          hazards,
        });
      });
      if (aborted !== null) engine.stop('threshold');
    },
  });
  announce(context, runId, plan.workers);
  if (ledger !== null) announceTriggers(context, found.database);
  await folder.begin(describeRun(context, runId, found.server), withoutSecrets(settings));

  let silent = false;
  let end: { readonly summary: RunSummary; readonly exitCode: ExitCode } | null = null;
  const releaseSignal = onAbort(context.interrupted, () => {
    log.info(m.stream.stopping());
    engine.stop();
  });
  let endWatch = () => {};
  try {
    logger.start();
    const running = engine.start();
    endWatch = watchSentinel(context.cwd, (paused) => {
      if (paused ? engine.pause() : engine.resume()) {
        log.info(paused ? m.stream.paused() : m.stream.resumed());
      }
    });
    const outcome = await running;
    silent = outcome.silent;
    logger.stop();
    const loss = await lossOf(outcome, target, stream.rate !== 'max');
    const ending = { ...outcome, lost: loss !== null, waited: outcome.heldUp.waits.length > 0 };
    const judged: RunSummary = markAborted(
      summaryOf(ending, stream.thresholds),
      outcome.stoppedBy === 'threshold' ? aborted : null,
    );
    const { exitCode, cause } = explainEnd({
      context,
      target,
      outcome,
      loss,
      summary: judged,
      database: found.database,
      own,
      hasLedger: ledger !== null,
    });
    const summary = cause === null ? judged : { ...judged, cause };
    warnOfAbsent(context, summary);
    end = { summary, exitCode };
    if (stream.junitFile !== null) await writeJunit(context, stream.junitFile, summary);
    const held = summary.thresholds.every((result) => result.held);
    return exitCode === EXIT.done && !held ? EXIT.notHeld : exitCode;
  } finally {
    logger.stop();
    endWatch();
    releaseSignal();
    if (ledger !== null) {
      const isLost = end?.exitCode === EXIT.unreachable;
      await concludeLedger(context, ledger.folder, target, { silent, isLost });
    }
    // After everything that may log: the verdict and the path of the page end the output.
    if (end !== null) await showEnd(context, folder, end.summary, engine);
    // Last: a command that waits for the end of the run may write the report anew.
    await folder.leave();
  }
}

/** Leaves summary and page in the run's folder, and prints the result. */
async function showEnd(
  context: CommandContext,
  folder: RunFolder,
  summary: RunSummary,
  { totals, workerStats }: RunEngine,
): Promise<void> {
  const { messages: m, paint } = context;
  const recorded = await folder.conclude(summary, latencyDistributions(workerStats));
  const page = recorded ? await writePage(context, 'stream', folder.path) : null;
  context.print({
    json: summary,
    verdict: verdictText(m, paint, judgeRun(summary, null)),
    text: summaryText(m, paint, summary, totals),
    page,
  });
}

/** A database as a run finds it. */
interface Found {
  readonly database: DatabaseFacts;
  readonly tables: TableOids;
  readonly server: ServerIdentity;
  readonly hazards: HazardPlan | null;
}

/** Checks that a run may write to the database. Throws an OperatorError where it may not. */
async function examine(
  client: Client,
  target: ConnectionTarget,
  { schema, settings: { stream } }: CommandContext,
): Promise<Found> {
  await requireWritable(client, target, schema);
  await requireSchema(client, schema);
  await requireWhole(client);
  await requireHazards(client, schema, stream.hazards, stream.workers);
  const tables = await readTableOids(client, schema.tables);
  if (!(await joinStream(client, tables))) {
    throw new OperatorError(EXIT.state, (m) => m.seed.tablesBusy());
  }
  const database = await readDatabaseFacts(client, schema.tables);
  const plan = await planHazards(client, schema, stream.hazards);
  return { database, tables, server: (await identify(client)).server, hazards: plan };
}

/** The setup of the engine, from the settings. */
async function setupOf(
  { settings, schema }: CommandContext,
  target: ConnectionTarget,
  { tables, database, hazards }: Found,
  plan: LoadPlan,
  ledger: RunSetup['ledger'],
): Promise<RunSetup> {
  const { stream, app } = settings;
  return {
    target,
    schema,
    tables,
    rng: app.rng,
    plan,
    batchSize: stream.batchSize,
    updateRatio: stream.updateRatio,
    deleteRatio: stream.deleteRatio,
    idCacheSize: stream.idCacheSize,
    reconnect: reconnectPolicy(settings),
    stopGraceMs: stream.stopGraceSeconds * 1000,
    pools: await schema.samplePools(),
    // Without a ledger nothing would record the rows as stored.
    facts: ledger === null ? null : database,
    ledger,
    hazards,
  };
}

function describeRun(
  { settings, cwd }: CommandContext,
  run_id: string,
  server: ServerIdentity,
): RunDescription {
  return {
    run_id,
    program: { version: programVersion(), node: process.version },
    server: { ...server, embedded: settings.server === null },
    machine: describeMachine(),
    changed_settings: changedSettings(settings, cwd),
  };
}

/** Begins the ledger. Throws an OperatorError: a run that should have a ledger does not begin without one. */
async function makeLedger(
  schema: Schema,
  { folder, run }: NonNullable<RunSetup['ledger']>,
  { server, database, hazards }: Found,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    writeFacts(schema, folder, run, server, database, sharedRows(schema, hazards));
  } catch (error) {
    const { message } = error as Error;
    throw new OperatorError(EXIT.state, (m) => m.ledger.unwritable({ message }));
  }
}

/** Adds the database as it is now to the ledger: its triggers and publications may have changed meanwhile. */
async function concludeLedger(
  { schema, log, messages: m }: CommandContext,
  folder: string,
  target: ConnectionTarget,
  { silent, isLost }: { readonly silent: boolean; readonly isLost: boolean },
): Promise<void> {
  try {
    const patience = silent ? NO_PATIENCE_SECONDS : undefined;
    const read = (client: Client) => readDatabaseFacts(client, schema.tables);
    addFacts(folder, await lookOnce(target, read, patience));
  } catch (error) {
    const why = error instanceof OperatorError ? error.sentence(m) : (error as Error).message;
    const out = log.component('stream');
    // A lost server has been reported.
    if (isLost) out.debug(m.ledger.notConcluded({ why }));
    else out.warning(m.ledger.notConcluded({ why }));
  }
}

/** Throws an `OperatorError`: results that cannot be written are noticed before the run, not after it. */
function requireFolderOf(junitFile: string): void {
  const folder = dirname(resolve(junitFile));
  if (existsSync(folder)) return;
  throw new OperatorError(EXIT.usage, (m) => m.stream.noJunitFolder({ folder }));
}

async function writeJunit(
  { log, messages }: CommandContext,
  file: string,
  summary: RunSummary,
): Promise<void> {
  await writeFile(file, junitXml({ summary, messages })).catch((error: Error) =>
    log.component('stream').error(messages.stream.noJunit({ file, reason: error.message })),
  );
}

/** Logs the pace of the run, and each worker's share of it. */
function announce(
  { settings, messages: m, log }: CommandContext,
  runId: string,
  workers: readonly WorkerPlan[],
): void {
  const out = log.component('stream');
  const { rate, stages, batchSize: batch, intervalSeconds, maxJitterMs } = settings.stream;
  const pace =
    stages.length > 0
      ? m.stream.paceStages({ stages: stages.map(({ text }) => text), batch })
      : rate === 'max'
        ? m.stream.paceMax({ batch })
        : rate === null
          ? m.stream.paceCycle({ interval: intervalSeconds, jitter: maxJitterMs, batch })
          : m.stream.paceRate({ rate, batch });
  out.info(m.stream.begin({ runId, workers: workers.length, pace }));
  for (const { worker, share } of workers) {
    const types = share.events.map(({ type }) => type).join(', ');
    out.debug(m.stream.owns({ worker, types, share: share.share }));
  }
}

/** Logs the triggers that make the run read its rows back. */
export function announceTriggers(
  { schema, messages, log }: Pick<CommandContext, 'schema' | 'messages' | 'log'>,
  facts: DatabaseFacts,
): void {
  const triggers = rowTriggersOf(facts, schema.tables);
  if (triggers.length === 0) return;
  const list = triggers.map(
    ({ table, name, operations }) => `${table}.${name} (${operations.join(', ')})`,
  );
  log.component('stream').info(messages.stream.rowTriggers({ triggers: list }));
}
