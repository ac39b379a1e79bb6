import { createInterface } from 'node:readline';
import { type Catalogue, EXIT, OperatorError } from '../errors.js';
import { onAbort } from '../lib/signals.js';
import type { CommandContext } from './commands/context.js';

/** The sentences of a question that was not answered with yes. */
interface Refusals {
  readonly noTerminal: (messages: Catalogue) => string;
  readonly refused: (messages: Catalogue) => string;
}

/** Asks on the terminal, and returns after a yes. Throws an OperatorError after any other answer, or without a terminal. */
export async function confirm(
  question: string,
  { messages, interrupted }: Pick<CommandContext, 'messages' | 'interrupted'>,
  { noTerminal, refused }: Refusals,
): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new OperatorError(EXIT.state, noTerminal);
  }
  const answer = await ask(question, interrupted);
  if (messages.reset.yes().test(answer.trim())) return;
  throw new OperatorError(interrupted.aborted ? EXIT.forced : EXIT.state, refused);
}

/** Asks on the terminal; the end of the input (Ctrl+D) is an empty answer, as is Ctrl+C. */
function ask(question: string, interrupted: AbortSignal): Promise<string> {
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
