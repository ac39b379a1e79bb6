import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';

/** The machine that the program runs on. */
export interface Machine {
  /** `linux 6.8.0`. */
  readonly system: string;
  /** `x64`. */
  readonly architecture: string;
  /** Empty where the system does not name it. */
  readonly processor: string;
  /** Cores that the program may use. */
  readonly cores: number;
  readonly memory_bytes: number;
}

export function describeMachine(): Machine {
  return {
    system: `${platform()} ${release()}`,
    architecture: arch(),
    processor: cpus()[0]?.model.trim() ?? '',
    cores: availableParallelism(),
    memory_bytes: totalmem(),
  };
}
