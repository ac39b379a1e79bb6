import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Looked at five times a second: `pause` takes effect well within half a second. */
const POLL_MS = 200;

/** The file whose presence means: paused. It holds for every `stream` of the folder. */
export function sentinelPath(cwd: string): string {
  return join(cwd, '.paused');
}

/** Creates the sentinel; false when it was there already. */
export async function createSentinel(cwd: string): Promise<boolean> {
  if (existsSync(sentinelPath(cwd))) return false;
  await writeFile(sentinelPath(cwd), '');
  return true;
}

/** Removes the sentinel; false when there was none. */
export async function removeSentinel(cwd: string): Promise<boolean> {
  if (!existsSync(sentinelPath(cwd))) return false;
  await rm(sentinelPath(cwd), { force: true });
  return true;
}

/** Calls `onChange` with the present state and at every change. Returns what ends the watching. */
export function watchSentinel(cwd: string, onChange: (paused: boolean) => void): () => void {
  let paused: boolean | null = null;
  const look = () => {
    const now = existsSync(sentinelPath(cwd));
    if (now === paused) return;
    paused = now;
    onChange(now);
  };
  look();
  const timer = setInterval(look, POLL_MS);
  return () => clearInterval(timer);
}
