import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Clock ticks in a second, the unit of processor time in /proc. */
const TICKS = 100;
/** Milliseconds between two samples of a process. */
const SAMPLE_MS = 50;

/** A process that ended. */
export interface Usage {
  readonly stdout: string;
  /** By the clock. */
  readonly seconds: number;
  /** Processor time of all its threads. */
  readonly cpuSeconds: number;
  /** Peak resident memory. */
  readonly peakMb: number;
}

/** Waits for a process and measures it, up to the last sample before its end. Rejects unless it exits with `code`. */
export async function usageOf(child: ChildProcess, code = 0): Promise<Usage> {
  const began = process.hrtime.bigint();
  let cpuSeconds = 0;
  let peakMb = 0;
  const sampling = setInterval(() => {
    try {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      // Fields 14 and 15 of proc(5), the first two being before the parenthesis.
      cpuSeconds = (Number(stat[11]) + Number(stat[12])) / TICKS;
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // The process has ended.
    }
  }, SAMPLE_MS);
  let stdout = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  const exit = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  }).finally(() => clearInterval(sampling));
  if (exit !== code) throw new Error(`${child.spawnargs.join(' ')} ended with ${exit}: ${stdout}`);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  return { stdout, seconds, cpuSeconds, peakMb };
}
