import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VerificationDocument } from '../src/verify/verdict/document.js';
import { type Finding, Measurements } from './measure.js';
import { SIMULATION, writeLedger } from './simulated-stream.js';

const CLI = fileURLToPath(new URL('../src/cli.js', import.meta.url));
const RUN = 'simulated';
/** Clock ticks in a second, the unit of processor time in /proc. */
const TICKS = 100;
/** Milliseconds between two samples of a process. */
const SAMPLE_MS = 100;
/** Lines that JSON.parse is measured with. */
const SAMPLE_LINES = 200_000;

export interface VerifyOptions {
  readonly rounds: number;
  /** Transactions of 50 rows each. */
  readonly transactions: number;
}

/**
 * `verify` of a simulated run from a pipe of Debezium's JSON: peak memory, and events per second of processor time,
 * since the writer of the pipe uses the other core.
 */
export async function benchVerify({ rounds, transactions }: VerifyOptions): Promise<Finding[]> {
  const rates = new Measurements('events/s');
  const sizes = new Measurements('MB');
  const folder = mkdtempSync(join(tmpdir(), 'oltp-simulator-bench-'));
  try {
    writeLedger(join(folder, 'logs', 'runs', RUN), transactions);
    for (let round = 0; round < rounds; round++) {
      const { events, cpuSeconds, peakMb } = await verifyOnce(folder, transactions);
      rates.note('verify', events / cpuSeconds);
      sizes.note('verify', peakMb);
      rates.note('JSON.parse', await parseRate());
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const input = `${transactions} transactions, ${transactions * 50} events, from a pipe`;
  const ours = rates.series('verify', 'verify');
  return [
    { what: `verify, a second of one core: ${input}`, ours, peer: null, least: 200_000 },
    {
      what: 'verify beside JSON.parse alone of the same lines',
      ours,
      peer: rates.series('JSON.parse', 'JSON.parse'),
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
  let cpuSeconds = 0;
  let peakMb = 0;
  const sampling = setInterval(() => {
    try {
      const stat =
        readFileSync(`/proc/${verify.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // Fields 14 and 15 of proc(5), the first two being before the parenthesis.
      cpuSeconds = (Number(stat[11]) + Number(stat[12])) / TICKS;
      const status = readFileSync(`/proc/${verify.pid}/status`, 'utf8');
      peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // The process has ended.
    }
  }, SAMPLE_MS);
  let stdout = '';
  for await (const chunk of verify.stdout) stdout += chunk;
  clearInterval(sampling);
  const { verdict, events } = JSON.parse(stdout) as VerificationDocument;
  if (verdict !== 'exact') throw new Error(`the simulated stream is ${verdict}: ${stdout}`);
  return { events: events.delivered, cpuSeconds, peakMb };
}

/** Lines that JSON.parse alone reads per second of processor time: a bound for any reader built on it. */
async function parseRate(): Promise<number> {
  const source = spawn(process.execPath, [SIMULATION, String(SAMPLE_LINES / 50)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  for await (const chunk of source.stdout) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
  const before = process.cpuUsage();
  for (const line of lines) JSON.parse(line);
  const { user, system } = process.cpuUsage(before);
  return lines.length / ((user + system) / 1e6);
}
