import { listHazards } from '../hazards/times.js';
import { monotonicMs } from '../lib/clock.js';
import type { ComponentLog } from '../log/logger.js';
import { causeText } from '../postgres/cause.js';
import type { Failure } from '../postgres/failures.js';
import { conditionName, SQLSTATE } from '../postgres/sqlstate.js';
import type { LiveFigures, RunListener } from '../run/engine.js';
import type { HazardReport, ProducerReport } from '../run/protocol.js';
import type { SeriesPoint } from '../run/series.js';
import { isTimed } from '../runs/hazards.js';
import type { Operation, WrittenRows } from '../schema/changes.js';
import type { TableName } from '../schema/table.js';
import { Outage } from './progress/outage.js';
import type { Progress } from './progress/progress.js';
import { RecentWindow } from './progress/recent-window.js';
import { type RunProgressParts, runView } from './progress/run-progress.js';
import { RepeatedLines } from './repeated-lines.js';

/** At high rates a table's line sums its batches of this long. */
const FOLD_MS = 1_000;
/** A loss is logged when every worker has noticed it, or after this: a worker notices it when it next sends a batch. */
const GATHER_MS = 1_000;

/** The live line shows a timed hazard for so long: time to read it. */
const HAZARD_SHOWN_MS = 4_000;

export interface RunLoggerParts extends Omit<RunProgressParts, 'outage' | 'cause' | 'hazard'> {
  readonly sample: () => LiveFigures;
  readonly log: ComponentLog;
  readonly progress: Progress;
  /** The server's address. */
  readonly where: string;
  readonly batchSize: number;
  /** In the order of their lines. */
  readonly tables: readonly TableName[];
  /** True: all rows that are written make a line at once. False: one line a table a second. */
  readonly everyBatch: boolean;
  /** Rows of a table now; null while they are being counted. */
  readonly totalOf: (table: TableName) => number | null;
}

/** Turns the reports of workers into log lines, and shows the figures of the run. */
export class RunLogger implements RunListener {
  readonly #parts: RunLoggerParts;
  readonly #folded = new Map<TableName, Record<Operation, number>>();
  /** The last timed hazard, and when it was reported. */
  #lastHazard: { readonly report: HazardReport; readonly at: number } | null = null;
  readonly #repeated = new RepeatedLines();
  readonly #outage = new Outage();
  readonly #recent = new RecentWindow();
  #folds: NodeJS.Timeout | null = null;
  /** Waits to log the loss of a connection. */
  #gathering: NodeJS.Timeout | null = null;
  #endProgress = () => {};

  constructor(parts: RunLoggerParts) {
    this.#parts = parts;
  }

