import { homedir, userInfo } from 'node:os';

/*
 * The account that runs the program. In a container it may be a uid without an entry in /etc/passwd: then it has no
 * name and no home.
 */

/** The login name; null without one. */
export function loginName(): string | null {
  return orNull(() => userInfo().username);
}

/** The home folder: HOME, else that of /etc/passwd; null without one. */
export function homeFolder(): string | null {
  return orNull(homedir) ?? orNull(() => userInfo().homedir);
}

function orNull(ask: () => string): string | null {
  try {
    return ask() || null;
  } catch {
    return null;
  }
}
