import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, Measurements } from './measure.js';
import { findTool, libpqEnvironment, run } from './peers.js';
import type { BenchServer } from './server.js';
import { SINGLE_INSERT } from './stream.js';

const RATE = 500;
const CONNECTIONS = 4;

export interface PacingOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** `--rate 500`, one event a transaction, beside `pgbench -R 500`: error of the rate, and lag of the schedule. */
export async function benchPacing(
  server: BenchServer,
  { rounds, seconds }: PacingOptions,
): Promise<Finding[]> {
  await server.reset();
  await server.cli(['seed', '--scale', '10'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  const rates = new Measurements('% off the rate');
  const lags = new Measurements('ms, p99');
  const pgbench = findTool('pgbench');
  for (let round = 0; round < rounds; round++) {
    const summary = await server.stream([
      ...['--rate', String(RATE), '--duration', `${seconds}s`],
      ...['--workers', String(CONNECTIONS), '--batch-size', '1', '--only', 'consulta'],
      ...['--update-ratio', '0', '--delete-ratio', '0'],
    ]);
    rates.note('stream', (Math.abs(summary.achieved_rate - RATE) / RATE) * 100);
    lags.note('stream', summary.latency_ms.lag.p99 ?? Number.NaN);
    if (pgbench !== null) lags.note('pgbench', await pgbenchLag(server, pgbench, seconds));
  }
  const load = `--rate ${RATE}, ${seconds} s`;
  return [
    { what: `${load}: rate error`, ours: rates.series('stream', 'stream'), peer: null, most: 0.1 },
    {
      what: `${load}: schedule lag`,
      ours: lags.series('stream', 'stream'),
      peer: lags.series('pgbench', `pgbench -R ${RATE}`),
      most: 1,
    },
  ];
}

/** p99 of pgbench's schedule lag in ms, from its log of every transaction. */
async function pgbenchLag(server: BenchServer, pgbench: string, seconds: number): Promise<number> {
  const file = join(server.folder, 'single.sql');
  writeFileSync(file, SINGLE_INSERT);
  const prefix = `lag-${Date.now()}`;
  await run(
    pgbench,
    [
      ...['-n', '-M', 'prepared', '-c', String(CONNECTIONS), '-j', '2', '-T', String(seconds)],
      ...['-R', String(RATE), '-l', `--log-prefix=${prefix}`, '-f', file],
      ...['-D', 'patients=20000', '-D', 'doctors=2000'],
    ],
    { env: libpqEnvironment(server.target), cwd: server.folder },
  );
  const lags = readdirSync(server.folder)
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => readFileSync(join(server.folder, name), 'utf8').trim().split('\n'))
    // The last field is the lag in microseconds.
    .map((line) => Number(line.split(' ').at(-1)))
    .sort((a, b) => a - b);
  return (lags[Math.ceil(lags.length * 0.99) - 1] ?? Number.NaN) / 1000;
}
