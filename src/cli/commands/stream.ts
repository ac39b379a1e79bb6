import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { DatabaseFacts } from '../../database/facts.js';
import { readDatabaseFacts } from '../../database/read-facts.js';
import { requireSchema, requireWritable } from '../../database/scripts.js';
import { EXIT, type ExitCode, OperatorError } from '../../errors.js';
import { addFacts, writeFacts } from '../../ledger/facts-file.js';
import { ledgerFolder } from '../../ledger/folder.js';
import { onAbort, unlessAborted } from '../../lib/signals.js';
import { Curve } from '../../load/curve.js';
import { withConnection } from '../../postgres/connect.js';
import { describeFailure, failureError } from '../../postgres/failures.js';
import { factsOf, type ServerIdentity } from '../../postgres/identity.js';
import { readTableOids } from '../../postgres/table-oids.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { junitXml } from '../../report/junit.js';
import { SeriesStats } from '../../report/series-stats.js';
import { summarize } from '../../report/summarize.js';
import { summaryText } from '../../report/text.js';
import { firstBroken, markAborted, type Threshold } from '../../report/thresholds.js';
import { Coordinator } from '../../run/coordinator.js';
import { planLoad, segmentsOf, type WorkerPlan } from '../../run/plan.js';
import { Sampler } from '../../run/sampler.js';
import { watchSentinel } from '../../run/sentinel.js';
import type { SeriesPoint } from '../../run/series.js';
import { rowTriggersOf } from '../../run/server-effects.js';
import { ServerWatch } from '../../run/server-watch.js';
import { Totals } from '../../run/totals.js';
import { newRunId, RunFolder } from '../../runs/folder.js';
import type { RunSummary } from '../../runs/summary.js';
import { samplePools } from '../../schemas/hospital/pools.js';
import { requireWhole } from '../../seed/indexes.js';
import { joinStream } from '../../seed/locks.js';
import { withoutSecrets } from '../../settings/without-secrets.js';
import { RunLogger } from '../run-logger.js';
import type { Command, CommandContext } from './context.js';
import { showForecast } from './forecast.js';
import { lookOnce, NO_PATIENCE_SECONDS } from './look-once.js';
import { reconnectPolicy } from './reconnect-policy.js';
import { explainEnd, lossOf } from './stream-end.js';
import { type OwnServer, withServer } from './with-server.js';

/** `stream`: continuous events, until a limit or a signal. */
export const run: Command = async (context) =>
  context.dryRun
    ? showForecast(context)
    : withServer(context, (target, own) => streamEvents(context, target, own));

/**
 * Streams into a database that has the schema, and prints the summary. `own`: the embedded server, where the
 * target is it.
 */
