import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EXIT, OperatorError } from '../../../src/errors.js';
import { type Inputs, readSources } from '../../../src/settings/resolve.js';
import { loadSettings, type Settings } from '../../../src/settings/settings.js';

/** Calls `use` with a new folder that holds these files, and removes it afterwards. */
export async function inFolder<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (cwd: string) => T | Promise<T>,
): Promise<T> {
  const cwd = mkdtempSync(join(tmpdir(), 'oltp-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(cwd, path)), { recursive: true });
      writeFileSync(join(cwd, path), content);
    }
    return await use(cwd);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** Settings from inputs; without any, from an empty command line and environment. The folder must have no configuration. */
export function load(inputs: Partial<Inputs>): Settings {
  return loadSettings(readSources({ flags: {}, env: {}, cwd: tmpdir(), ...inputs }));
}

/** The English sentence of the error that loading throws; throws if loading succeeds. */
export function complaint(inputs: Partial<Inputs>): string {
  try {
    load(inputs);
  } catch (error) {
    if (error instanceof OperatorError && error.exitCode === EXIT.usage) return error.message;
    throw error;
  }
  throw new Error('the settings were accepted');
}
