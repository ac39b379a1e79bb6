import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, ownStamp } from '../lib/process-stamp.js';

let entered = 0;

/**
 * The commands that use a server, each as a file with the stamp of its process. The last one to leave stops the
 * server, no matter which one started it. Call it only under the server's lock.
 */
export class EmbeddedUsers {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Registers this process. Returns the function that removes it. */
  enter(): () => void {
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, `${process.pid}-${++entered}`);
    writeFileSync(file, ownStamp());
    return () => rmSync(file, { force: true });
  }

  /** Counts the users, and removes those whose process has died. */
  count(): number {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    const alive = files.filter((file) => isRunning(readFileSync(file, 'utf8')));
    for (const file of files) if (!alive.includes(file)) rmSync(file, { force: true });
    return alive.length;
  }
}
