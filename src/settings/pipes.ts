import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { FILE_FLAGS } from './commands.js';
import { DEFAULT_CONFIG_FILE, DEFAULT_ENV_FILE } from './files.js';
import { findValue } from './find-value.js';

const CHUNK_BYTES = 1 << 16;

/** Contents of settings files that are pipes, by path: a pipe can be read once only. */
export type Pipes = ReadonlyMap<string, Buffer>;

/**
 * Reads the settings files that are pipes, such as the `<(…)` of a shell: only here are they waited for, so that
 * a signal ends the wait for somebody who does not write.
 */
export async function readPipes(argv: readonly string[], cwd: string): Promise<Pipes> {
  const named = FILE_FLAGS.flatMap((flag) => findValue(argv, flag) ?? []);
  const paths = [...named, DEFAULT_CONFIG_FILE, DEFAULT_ENV_FILE].map((file) => resolve(cwd, file));
  const pipes = new Map<string, Buffer>();
  for (const path of paths.filter(isPipe)) pipes.set(path, await readPipe(path));
  return pipes;
}

function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}

async function readPipe(path: string): Promise<Buffer> {
  // Loaded only now: most settings files are none.
  const { inputOf } = await import('../sources/ndjson/file-input.js');
  const { END, IDLE } = await import('../sources/ndjson/byte-input.js');
  const input = inputOf(path, false);
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const part = Buffer.alloc(CHUNK_BYTES);
      const count = await input.read(part, 0);
      if (count === END) return Buffer.concat(parts);
      if (count !== IDLE) parts.push(part.subarray(0, count));
    }
  } finally {
    await input.close();
  }
}
