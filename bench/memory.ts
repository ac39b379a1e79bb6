import { type Finding, Measurements } from './measure.js';
import type { BenchServer } from './server.js';

export interface MemoryOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Patients in the small database and in the large one. */
  readonly patients: readonly [number, number];
  /** Workers of the small run and of the large one. */
  readonly workers: readonly [number, number];
}

/** The peak memory of `stream --rate max`, with few patients and with many; and how much of it a further worker takes. */
export async function benchMemory(
  server: BenchServer,
  { rounds, seconds, patients, workers }: MemoryOptions,
): Promise<Finding[]> {
  const measured = new Measurements('MB');
  const [least, most] = workers;
  for (const count of patients) {
    await server.fillPatients(count);
    for (let round = 0; round < rounds; round++) {
      const peak = await server.peakMemory(seconds, least);
      measured.note(String(count), peak);
      if (count !== patients[0]) continue;
      const larger = await server.peakMemory(seconds, most);
      measured.note('worker', (larger - peak) / (most - least));
    }
  }
  const [few, many] = patients;
  const large = measured.series(String(many), `${many} patients`);
  return [
    { what: `peak memory of stream, ${least} workers`, ours: large, peer: null, most: 300 },
    {
      what: `peak memory of stream, ${least} workers`,
      ours: large,
      peer: measured.series(String(few), `${few} patients`),
      most: 1.15,
    },
    {
      what: `memory of a further worker, from ${least} to ${most}`,
      ours: measured.series('worker', 'stream'),
      peer: null,
      most: 10,
    },
  ];
}
