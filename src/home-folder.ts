import { homedir } from 'node:os';

/** The home folder of whoever runs the program; null: a container may run under a number without an account. */
export function homeFolder(): string | null {
  try {
    return homedir();
  } catch {
    return null;
  }
}
