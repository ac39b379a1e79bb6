import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VerificationDocument } from '../src/verify/verdict/document.js';
import { type Finding, Measurements } from './measure.js';
import { CLI } from './server.js';
import { ROWS, SIMULATION, writeLedger } from './simulated-stream.js';
import { usageOf } from './usage.js';

const RUN = 'simulated';
/** Lines that JSON.parse is measured with. */
const SAMPLE_LINES = 200_000;

export interface VerifyOptions {
  readonly rounds: number;
  /** Transactions of ROWS rows each: of the rounds, and of one round after them. */
  readonly transactions: number;
  readonly most: number;
}

/**
 * `verify` of a simulated run from a pipe of Debezium's JSON: peak memory, and events per second of processor time and
 * of the clock. The writer of the pipe uses the other core.
 */
export async function benchVerify({
  rounds,
  transactions,
  most,
}: VerifyOptions): Promise<Finding[]> {
  return [...(await benchSize(rounds, transactions)), ...(await benchSize(1, most))];
}

async function benchSize(rounds: number, transactions: number): Promise<Finding[]> {
  const rates = new Measurements('events/s of processor time');
  const speeds = new Measurements('events/s');
  const sizes = new Measurements('MB');
  const folder = mkdtempSync(join(tmpdir(), 'oltp-simulator-bench-'));
  try {
    writeLedger(join(folder, 'logs', 'runs', RUN), transactions);
    for (let round = 0; round < rounds; round++) {
      const { events, cpuSeconds, seconds, peakMb } = await verifyOnce(folder, transactions);
      rates.note('verify', events / cpuSeconds);
      speeds.note('verify', events / seconds);
      sizes.note('verify', peakMb);
      const parsed = await parseRates();
      rates.note('JSON.parse', parsed.ofProcessor);
      speeds.note('JSON.parse', parsed.byClock);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const input = `${transactions} transactions, ${transactions * ROWS} events, from a pipe`;
  const ours = rates.series('verify', 'verify');
  return [
    { what: `verify, a second of one core: ${input}`, ours, peer: null, least: 200_000 },
    {
      what: 'verify beside JSON.parse alone of the same lines, by processor time',
      ours,
      peer: rates.series('JSON.parse', 'JSON.parse'),
      least: 0.95,
    },
    {
      what: 'the same by the clock',
      ours: speeds.series('verify', 'verify'),
      peer: speeds.series('JSON.parse', 'JSON.parse'),
      least: 1.3,
    },
    {
      what: `peak memory of verify: ${input}`,
      ours: sizes.series('verify', 'verify'),
      peer: null,
      most: 300,
    },
  ];
}

async function verifyOnce(folder: string, transactions: number) {
  const source = spawn(process.execPath, [SIMULATION, String(transactions)], {
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
  const { stdout, cpuSeconds, seconds, peakMb } = await usageOf(verify);
  const { verdict, events } = JSON.parse(stdout) as VerificationDocument;
  if (verdict !== 'exact') throw new Error(`the simulated stream is ${verdict}: ${stdout}`);
  return { events: events.delivered, cpuSeconds, seconds, peakMb };
}

/** Lines that JSON.parse alone reads per second of processor time, and of the clock: a bound for any reader built on it. */
async function parseRates() {
  const source = spawn(process.execPath, [SIMULATION, String(SAMPLE_LINES / ROWS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of source.stdout) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
  const began = performance.now();
  const before = process.cpuUsage();
  for (const line of lines) JSON.parse(line);
  const { user, system } = process.cpuUsage(before);
  const seconds = (performance.now() - began) / 1000;
  return { ofProcessor: lines.length / ((user + system) / 1e6), byClock: lines.length / seconds };
}