export async function streamEvents(
  context: CommandContext,
  target: ConnectionTarget,
  own: OwnServer | null,
): Promise<ExitCode> {
  const { settings, messages: m } = context;
  const { stream } = settings;
  const log = context.log.component('stream');
  const found = await unlessAborted(context.interrupted, () =>
    withConnection(target, async (client) => {
      await requireWritable(client, target);
      await requireSchema(client);
      await requireWhole(client);
      const tables = await readTableOids(client);
      if (!(await joinStream(client, tables))) {
        throw new OperatorError(EXIT.state, (m) => m.seed.tablesBusy());
      }
      const database = await readDatabaseFacts(client);
      return { database, tables, server: (await factsOf(client)).server };
    }),
  );

  const runId = newRunId(new Date());
  const plans = planLoad({ ...stream, rng: settings.app.rng });
  const segments = segmentsOf(stream);
  const curve = segments === null ? null : new Curve(segments);
  const endMs = plans[0]?.endMs ?? null;
  const totals = new Totals();
  const narrator = new RunLogger({
    messages: m,
    log,
    status: context.status,
    totals,
    batchSize: stream.batchSize,
    everyBatch: stream.rate === null && curve === null,
    attempts: stream.failFastOnCritical ? stream.reconnectAttempts : null,
    curve,
    durationSeconds: endMs === null ? null : endMs / 1000,
  });
  const folder = new RunFolder(resolve(context.cwd, settings.logging.dir), runId);
  const ledger = stream.ledger ? ledgerFolder(folder.path) : null;
  if (ledger !== null) await makeLedger(ledger, runId, found);
  const coordinator = new Coordinator(
    {
      target,
      tables: found.tables,
      rng: settings.app.rng,
      plans,
      batchSize: stream.batchSize,
      updateRatio: stream.updateRatio,
      deleteRatio: stream.deleteRatio,
      idCacheSize: stream.idCacheSize,
      reconnect: reconnectPolicy(settings),
      stopGraceMs: stream.stopGraceSeconds * 1000,
      pools: samplePools(),
      totals,
      // Without a ledger nothing would record the rows as stored.
      facts: ledger === null ? null : found.database,
      ledger: ledger === null ? null : { folder: ledger, run: runId },
    },
    narrator,
  );
  announce(context, runId, plans);
  if (ledger !== null) announceTriggers(context, found.database);

  const record = async (write: () => Promise<void>) => {
    await write().catch((error: Error) =>
      log.warning(m.stream.runFolder({ folder: folder.path, reason: error.message })),
    );
  };
  await record(async () => {
    await folder.open();
    await folder.describe(withoutSecrets(settings));
  });
  // A folder that can't be written to is told of once, not every second.
  let appending = true;
  const appendPoint = (point: SeriesPoint) => {
    if (!appending) return;
    void record(async () => {
      appending = false;
      folder.append(point);
      appending = true;
    });
  };
  const seriesStats = new SeriesStats(availableParallelism());
  const { rate, batchSize } = stream;
  const sheds = curve !== null && stream.onLag === 'shed';
  const facts = { runId, rng: settings.app.rng, batchSize, rate, curve, endMs, sheds };
  const soFar = () => {
    const activeSeconds = coordinator.control.active() / 1000;
    const ending = { stoppedBy: 'threshold' as const, seconds: activeSeconds, activeSeconds };
    return summarize(facts, { ...ending, lost: false }, coordinator.workerStats, seriesStats);
  };
  let aborted: Threshold | null = null;
  const sampler = new Sampler({
    control: coordinator.control,
    workerStats: coordinator.workerStats,
    curve,
    endMs,
    watch: new ServerWatch(target, found.tables, (error) =>
      coordinator.fail(describeFailure(error)),
    ),
    onPoint: (point, ending) => {
      seriesStats.add(point, ending);
      appendPoint(point);
      // Not at the end: then the clock goes on and the events do not.
      if (coordinator.control.state !== 'running' || over(endMs, coordinator)) return;
      aborted ??= firstBroken(stream.thresholds, soFar);
      if (aborted !== null) coordinator.stop('threshold');
    },
  });
  let summary: RunSummary | null = null;
  let silent = false;
  const releaseSignal = onAbort(context.interrupted, () => {
    log.info(m.stream.stopping());
    coordinator.stop();
  });
  let endWatch = () => {};
  try {
    narrator.start(coordinator.control, coordinator.workerStats);
    coordinator.onStart(() => sampler.start());
    const running = coordinator.run().catch((error) => {
      throw explained(error, target);
    });
    endWatch = watchSentinel(context.cwd, (paused) => steer(context, coordinator, paused));
    const outcome = await running;
    silent = outcome.silent;
    sampler.stop();
    narrator.stop();
    const loss = await lossOf(outcome, target, rate !== 'max');
    const ending = { ...outcome, lost: loss !== null, waited: outcome.heldUp.waits.length > 0 };
    summary = markAborted(
      summarize(facts, ending, outcome.workerStats, seriesStats, stream.thresholds),
      outcome.stoppedBy === 'threshold' ? aborted : null,
    );
    const exitCode = explainEnd({
      context,
      target,
      outcome,
      loss,
      summary,
      database: found.database,
      own,
      hasLedger: ledger !== null,
    });
    context.print({ json: summary, text: summaryText(m, summary, totals) });
    if (stream.junitFile !== null) await writeJunit(context, stream.junitFile, summary);
    const held = summary.thresholds.every((result) => result.held);
    return exitCode === EXIT.done && !held ? EXIT.notHeld : exitCode;
  } finally {
    sampler.stop();
    narrator.stop();
    endWatch();
    releaseSignal();
    if (ledger !== null) await concludeLedger(context, ledger, target, silent);
    await record(async () => {
      await folder.conclude(summary);
      if (summary === null) return;
      const logs = resolve(context.cwd, settings.logging.dir);
      // Loaded only now: a run is not kept waiting for what its end needs.
      const { writeReportFile } = await import('../../report/html/file.js');
      const path = await writeReportFile(logs, [folder.path], m, settings.app.lang);
      log.info(m.page.reportWritten({ path }));
    });
    // Last of all: whoever waits for the end may write the report anew.
    await record(() => folder.leave());
  }
}

/** Begins the ledger: without it a run that should have one does not begin. */
async function makeLedger(
  folder: string,
  run: string,
  { server, database }: { readonly server: ServerIdentity; readonly database: DatabaseFacts },
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    writeFacts(folder, run, server, database);
  } catch (error) {
    const { message } = error as Error;
    throw new OperatorError(EXIT.state, (m) => m.ledger.unwritable({ message }));
  }
}

/** Looks at the database once more: what it came to do by itself, and what is published, may have changed. */
async function concludeLedger(
  { log, messages: m }: CommandContext,
  folder: string,
  target: ConnectionTarget,
  silent: boolean,
): Promise<void> {
  try {
    const patience = silent ? NO_PATIENCE_SECONDS : undefined;
    addFacts(folder, await lookOnce(target, readDatabaseFacts, patience));
  } catch (error) {
    const why = error instanceof OperatorError ? error.tell(m) : (error as Error).message;
    log.component('stream').warning(m.ledger.notConcluded({ why }));
  }
}

function over(endMs: number | null, { control }: Coordinator): boolean {
  return endMs !== null && control.active() > endMs;
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

function announce(
  { settings, messages: m, log }: CommandContext,
  runId: string,
  plans: readonly WorkerPlan[],
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
  out.info(m.stream.begin({ runId, workers: plans.length, pace }));
  for (const { worker, share } of plans) {
    const types = share.events.map(({ type }) => type).join(', ');
    out.debug(m.stream.owns({ worker, types, share: share.share }));
  }
}

/** Says which triggers make the run read its rows back. */
export function announceTriggers(
  { messages, log }: Pick<CommandContext, 'messages' | 'log'>,
  facts: DatabaseFacts,
): void {
  const triggers = rowTriggersOf(facts);
  if (triggers.length === 0) return;
  const list = triggers.map(
    ({ table, name, operations }) => `${table}.${name} (${operations.join(', ')})`,
  );
  log.component('stream').info(messages.stream.rowTriggers({ triggers: list }));
}

function steer({ log, messages }: CommandContext, { control }: Coordinator, paused: boolean): void {
  const before = control.state;
  if (paused) control.pause();
  else control.resume();
  if (control.state === before) return;
  log.component('stream').info(paused ? messages.stream.paused() : messages.stream.resumed());
}

/** What the server refused to the main thread, in the operator's words; a defect stays as it is. */
function explained(error: unknown, target: ConnectionTarget): unknown {
  const failure = describeFailure(error);
  if (error instanceof OperatorError || failure.class === 'defect') return error;
  return failureError(failure, target, error);
}
