import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `pause` takes effect well within half a second. */
const POLL_MS = 200;

/** The file that pauses every `stream` of the folder while it exists. */
function sentinelPath(cwd: string): string {
  return join(cwd, '.paused');
}

/** Creates the sentinel; false if it existed. */
export async function createSentinel(cwd: string): Promise<boolean> {
  if (existsSync(sentinelPath(cwd))) return false;
  await writeFile(sentinelPath(cwd), '');
  return true;
}

/** Removes the sentinel; false if there was none. */
export async function removeSentinel(cwd: string): Promise<boolean> {
  if (!existsSync(sentinelPath(cwd))) return false;
  await rm(sentinelPath(cwd), { force: true });
  return true;
}

/** Calls `onChange` at once, and again at every change. Returns a function that ends the watch. */
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
