import { fstatSync, writeSync } from 'node:fs';

const STDOUT = 1;

/**
 * Writes results to stdout, and keeps the error if that failed: a result that is lost, or cut off, must not look like
 * a success. A reader that closes the pipe (`| head`) is no failure.
 */
export class Output {
  #failure: NodeJS.ErrnoException | null = null;

  constructor() {
    process.stdout.on('error', (error) => this.#note(error));
  }

  write(text: string): void {
    if (this.#failure !== null) return;
    if (!isFile()) {
      process.stdout.write(text);
      return;
    }
    try {
      // The stream would count a partial write as complete when the disk becomes full.
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      this.#note(error as NodeJS.ErrnoException);
    }
  }

  /** Waits until everything is written; returns the error if that failed, or null. */
  async end(): Promise<NodeJS.ErrnoException | null> {
    await new Promise<void>((resolve) => {
      process.stdout.write('', () => resolve());
    });
    return this.#failure;
  }

  #note(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EPIPE') this.#failure ??= error;
  }
}

/** True if stdout is a file, or a device that is written to like one. */
function isFile(): boolean {
  const stat = fstatSync(STDOUT);
  return stat.isFile() || (stat.isCharacterDevice() && !process.stdout.isTTY);
}
