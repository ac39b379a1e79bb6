import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, Measurements } from './measure.js';
import { verifyPiped } from './piped-verify.js';
import { CHANGES, RUN } from './simulated-run.js';
import { SIMULATION, writeLedger } from './simulated-stream.js';

/** Lines that JSON.parse is measured with. */
const SAMPLE_LINES = 200_000;

export interface VerifyOptions {
  readonly rounds: number;
  /** Transactions of CHANGES events each: of the rounds, and of one round after them. */
  readonly transactions: number;
  readonly most: number;
}

/**
 * `verify` of a simulated run from a pipe of Debezium's JSON: peak memory, and events per second of processor time and
 * of the clock. Another process writes the pipe, on the other core.
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
      const { usage, found } = await verifyPiped(folder, SIMULATION, transactions);
      rates.note('verify', found.events.delivered / usage.cpuSeconds);
      speeds.note('verify', found.events.delivered / usage.seconds);
      sizes.note('verify', usage.peakMb);
      const parsed = await parseRates();
      rates.note('JSON.parse', parsed.ofProcessor);
      speeds.note('JSON.parse', parsed.byClock);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const input = `${transactions} transactions, ${transactions * CHANGES} events, from a pipe`;
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

/** Lines that JSON.parse alone reads per second of processor time, and of the clock: a bound for any reader built on it. */
async function parseRates() {
  const source = spawn(process.execPath, [SIMULATION, String(SAMPLE_LINES / CHANGES)], {
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
