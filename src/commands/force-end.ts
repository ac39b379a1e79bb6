import { EXIT } from '../errors.js';
import type { CommandContext } from './context.js';

/** Ends the process at once, as a second signal asks for. */
export function forceEnd({ log, messages, status }: CommandContext): never {
  status.clear();
  log.component('stream').error(messages.stream.forced());
  process.exit(EXIT.forced);
}
