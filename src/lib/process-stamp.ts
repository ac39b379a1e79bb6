import { readFileSync } from 'node:fs';

/** Indexes of state and start time in `/proc/<pid>/stat`, among the fields after the name. */
const STATE_FIELD = 0;
const START_FIELD = 19;

/**
 * A text that identifies a running process; null if the pid is not running. On Linux it includes the start time,
 * because a pid is reused (in a container, after every start). Elsewhere it is the pid alone.
 */
export function stampOf(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[STATE_FIELD] === 'Z' ? null : `${pid} ${fields[START_FIELD]}`;
    } catch {
      return null;
    }
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another error means that it runs, under another account.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  return String(pid);
}

/** Whether the process of a stamp is still running. */
export function isRunning(stamp: string): boolean {
  const pid = Number.parseInt(stamp, 10);
  return Number.isSafeInteger(pid) && pid > 0 && stampOf(pid) === stamp.trim();
}

/** The stamp of this process. */
export function ownStamp(): string {
  return stampOf(process.pid) ?? String(process.pid);
}
