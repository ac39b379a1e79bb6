import { readFileSync } from 'node:fs';

/** Where the start time stands among the fields of `/proc/<pid>/stat` that follow the name. */
const STATE_FIELD = 0;
const START_FIELD = 19;

/**
 * A text that names a running process; null when there is none of that number. On Linux it holds the
 * start time too, so that a number given out again (in a container, after every start) is not taken
 * for the process that had it before. Elsewhere it is the number alone.
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
    // Any other refusal means that it runs, under another account.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  return String(pid);
}

/** Whether the process that a stamp names still runs. */
export function isRunning(stamp: string): boolean {
  const pid = Number.parseInt(stamp, 10);
  return Number.isSafeInteger(pid) && pid > 0 && stampOf(pid) === stamp.trim();
}

/** The stamp of this process. */
export function ownStamp(): string {
  return stampOf(process.pid) ?? String(process.pid);
}
