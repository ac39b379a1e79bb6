import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Finding, Measurements } from './measure.js';
import type { BenchServer } from './server.js';

export interface LedgerOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** Bytes a row: its key in about six, its two fingerprints in at most sixteen. */
const MOST_BYTES = 22;

const LOADS: Readonly<Record<string, readonly string[]>> = {
  consultas: ['--only', 'consulta', '--update-ratio', '0', '--delete-ratio', '0'],
  'default mix': [],
};

/** `stream --rate max` with its ledger and without, in turn, and the size of the ledger. */
export async function benchLedger(
  server: BenchServer,
  { rounds, seconds }: LedgerOptions,
): Promise<Finding[]> {
  await server.reset();
  await server.cli(['seed', '--scale', '10'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  await server.keep();
  const rates = new Measurements('rows/s');
  const sizes = new Measurements('B a row');
  for (let round = 0; round < rounds; round++) {
    for (const [load, args] of Object.entries(LOADS)) {
      // The contender that runs first in a round runs second in the next one.
      const turns = round % 2 === 0 ? [true, false] : [false, true];
      for (const ledger of turns) {
        await server.restore();
        const { achieved_rate, events, run_id } = await server.stream([
          ...['--rate', 'max', '--workers', '4', '--batch-size', '50'],
          ...['--duration', `${seconds}s`, ...args, ...(ledger ? [] : ['--no-ledger'])],
        ]);
        rates.note(`${load}${ledger ? '' : ', no ledger'}`, achieved_rate);
        if (ledger) sizes.note(load, ledgerBytes(server, run_id) / events);
      }
    }
  }
  return Object.keys(LOADS).flatMap((load): Finding[] => [
    {
      what: `stream with a ledger, ${load}, batch 50`,
      ours: rates.series(load, 'with'),
      peer: rates.series(`${load}, no ledger`, 'without'),
      least: 0.95,
    },
    {
      what: `ledger, ${load}, batch 50`,
      ours: sizes.series(load, 'on disk'),
      peer: null,
      most: MOST_BYTES,
    },
  ]);
}

function ledgerBytes({ folder }: BenchServer, run: string): number {
  const ledger = join(folder, 'logs', 'runs', run, 'ledger');
  return readdirSync(ledger).reduce((sum, name) => sum + statSync(join(ledger, name)).size, 0);
}
