import { parse } from 'dotenv';
import { isKnownVariable, nearestVariable } from './known-variables.js';
import type { Problem, Source } from './source.js';
import { readVariables, type Variables } from './variables.js';

/** Values from the text of a `.env` file; an unknown name is a problem. */
export function readEnvFile(content: string, file: string): Source & { variables: Variables } {
  const { lines, problems } = readLines(content, file);
  const variables = parse(content);
  const source = readVariables(variables, (name) => {
    const line = lines.get(name) ?? null;
    return {
      where: (messages) => messages.settings.inFile(name, file, line),
      name: line === null ? `${name} (${file})` : `${name} (${file}:${line})`,
    };
  });
  const unknown = Object.keys(variables)
    .filter((name) => !isKnownVariable(name))
    .map((name): Problem => {
      const nearest = nearestVariable(name);
      return (messages) =>
        messages.settings.unknownKey(name, file, lines.get(name) ?? null, nearest);
    });
  return { ...source, problems: [...source.problems, ...unknown, ...problems], variables };
}

/** A valid line: blank, a comment, or `NAME=value`. */
const LINE = /^\s*(?:#.*|(?:export\s+)?([\w.-]+)\s*=(.*))?$/;

/**
 * Finds the line of each name, from 1, and reports lines that the parser would skip or cut off in silence: `PG_HOST
 * localhost` must not lead to another server, nor `PG_PASSWORD=ab#cd` to half a password. No value is shown: it may be
 * a password.
 */
function readLines(content: string, file: string) {
  const lines = new Map<string, number>();
  const problems: Problem[] = [];
  for (const [index, text] of content.split(/\r?\n/).entries()) {
    const line = index + 1;
    const match = LINE.exec(text);
    if (match === null) {
      problems.push((messages) => messages.settings.strayLine(file, line));
      continue;
    }
    const [, name, value = ''] = match;
    if (name === undefined) continue;
    lines.set(name, line);
    const flaw = flawOf(value);
    if (flaw !== null) {
      problems.push((messages) =>
        messages.settings[flaw](messages.settings.inFile(name, file, line)),
      );
    }
  }
  return { lines, problems };
}

/** A value in quotes, followed by nothing but a comment. */
const QUOTED = /^(["'`])(.*)\1\s*(?:\s#.*)?$/;

/** The reason why the parser reads a value differently from how it looks; null: it does not. */
function flawOf(value: string): 'bareHash' | 'openQuote' | 'innerQuote' | null {
  const text = value.trim();
  const [first = ''] = text;
  if (['"', "'", '`'].includes(first)) {
    // The first closing quote ends the value: a comment may hold quotes of its own.
    const end = text.indexOf(first, 1);
    if (end === -1) return 'openQuote';
    const rest = text.slice(end + 1);
    if (rest === '' || /^\s+#/.test(rest)) return null;
    // The parser still removes the quotes if the last character is one and no # is in between.
    return QUOTED.test(text) && !text.includes('#') && !text.includes('\\') ? null : 'innerQuote';
  }
  // A comment begins after a blank; the parser lets one begin anywhere.
  return /(^|\S)#/.test(value.replace(/\s#.*$/, '')) ? 'bareHash' : null;
}
