#!/usr/bin/env node
import type { ExitCode } from './errors.js';

/*
 * No module is imported before these lines have run: loading takes long enough for a signal to come, and its default
 * action would end the process as if it had crashed. A container's first process would not even notice it.
 */

/** SIGHUP: the terminal was closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const FORCED: ExitCode = 130;

// Until a command begins there is nothing to finish.
let onSignal = (): void => process.exit(FORCED);
let heard = false;
for (const signal of SIGNALS) {
  process.on(signal, () => {
    heard = true;
    onSignal();
  });
}

const { main } = await import('./cli/main.js');
process.exitCode = await main(process.argv.slice(2), (listener) => {
  onSignal = listener;
});
// Connections and threads of an interrupted command must not keep the process alive.
if (heard) process.exit();
