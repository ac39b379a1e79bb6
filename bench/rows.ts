import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VerificationDocument } from '../src/verify/verdict/document.js';
import { type Finding, Measurements } from './measure.js';
import { CLI } from './server.js';
import { INSERTS, MIX, writeMixLedger } from './simulated-mix.js';
import { usageOf } from './usage.js';

const RUN = 'simulated';
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
      const { share, events, cpuSeconds, peakMb } = await verifyOnce(folder, transactions);
      shares.note('followed', share);
      rates.note('verify', events / cpuSeconds);
      sizes.note('verify', peakMb);
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

async function verifyOnce(folder: string, transactions: number) {
  const source = spawn(process.execPath, [MIX, String(transactions)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const args = ['verify', RUN, '--source', 'ndjson:-', '--json'];
  const verify = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'WARNING' },
    stdio: [source.stdout, 'pipe', 'inherit'],
  });
  // The child reads the pipe. Data that this process read from it would be missing there.
  source.stdout.destroy();
  const { stdout, cpuSeconds, peakMb } = await usageOf(verify);
  const { verdict, events, rows } = JSON.parse(stdout) as VerificationDocument;
  if (verdict !== 'exact') throw new Error(`the simulated stream is ${verdict}: ${stdout}`);
  return { share: rows.sample, events: events.delivered, cpuSeconds, peakMb };
}
