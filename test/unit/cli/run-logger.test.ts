import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { Progress } from '../../../src/cli/progress/progress.js';
import { RunLogger } from '../../../src/cli/run-logger.js';
import type { ComponentLog } from '../../../src/log/logger.js';
import { createStatusLine } from '../../../src/log/status-line.js';
import { messagesIn } from '../../../src/messages/index.js';
import type { HazardReport } from '../../../src/run/protocol.js';
import { failure } from '../../helpers/failure.js';
import { hospital } from '../../helpers/hospital.js';

const FAILURE = failure('57P01', 'terminating connection due to administrator command');
const WORKERS = 5;

/** Runs `body` with a logger, and returns its lines: `E hint …` is for a terminal alone, `E …` for the others. */
function collect(body: (logger: RunLogger, pass: (ms: number) => void) => void): string[] {
  const lines: string[] = [];
  const levels = (mark: string) => ({
    debug: (line: string) => lines.push(`D ${mark}${line}`),
    info: (line: string) => lines.push(`I ${mark}${line}`),
    warning: (line: string) => lines.push(`W ${mark}${line}`),
    error: (line: string) => lines.push(`E ${mark}${line}`),
  });
  const log: ComponentLog = {
    ...levels(''),
    detail: levels('detail '),
    hint: (line, level = 'INFO') => lines.push(`${level[0]} hint ${line}`),
  };
  const status = createStatusLine({ write: () => undefined, on: () => undefined });
  mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  try {
    const logger = new RunLogger({
      runId: 'run',
      messages: messagesIn('en'),
      log,
      progress: new Progress({ form: 'none', status }),
      where: 'localhost:5432',
      workers: WORKERS,
      attempts: 5,
      stages: [],
      batchSize: 50,
      tables: hospital.tables.names,
      everyBatch: true,
      totalOf: () => null,
      sample: () => {
        throw new Error('nothing is shown');
      },
    });
    logger.start();
    body(logger, (ms) => mock.timers.tick(ms));
    logger.stop();
  } finally {
    mock.timers.reset();
  }
  return lines.map((line) => line.replace(/after [\d.]+ s/, 'after … s'));
}

function lose(logger: RunLogger, attempt: number, failure = FAILURE): void {
  for (let worker = 0; worker < WORKERS; worker++) {
    logger.report(worker, { kind: 'reconnecting', attempt, waitMs: 1000 * attempt, failure });
  }
}

test('a lost server is one line for all workers at a terminal, a line an attempt elsewhere, and one at the end', () => {
  const refused = { ...FAILURE, sqlstate: null, errno: 'ECONNREFUSED' };
  const lines = collect((logger) => {
    lose(logger, 1);
    lose(logger, 2, refused);
    lose(logger, 3, refused);
    for (let worker = 0; worker < WORKERS; worker++) {
      logger.report(worker, { kind: 'reconnected', afterMs: 1 });
    }
  });
  const reason = '[5 workers: nothing listens at localhost:5432 (ECONNREFUSED)]';
  assert.deepEqual(lines, [
    'E hint connection lost: terminated by an administrator (57P01) — 5 workers reconnecting',
    'E detail connection lost — reconnecting in 1s (attempt 1/5) [5 workers: terminated by an administrator (57P01)]',
    `E detail connection lost — reconnecting in 2s (attempt 2/5) ${reason}`,
    `E detail connection lost — reconnecting in 3s (attempt 3/5) ${reason}`,
    'I connected again after … s; 5 workers',
  ]);
});

test('a timed hazard is a line at once, those of batches are one line a second', () => {
  const hazard = (changes: Partial<HazardReport>): HazardReport => ({
    kind: 'hazard',
    name: 'huge',
    atMs: 0,
    lengthMs: 31.4,
    rows: 0,
    lsn: null,
    detail: null,
    ...changes,
  });
  const detail = { change: 'add-enum-value', table: 'sinais_vitais', stays: true };
  const lines = collect((logger) => {
    logger.report(5, hazard({ name: 'ddl', rows: 1, lsn: '0/16B3748', detail }));
    logger.sampled({ hazards: { copy: 2, rollback: 1_204, ddl: 1 } });
    logger.sampled({ hazards: { huge: 1 } });
    logger.sampled({});
    logger.report(6, hazard({ lengthMs: 2400, rows: 100_000 }));
    logger.report(6, { kind: 'hazard-failed', name: 'huge', failure: FAILURE });
  });
  assert.deepEqual(lines, [
    'I hazard ddl: add-enum-value of sinais_vitais, which stays, 1 row, 31 ms, LSN 0/16B3748',
    'D hazards: rollback 1,204, copy 2',
    'I hazard huge: 100,000 rows, 2.4 s',
    'W hazard huge: terminated by an administrator (57P01) — rolled back; it tries again next time',
  ]);
});

test('a loss that ends at once, or with the run, is logged all the same', () => {
  const short = collect((logger) => {
    logger.report(0, { kind: 'reconnecting', attempt: 1, waitMs: 10, failure: FAILURE });
    logger.report(0, { kind: 'reconnected', afterMs: 10 });
  });
  assert.equal(short.length, 3);
  assert.match(short[0] ?? '', /^E hint connection lost: .* 1 worker reconnecting$/);
  const two = (logger: RunLogger) => {
    for (const worker of [3, 4]) {
      logger.report(worker, { kind: 'reconnecting', attempt: 1, waitMs: 10, failure: FAILURE });
    }
  };
  const last = collect(two);
  assert.match(last[0] ?? '', / 2 workers reconnecting$/);
  const waited = collect((logger, pass) => {
    two(logger);
    pass(1000);
    two(logger);
  });
  assert.deepEqual(waited, last);
});

test('rejected rows are named by the condition; of a flood there are three lines and sums', () => {
  const failure = { ...FAILURE, class: 'light', sqlstate: '23505' } as const;
  const lines = collect((logger, pass) => {
    for (let row = 0; row < 100; row++) {
      logger.report(row % WORKERS, {
        kind: 'rejected',
        table: 'pacientes',
        operation: 'insert',
        field: 'cpf',
        failure,
      });
    }
    pass(500);
    logger.report(0, {
      kind: 'rejected',
      table: 'exames',
      operation: 'insert',
      field: null,
      failure: { ...failure, sqlstate: '22001' },
    });
    logger.report(1, { kind: 'retried', failure: { ...failure, sqlstate: '40001' } });
  });
  const duplicate = 'pacientes: unique_violation cpf=*** duplicated — row skipped';
  assert.deepEqual(lines, [
    ...Array.from({ length: 3 }, () => `W ${duplicate}`),
    'W exames: string_data_right_truncation field=*** (22001) — row skipped',
    'W worker 1: conflict between transactions (40001) — repeating the batch',
    `W … 97 more like it: ${duplicate}`,
  ]);
});
