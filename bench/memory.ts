import { type Finding, Measurements } from './measure.js';
import type { BenchServer } from './server.js';

export interface MemoryOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Patients in the small database and in the large one. */
  readonly patients: readonly [number, number];
}

/** The peak memory of `stream --rate max`, with few patients and with many. */
export async function benchMemory(
  server: BenchServer,
  { rounds, seconds, patients }: MemoryOptions,
): Promise<Finding[]> {
  const measured = new Measurements('MB');
  for (const count of patients) {
    await server.fillPatients(count);
    for (let round = 0; round < rounds; round++) {
      measured.note(String(count), await server.peakMemory(seconds));
    }
  }
  const [few, many] = patients;
  const large = measured.series(String(many), `${many} patients`);
  return [
    { what: 'peak memory of stream, 4 workers', ours: large, peer: null, most: 300 },
    {
      what: 'peak memory of stream, 4 workers',
      ours: large,
      peer: measured.series(String(few), `${few} patients`),
      most: 1.15,
    },
  ];
}
