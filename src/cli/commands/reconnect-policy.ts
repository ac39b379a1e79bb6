import type { ReconnectPolicy } from '../../lib/back-off.js';
import type { Settings } from '../../settings/settings.js';

/** How a lost connection is sought again, by the settings of `stream`. */
export function reconnectPolicy({ stream }: Settings): ReconnectPolicy {
  return {
    attempts: stream.reconnectAttempts,
    baseMs: stream.reconnectBaseSeconds * 1000,
    maxMs: stream.reconnectMaxSeconds * 1000,
    failFast: stream.failFastOnCritical,
  };
}
