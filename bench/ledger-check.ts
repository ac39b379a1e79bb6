import { type Finding, Measurements } from './measure.js';
import type { BenchServer } from './server.js';
import { usageOf } from './usage.js';

export interface LedgerCheckOptions {
  readonly rounds: number;
  /** Changes of the run. */
  readonly changes: number;
}

/** Changes of the ledger that are compared in a second. */
const LEAST_RATE = 1_000_000;
/** Peak memory, in MB. */
const MOST_MB = 118;

/**
 * `ledger check` of a run in the default mix, beside the database that it wrote: changes a second by the clock, and by
 * the processor time of the program alone; its peak memory.
 */
export async function benchLedgerCheck(
  server: BenchServer,
  { rounds, changes }: LedgerCheckOptions,
): Promise<Finding[]> {
  await server.reset();
  await server.cli(['seed', '--scale', '10'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  const { run_id: run, events } = await server.stream([
    ...['--rate', 'max', '--workers', '4', '--batch-size', '50'],
    ...['--max-events', String(changes)],
  ]);
  await server.settle();
  const rates = new Measurements('changes/s');
  const sizes = new Measurements('MB');
  for (let round = 0; round < rounds; round++) {
    const usage = await usageOf(server.spawn(['ledger', 'check', run, '--json']));
    rates.note('clock', events / usage.seconds);
    rates.note('processor', events / usage.cpuSeconds);
    sizes.note('ledger check', usage.peakMb);
  }
  const input = `default mix, ${changes} changes`;
  return [
    {
      what: `ledger check, by the clock: ${input}`,
      ours: rates.series('clock', 'ledger check'),
      peer: null,
      least: LEAST_RATE,
    },
    {
      what: `ledger check, a second of one core: ${input}`,
      ours: rates.series('processor', 'ledger check'),
      peer: null,
    },
    {
      what: `peak memory of ledger check: ${input}`,
      ours: sizes.series('ledger check', 'ledger check'),
      peer: null,
      most: MOST_MB,
    },
  ];
}
