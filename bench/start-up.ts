import { type Finding, Measurements } from './measure.js';
import { run } from './peers.js';
import { type BenchServer, CLI } from './server.js';

export interface StartUpOptions {
  readonly rounds: number;
  /** Patients in the database when `stream` starts. */
  readonly patients: number;
}

/** Time until `stream` has committed its first batch, and until `--help` has ended. */
export async function benchStartUp(
  server: BenchServer,
  { rounds, patients }: StartUpOptions,
): Promise<Finding[]> {
  await server.fillPatients(patients);
  const firsts = new Measurements('s');
  const helps = new Measurements('s');
  for (let round = 0; round < rounds; round++) {
    firsts.note('stream', await server.firstCommit());
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
      what: '--help',
      ours: helps.series('help', 'oltp-simulator --help'),
      peer: helps.series('node', 'node -e 0'),
      most: 3,
    },
  ];
}
