/** Messages of Node.js on refusals of the operating system: `ENOSPC: no space left on device, write`, also after a path. */
const MESSAGE = /^(?<place>\/.*?: )?(?<code>E[A-Z]+): /;

/** The words for a refusal of the operating system, with its code; a message without words as it is. */
export function systemCause(causes: Readonly<Record<string, string>>, message: string): string {
  const { place = '', code = '' } = MESSAGE.exec(message)?.groups ?? {};
  const words = causes[code];
  return words === undefined ? message : `${place}${words}, ${code}`;
}
