import type { ResourceLimits } from 'node:worker_threads';

/** Flags of the process that threads keep; V8's own would be refused. */
const KEPT_FLAGS = ['--enable-source-maps'];

/** Options of a thread. `youngMb`: V8's young generation, in megabytes. */
export function threadOptions(youngMb: number): {
  readonly execArgv: string[];
  readonly resourceLimits: ResourceLimits;
} {
  return {
    execArgv: process.execArgv.filter((flag) => KEPT_FLAGS.includes(flag)),
    resourceLimits: { maxYoungGenerationSizeMb: youngMb },
  };
}
