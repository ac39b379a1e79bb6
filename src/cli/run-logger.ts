import { monotonicMs } from '../lib/clock.js';
import type { ComponentLog } from '../log/logger.js';
import type { StatusLine } from '../log/status-line.js';
import type { Messages } from '../messages/index.js';
import { type Failure, timeoutOf } from '../postgres/failures.js';
import { SQLSTATE, SQLSTATE_CLASS } from '../postgres/sqlstate.js';
import type { LiveFigures, RunListener } from '../run/engine.js';
import type { ProducerReport } from '../run/protocol.js';
import type { Operation, WrittenRows } from '../schemas/hospital/changes.js';
import { TABLE_NAMES, type TableName } from '../schemas/hospital/tables.js';

/** At high rates a table's line sums its batches of this long. */
const FOLD_MS = 1_000;
/** The live line is drawn this often. */
const LIVE_MS = 500;
/** The live line shows the rate over so many drawings: the last seconds. */
const RATE_SAMPLES = 10;

export interface RunLoggerParts {
  readonly messages: Messages;
  readonly log: ComponentLog;
  readonly status: StatusLine;
  readonly batchSize: number;
  /** True: all rows that are written make a line at once. False: one line a table a second. */
  readonly everyBatch: boolean;
  /** Attempts to reconnect before the run gives up; null: for ever. */
  readonly attempts: number | null;
  /** Rows of a table now; null while they are being counted. */
  readonly totalOf: (table: TableName) => number | null;
  readonly sample: () => LiveFigures;
}

/** Turns the reports of workers into log lines, and the figures of the run into the live line. */
export class RunLogger implements Omit<RunListener, 'sampled'> {
  readonly #parts: RunLoggerParts;
  readonly #folded = new Map<TableName, Record<Operation, number>>();
  readonly #samples: { at: number; events: number }[] = [];
  #folds: NodeJS.Timeout | null = null;
  #live: NodeJS.Timeout | null = null;

  constructor(parts: RunLoggerParts) {
    this.#parts = parts;
  }

  /** Begins the lines that come by themselves. */
  start(): void {
    if (!this.#parts.everyBatch) this.#folds = setInterval(() => this.#flush(), FOLD_MS);
    this.#live = setInterval(() => this.#draw(), LIVE_MS);
  }

  /** Writes the lines that are due, and ends. */
  stop(): void {
    if (this.#folds !== null) clearInterval(this.#folds);
    if (this.#live !== null) clearInterval(this.#live);
    this.#flush();
    this.#parts.status.clear();
  }

  written(rows: readonly WrittenRows[]): void {
    for (const written of rows) this.#fold(written);
    if (this.#parts.everyBatch) this.#flush();
  }

  report(worker: number, report: ProducerReport): void {
    const { log, messages } = this.#parts;
    switch (report.kind) {
      case 'ready':
      case 'committed':
        return;
      case 'rejected':
        log.warning(this.#rejection(report));
        return;
      case 'batch-refused': {
        const { table, events, failure } = report;
        const constraint = failure.constraint ?? messages.stream.unknownConstraint();
        const sqlstate = failure.sqlstate ?? '?';
        log.warning(messages.stream.batchRefused({ table, events, constraint, sqlstate }));
        return;
      }
      case 'retried': {
        const sqlstate = report.failure.sqlstate ?? '?';
        const setting = timeoutOf(report.failure);
        log.warning(messages.stream.retried({ worker, sqlstate, setting }));
        return;
      }
      case 'reconnecting':
        log.error(
          messages.stream.reconnecting({
            worker,
            seconds: report.waitMs / 1000,
            attempt: report.attempt,
            of: this.#parts.attempts,
            reason: reasonOf(report.failure),
          }),
        );
        return;
      case 'reconnected':
        log.info(messages.stream.reconnected({ worker, seconds: report.afterMs / 1000 }));
        return;
    }
  }

  workerDied(worker: number, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.log.error(this.#parts.messages.stream.workerDied({ worker, reason }));
  }

  #fold({ table, operation, count }: WrittenRows): void {
    const sums = this.#folded.get(table) ?? { insert: 0, update: 0, delete: 0 };
    sums[operation] += count;
    this.#folded.set(table, sums);
  }

  #flush(): void {
    const { log, messages, totalOf, batchSize } = this.#parts;
    for (const table of TABLE_NAMES) {
      const sums = this.#folded.get(table);
      if (sums === undefined) continue;
      log.info(
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
    if (sqlstate === SQLSTATE.UNIQUE_VIOLATION) return messages.stream.duplicate({ table, field });
    const kind = sqlstate.startsWith(SQLSTATE_CLASS.INTEGRITY_CONSTRAINT_VIOLATION)
      ? messages.stream.integrityError()
      : messages.stream.dataError();
    return messages.stream.rejected({ table, kind, field, sqlstate });
  }

  #draw(): void {
    const { messages, status, sample } = this.#parts;
    const { activeMs, remainingMs, targetRate, events, p99Ms, rejected, paused } = sample();
    status.show(
      messages.stream.live({
        elapsed: clockText(activeMs / 1000),
        remaining: remainingMs === null ? null : clockText(remainingMs / 1000),
        rate: this.#recentRate(events),
        target: targetRate === null ? null : Math.round(targetRate),
        events,
        p99: p99Ms,
        rejected,
        paused,
      }),
    );
  }

  #recentRate(events: number): number {
    const at = monotonicMs();
    this.#samples.push({ at, events });
    if (this.#samples.length > RATE_SAMPLES) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || at === first.at) return 0;
    return Math.round(((events - first.events) / (at - first.at)) * 1000);
  }
}

/** The server's message, after the name of the setting that caused it where there is one. */
function reasonOf(failure: Failure): string {
  const setting = timeoutOf(failure);
  return setting === null ? failure.message : `${setting}: ${failure.message}`;
}

/** 75 → 1:15, 3675 → 1:01:15. */
function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}
