import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ledgerFiles, ledgerFolder } from '../src/ledger/folder.js';
import type { CommittedRecord, LedgerHeader } from '../src/ledger/format.js';
import { runPath } from '../src/runs/folder.js';
import { type Finding, Measurements } from './measure.js';
import { run } from './peers.js';
import { type BenchServer, CLI } from './server.js';

export interface StartUpOptions {
  readonly rounds: number;
  /** Patients in the database when `stream` starts. */
  readonly patients: number;
  /** Workers of the large run. */
  readonly workers: number;
}

/** A run of many workers commits for so long: each of them gets its turn. */
const SECONDS = 10;

/**
 * Time until `stream` has committed its first batch, with its usual workers and with many, until each of the many has,
 * and until `--help` has ended.
 */
export async function benchStartUp(
  server: BenchServer,
  { rounds, patients, workers }: StartUpOptions,
): Promise<Finding[]> {
  await server.fillPatients(patients);
  const firsts = new Measurements('s');
  const helps = new Measurements('s');
  for (let round = 0; round < rounds; round++) {
    firsts.note('stream', await server.firstCommit());
    const { first, all } = await commitTimes(server, workers);
    firsts.note('first of many', first);
    firsts.note('all of many', all);
    helps.note('help', (await run(process.execPath, [CLI, '--help'])).seconds);
    helps.note('node', (await run(process.execPath, ['-e', '0'])).seconds);
  }
  return [
    {
      what: `first commit, ${patients} patients`,
      ours: firsts.series('stream', 'stream'),
      peer: null,
      most: 1.2,
    },
    {
      what: `first commit of ${workers} workers`,
      ours: firsts.series('first of many', 'stream'),
      peer: null,
      most: 2.5,
    },
    {
      what: `until each of ${workers} workers has committed`,
      ours: firsts.series('all of many', 'stream'),
      peer: null,
    },
    {
      what: '--help',
      ours: helps.series('help', 'oltp-simulator --help'),
      peer: helps.series('node', 'node -e 0'),
      most: 3,
    },
  ];
}

/** Seconds from starting `stream --rate max` to its first commit, and until each worker has committed, by its ledger. */
async function commitTimes(
  server: BenchServer,
  workers: number,
): Promise<{ readonly first: number; readonly all: number }> {
  const began = Date.now();
  const args = ['--rate', 'max', '--workers', String(workers), '--duration', `${SECONDS}s`];
  const { run_id } = await server.stream(args);
  const ledger = ledgerFolder(runPath(join(server.folder, 'logs'), run_id));
  const times = ledgerFiles(ledger).map((file) => (firstCommitted(file) - began) / 1000);
  return { first: Math.min(...times), all: Math.max(...times) };
}

/** When the server answered the first COMMIT of a ledger's file, in milliseconds since 1970. */
function firstCommitted(file: string): number {
  const [header = '', ...records] = readFileSync(file, 'utf8').split('\n');
  const committed = records.find((line) => line.startsWith('{"committed":'));
  if (committed === undefined) throw new Error(`${file}: its worker committed nothing`);
  const { started } = JSON.parse(header) as LedgerHeader;
  return Date.parse(started) + (JSON.parse(committed) as CommittedRecord).at;
}
