import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finding, Measurements } from './measure.js';
import { CHANGES, RUN } from './simulated-run.js';
import { SIMULATION, writeLedger } from './simulated-stream.js';
import { verifyFile, verifyPiped } from './verify-process.js';

const EVENTS = 'events.ndjson';
/** Megabytes that a process may take at most, however long the stream is. */
const MOST_MB = 300;
/** Lines that JSON.parse is measured with. */
const SAMPLE_LINES = 200_000;

export interface VerifyOptions {
  readonly rounds: number;
  /** Transactions of CHANGES rows each: of the rounds, and of one round after them. */
  readonly transactions: number;
  readonly most: number;
}

/**
 * `verify` of a simulated run of Debezium's JSON: from a pipe, on one thread, events per second of processor time and
 * peak memory; from a file, which has a thread of its own for decoding, events per second of the clock. The writer of a
 * pipe uses the other core, so that its clock tells nothing.
 */
export async function benchVerify({
  rounds,
  transactions,
  most,
}: VerifyOptions): Promise<Finding[]> {
  return [...(await benchSize(rounds, transactions, true)), ...(await benchSize(1, most, false))];
}

/** @param withFile whether to measure from a file, too: it has some 700 bytes an event */
async function benchSize(
  rounds: number,
  transactions: number,
  withFile: boolean,
): Promise<Finding[]> {
  const rates = new Measurements('events/s of processor time');
  const speeds = new Measurements('events/s');
  const sizes = new Measurements('MB');
  const folder = mkdtempSync(join(tmpdir(), 'oltp-simulator-bench-'));
  try {
    writeLedger(join(folder, 'logs', 'runs', RUN), transactions);
    if (withFile) await writeFile(folder, transactions);
    for (let round = 0; round < rounds; round++) {
      const { usage, found } = await verifyPiped(folder, SIMULATION, transactions);
      rates.note('verify', found.events.delivered / usage.cpuSeconds);
      sizes.note('verify', usage.peakMb);
      const parsed = await parseRates();
      rates.note('JSON.parse', parsed.ofProcessor);
      if (!withFile) continue;
      const filed = await verifyFile(folder, EVENTS);
      speeds.note('verify', filed.found.events.delivered / filed.usage.seconds);
      sizes.note('file', filed.usage.peakMb);
      speeds.note('JSON.parse', parsed.byClock);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const input = `${transactions} transactions, ${transactions * CHANGES} events`;
  const ours = rates.series('verify', 'verify');
  const ofPipe: Finding[] = [
    {
      what: `verify, a second of one core: ${input}, from a pipe`,
      ours,
      peer: null,
      least: 200_000,
    },
    {
      what: 'verify beside JSON.parse alone of the same lines, by processor time',
      ours,
      peer: rates.series('JSON.parse', 'JSON.parse'),
      least: 0.95,
    },
    {
      what: `peak memory of verify: ${input}, from a pipe`,
      ours: sizes.series('verify', 'verify'),
      peer: null,
      most: MOST_MB,
    },
  ];
  if (!withFile) return ofPipe;
  return [
    ...ofPipe,
    {
      what: `verify beside JSON.parse alone of the same lines, by the clock: ${input}, from a file`,
      ours: speeds.series('verify', 'verify'),
      peer: speeds.series('JSON.parse', 'JSON.parse'),
      least: 1.3,
    },
    {
      what: 'peak memory of verify, from the file',
      ours: sizes.series('file', 'verify'),
      peer: null,
      most: MOST_MB,
    },
  ];
}

/** Writes the events of the simulated run to a file. */
async function writeFile(folder: string, transactions: number): Promise<void> {
  const file = openSync(join(folder, EVENTS), 'w');
  const writer = spawn(process.execPath, [SIMULATION, String(transactions)], {
    stdio: ['ignore', file, 'inherit'],
  });
  const [code] = await once(writer, 'exit');
  closeSync(file);
  if (code !== 0) throw new Error(`the writer of the events ended with ${code}`);
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
