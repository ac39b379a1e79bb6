import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { VerificationDocument } from '../src/verify/verdict/document.js';
import { CLI } from './server.js';
import { RUN } from './simulated-run.js';
import { type Usage, usageOf } from './usage.js';

/** A process of `verify` that ended: its usage, its findings. */
export interface Verified {
  readonly usage: Usage;
  readonly found: VerificationDocument;
}

/** Has `verify` read a simulated run from a pipe, in a folder with the run's ledger. Throws unless the verdict is exact. */
export async function verifyPiped(
  folder: string,
  simulation: string,
  transactions: number,
): Promise<Verified> {
  const source = spawn(process.execPath, [simulation, String(transactions)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return verifyIn(folder, '-', source.stdout);
}

/** Has `verify` read a simulated run from a file, as `verifyPiped` does from a pipe. */
export async function verifyFile(folder: string, file: string): Promise<Verified> {
  return verifyIn(folder, file, 'ignore');
}

async function verifyIn(
  folder: string,
  input: string,
  stdin: Readable | 'ignore',
): Promise<Verified> {
  const args = ['verify', RUN, '--source', `ndjson:${input}`, '--json'];
  const verify = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'WARNING' },
    stdio: [stdin, 'pipe', 'inherit'],
  });
  // The child reads the pipe. Data that this process read from it would be missing there.
  if (stdin !== 'ignore') stdin.destroy();
  const usage = await usageOf(verify);
  const found = JSON.parse(usage.stdout) as VerificationDocument;
  if (found.verdict !== 'exact') {
    throw new Error(`the simulated stream is ${found.verdict}: ${usage.stdout}`);
  }
  return { usage, found };
}
