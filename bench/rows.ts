import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, Measurements } from './measure.js';
import { INSERTS, MIX, writeMixLedger } from './simulated-mix.js';
import { RUN } from './simulated-run.js';
import { verifyPiped } from './verify-process.js';

/** Peak memory of `verify` with its default of 128 MB. */
const MOST_MB = 300;

export interface RowsOptions {
  readonly rounds: number;
  /** Rows that the run inserts. */
  readonly rows: number;
}

/**
 * `verify` of a simulated run of the default mix, with the default memory, from a pipe: the share of the rows that it
 * follows from their first event to the last, its processor time an event, and its peak memory.
 */
export async function benchRows({ rounds, rows }: RowsOptions): Promise<Finding[]> {
  const shares = new Measurements('of the rows');
  const rates = new Measurements('events/s');
  const sizes = new Measurements('MB');
  const transactions = Math.ceil(rows / INSERTS);
  const folder = mkdtempSync(join(tmpdir(), 'oltp-simulator-bench-'));
  try {
    writeMixLedger(join(folder, 'logs', 'runs', RUN), transactions);
    for (let round = 0; round < rounds; round++) {
      const { usage, found } = await verifyPiped(folder, MIX, transactions);
      shares.note('followed', found.rows.sample);
      rates.note('verify', found.events.delivered / usage.cpuSeconds);
      sizes.note('verify', usage.peakMb);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const input = `default mix, ${rows} rows, default memory`;
  return [
    {
      what: `rows that verify follows: ${input}`,
      ours: shares.series('followed', 'followed'),
      peer: null,
      least: 1,
    },
    {
      what: `verify, a second of one core: ${input}`,
      ours: rates.series('verify', 'verify'),
      peer: null,
    },
    {
      what: `peak memory of verify: ${input}`,
      ours: sizes.series('verify', 'verify'),
      peer: null,
      most: MOST_MB,
    },
  ];
}
