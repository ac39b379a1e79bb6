import { spawn } from 'node:child_process';
import type { VerificationDocument } from '../src/verify/verdict/document.js';
import { CLI } from './server.js';
import { RUN } from './simulated-run.js';
import { type Usage, usageOf } from './usage.js';

/** Has `verify` read a simulated run from a pipe, in a folder with the run's ledger. Throws unless the verdict is exact. */
export async function verifyPiped(
  folder: string,
  simulation: string,
  transactions: number,
): Promise<{ readonly usage: Usage; readonly found: VerificationDocument }> {
  const source = spawn(process.execPath, [simulation, String(transactions)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const args = ['verify', RUN, '--source', 'ndjson:-', '--json'];
  const verify = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', LOG_LEVEL: 'WARNING' },
    stdio: [source.stdout, 'pipe', 'inherit'],
  });
  // The child reads the pipe. Data that this process read from it would be missing there.
  source.stdout.destroy();
  const usage = await usageOf(verify);
  const found = JSON.parse(usage.stdout) as VerificationDocument;
  if (found.verdict !== 'exact') {
    throw new Error(`the simulated stream is ${found.verdict}: ${usage.stdout}`);
  }
  return { usage, found };
}
