import { createInterface } from 'node:readline';
import { onAbort } from '../lib/signals.js';

/** Is there somebody at a terminal to ask? */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks on the terminal; the end of the input (Ctrl+D) is an empty answer, as is Ctrl+C. */
export function ask(question: string, interrupted: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const release = onAbort(interrupted, () => terminal.close());
  return new Promise<string>((resolve) => {
    terminal.once('close', () => {
      // The line of the question is still open.
      process.stderr.write('\n');
      resolve('');
    });
    // While a question is open, readline gets Ctrl+C as a key.
    terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    terminal.question(question, (answer) => {
      terminal.removeAllListeners('close');
      terminal.close();
      resolve(answer);
    });
  }).finally(release);
}
