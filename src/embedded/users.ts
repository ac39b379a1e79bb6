import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, ownStamp } from './process-stamp.js';

let entered = 0;

/**
 * The commands that use a server, each a file with the stamp of its process: the last one to leave
 * stops the server, whoever started it. To be called under the server's lock.
 */
export class EmbeddedUsers {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Counts this process in; the function that is returned counts it out. */
  enter(): () => void {
    mkdirSync(this.#folder, { recursive: true });
    const file = join(this.#folder, `${process.pid}-${++entered}`);
    writeFileSync(file, ownStamp());
    return () => rmSync(file, { force: true });
  }

  /** How many are left; those that died without leaving are swept away. */
  count(): number {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    const alive = files.filter((file) => isRunning(readFileSync(file, 'utf8')));
    for (const file of files) if (!alive.includes(file)) rmSync(file, { force: true });
    return alive.length;
  }
}
