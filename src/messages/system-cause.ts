/** Messages of Node.js on refusals of the operating system begin with the code: `ENOSPC: no space left on device`. */
const CODE = /^(E[A-Z]+):/;

/** The words for a refusal of the operating system, with its code; a message without words as it is. */
export function systemCause(causes: Readonly<Record<string, string>>, message: string): string {
  const code = CODE.exec(message)?.[1] ?? '';
  const words = causes[code];
  return words === undefined ? message : `${words} (${code})`;
}
