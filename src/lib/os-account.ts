import { homedir, userInfo } from 'node:os';

/*
 * The operating system's account of the user that runs the program. In a container that may be a bare number,
 * without an entry in /etc/passwd, and then it knows neither a name nor a home.
 */

/** The login name; null: the user has none. */
export function loginName(): string | null {
  return answerOf(() => userInfo().username);
}

/** The home folder: HOME, else what the system says; null: there is none. */
export function homeFolder(): string | null {
  return answerOf(homedir) ?? answerOf(() => userInfo().homedir);
}

function answerOf(ask: () => string): string | null {
  try {
    return ask() || null;
  } catch {
    return null;
  }
}
