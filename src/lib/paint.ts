import { styleText } from 'node:util';

/** Colours by meaning. One each: Node.js 20 heeds NO_COLOR only for a single style. */
const COLOURS = { good: 'green', bad: 'red', unsure: 'yellow', quiet: 'gray' } as const;

/** Colours text by its meaning, or returns it as it is. */
export type Paint = (meaning: keyof typeof COLOURS, text: string) => string;

export const withoutColours: Paint = (_meaning, text) => text;

/** Colours for a stream: none if it is not a terminal or NO_COLOR is set, unless FORCE_COLOR is. */
export function paintFor(stream: NodeJS.WriteStream): Paint {
  return (meaning, text) => styleText(COLOURS[meaning], text, { stream });
}