  /** Begins the lines that come by themselves. */
  start(): void {
    const { progress, sample, log } = this.#parts;
    this.#folds = setInterval(() => {
      this.#flush();
      this.#repeated.flush();
    }, FOLD_MS);
    const parts: RunProgressParts = {
      ...this.#parts,
      outage: () => this.#outage.state,
      cause: ({ failure }) => this.#cause(failure),
      hazard: () => this.#recentHazard(),
    };
    const look = () => {
      const figures = sample();
      return runView(parts, figures, this.#recent.add(monotonicMs(), figures));
    };
    this.#endProgress = progress.show(look, log);
  }

  /** Writes the lines that are due, and ends. */
  stop(): void {
    if (this.#folds !== null) clearInterval(this.#folds);
    this.#flush();
    this.#announceLoss();
    this.#repeated.end();
    this.#endProgress();
    this.#endProgress = () => {};
  }

  written(rows: readonly WrittenRows[]): void {
    for (const written of rows) this.#fold(written);
    if (this.#parts.everyBatch) this.#flush();
  }

  report(worker: number, report: ProducerReport): void {
    switch (report.kind) {
      case 'ready':
        this.#noteConnected(worker);
        return;
      case 'committed':
        return;
      case 'rejected':
        this.#warn(this.#rejection(report));
        return;
      case 'batch-refused': {
        const { messages } = this.#parts;
        const { table, events, failure } = report;
        const constraint = failure.constraint ?? messages.stream.unknownConstraint();
        const sqlstate = failure.sqlstate ?? '?';
        this.#warn(
          messages.stream.batchRefused({ table, events, constraint, sqlstate }),
          `${table} ${constraint} ${sqlstate}`,
        );
        return;
      }
      case 'retried': {
        const cause = this.#cause(report.failure);
        this.#warn(this.#parts.messages.stream.retried({ worker, cause }), `retried ${cause}`);
        return;
      }
      case 'hazard':
        this.#noteHazard(report);
        return;
      case 'hazard-failed': {
        const { name } = report;
        const cause = this.#cause(report.failure);
        const sentence = this.#parts.messages.stream.hazardFailed({ name, cause });
        this.#warn(sentence, `hazard ${name} ${cause}`);
        return;
      }
      case 'reconnecting':
        this.#noteLoss(worker, report);
        return;
      case 'reconnected':
        this.#noteConnected(worker);
        return;
    }
  }

  /** Logs the batches of a second that had hazards; each timed hazard has a line of its own. */
  sampled({ hazards }: Pick<SeriesPoint, 'hazards'>): void {
    const { log, messages } = this.#parts;
    const ofBatches = listHazards(hazards).filter(([name]) => !isTimed(name));
    if (ofBatches.length > 0) log.debug(messages.stream.hazards(ofBatches));
  }

  workerDied(worker: number, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.log.error(this.#parts.messages.stream.workerDied({ worker, reason }));
  }

  #noteHazard(report: HazardReport): void {
    const { log, messages } = this.#parts;
    const { name, lengthMs, rows, lsn, detail } = report;
    this.#lastHazard = { report, at: monotonicMs() };
    const change = detail === null ? null : { ...detail, name: detail.change };
    log.info(messages.stream.hazard({ name, ms: lengthMs, rows, lsn, change }));
  }

  #recentHazard(): HazardReport | null {
    const last = this.#lastHazard;
    return last !== null && monotonicMs() - last.at < HAZARD_SHOWN_MS ? last.report : null;
  }

  /** Logs a warning that may come again and again. `kind`: the same for all that say the same. */
  #warn(sentence: string, kind = sentence): void {
    const { log, messages } = this.#parts;
    this.#repeated.add(kind, (count) =>
      log.warning(count === 1 ? sentence : messages.stream.repeated({ count, sentence })),
    );
  }

  #noteLoss(worker: number, report: Extract<ProducerReport, { kind: 'reconnecting' }>): void {
    const before = this.#outage.state;
    // The loss is logged with its first attempt.
    if (before !== null && report.attempt > before.attempt) this.#announceLoss();
    const isNew = this.#outage.lost(worker, report);
    if (before === null) this.#gathering = setTimeout(() => this.#announceLoss(), GATHER_MS);
    else if (isNew) this.#logAttempt();
    if (this.#outage.state?.affected === this.#parts.workers) this.#announceLoss();
  }

  /** Logs the loss that waits to be logged, if there is one. */
  #announceLoss(): void {
    if (this.#gathering === null) return;
    clearTimeout(this.#gathering);
    this.#gathering = null;
    const { log, messages } = this.#parts;
    const { state } = this.#outage;
    if (state === null) return;
    const cause = this.#cause(state.failure);
    const sentence = messages.stream.lost({ cause, workers: state.affected });
    this.#repeated.add(`lost ${cause}`, (count) =>
      log.hint(count === 1 ? sentence : messages.stream.repeated({ count, sentence }), 'ERROR'),
    );
    this.#logAttempt();
  }

  /** Logs how far reconnecting has come; a person at a terminal sees it in the live line. */
  #logAttempt(): void {
    const { log, messages, attempts } = this.#parts;
    const { state } = this.#outage;
    if (state === null) return;
    log.detail.error(
      messages.stream.reconnecting({
        workers: state.affected,
        seconds: state.waitMs / 1000,
        attempt: state.attempt,
        of: attempts,
        reason: this.#cause(state.failure),
      }),
    );
  }

  #noteConnected(worker: number): void {
    const { log, messages } = this.#parts;
    // A short loss must not be logged after its end.
    if (this.#outage.state?.workers === 1) this.#announceLoss();
    const outage = this.#outage.connected(worker);
    if (outage === null) return;
    const { ms, affected } = outage;
    const sentence = messages.stream.reconnected({ seconds: ms / 1000, workers: affected });
    this.#repeated.add('connected', (count) =>
      log.info(count === 1 ? sentence : messages.stream.repeated({ count, sentence })),
    );
  }

  #cause(failure: Failure): string {
    return causeText(failure, this.#parts.where, this.#parts.messages);
  }

  #fold({ table, operation, count }: WrittenRows): void {
    const sums = this.#folded.get(table) ?? { insert: 0, update: 0, delete: 0 };
    sums[operation] += count;
    this.#folded.set(table, sums);
  }

  #flush(): void {
    const { log, messages, tables, totalOf, batchSize } = this.#parts;
    for (const table of tables) {
      const sums = this.#folded.get(table);
      if (sums === undefined) continue;
      log.detail.info(
        messages.stream.written({
          table,
          inserted: sums.insert,
          updated: sums.update,
          deleted: sums.delete,
          total: totalOf(table),
          batch: batchSize,
        }),
      );
    }
    this.#folded.clear();
  }

  #rejection(report: Extract<ProducerReport, { kind: 'rejected' }>): string {
    const { messages } = this.#parts;
    const { table } = report;
    const sqlstate = report.failure.sqlstate ?? '?';
    const field = report.field ?? messages.stream.unknownField();
    const condition = conditionName(sqlstate);
    return sqlstate === SQLSTATE.UNIQUE_VIOLATION
      ? messages.stream.duplicate({ table, condition, field })
      : messages.stream.rejected({ table, condition, field, sqlstate });
  }
}
