import type { Catalogue } from '../errors.js';
import { type Failure, timeoutOf } from './failures.js';
import { SQLSTATE } from './sqlstate.js';

/**
 * The cause of a failure in words, with its code: `terminated by an administrator (57P01)`. Where there are no words
 * for the code, the message of the server or the driver takes their place. `where`: the server's address.
 */
export function causeText(failure: Failure, where: string, m: Catalogue): string {
  const { message } = failure;
  const code = failure.sqlstate ?? failure.errno;
  if (code === null) return message;
  const setting = timeoutOf(failure);
  const causes: Readonly<Record<string, (where: string) => string>> = m.db.causes;
  const words =
    setting !== null
      ? m.db.endedBy({ setting })
      : isEndOfPostmaster(failure)
        ? m.db.postmasterEnded()
        : causes[code]?.(where);
  return m.db.cause({ words: words ?? message, code });
}

/** The server uses one code for an administrator's command and for the death of its main process. */
function isEndOfPostmaster({ sqlstate, message }: Failure): boolean {
  return sqlstate === SQLSTATE.ADMIN_SHUTDOWN && /postmaster/i.test(message);
}
