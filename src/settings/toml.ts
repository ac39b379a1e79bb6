import { parse } from '@iarna/toml';
import { findNearest } from '../lib/nearest.js';
import { OPTION_KEYS, type OptionKey, optionOf } from './options.js';
import type { Given, Problem, Source } from './source.js';

type Table = Readonly<Record<string, unknown>>;

/** Tables that are the value of one option: their keys are its own. */
const WHOLE: Readonly<Record<string, OptionKey>> = { hazards: 'stream.hazards' };

const TABLES: readonly string[] = [
  ...new Set([...OPTION_KEYS.map((key) => key.split('.')[0]!), ...Object.keys(WHOLE)]),
];

/** Lines that may hold a secret, and so are not shown. */
const SECRET_LINE = /password|senha|:\/\//i;

/** Values from the text of `settings.toml`; an unknown table or key is a problem. */
export function readToml(content: string, file: string): Source {
  const given = new Map<OptionKey, Given>();
  const problems: Problem[] = [];
  const parsed = parseTable(content, file, problems);
  const addGiven = (key: OptionKey, value: unknown, path: string) => {
    const text = textOf(key, value);
    const line = lineOf(content, path);
    const where: Given['where'] = (messages) => messages.settings.inFile(path, file, line);
    const name = `${path} (${line === null ? file : `${file}:${line}`})`;
    if (text === '') return;
    // `stream.hazards` and `[hazards]` add up.
    const before = given.get(key);
    const joined =
      before === undefined ? text : `${before.text}${optionOf(key).flag?.joiner}${text}`;
    given.set(key, { text: joined, where, name });
  };
  for (const [table, entries] of Object.entries(parsed)) {
    if (!TABLES.includes(table)) {
      const nearest = findNearest(table, TABLES);
      problems.push((messages) => messages.settings.unknownTable(table, file, nearest));
    } else if (!isTable(entries)) {
      problems.push((messages) => messages.settings.notATable(table, file));
    } else if (WHOLE[table] !== undefined) {
      addGiven(WHOLE[table], entries, table);
    } else {
      for (const [name, value] of Object.entries(entries)) {
        const key = `${table}.${name}`;
        if (isOptionKey(key)) {
          addGiven(key, value, key);
        } else {
          const nearest = findNearest(key, OPTION_KEYS);
          const line = lineOf(content, key);
          problems.push((messages) => messages.settings.unknownKey(key, file, line, nearest));
        }
      }
    }
  }
  return { given, problems };
}

function parseTable(content: string, file: string, problems: Problem[]): Table {
  try {
    return parse(content);
  } catch (error) {
    if (!isTomlError(error)) throw error;
    // Carriage returns and the parser's own excerpt would break the one-sentence form.
    const reason = error.message.split(' at row ')[0]!;
    const line = (content.split(/\r?\n/)[error.line] ?? '').trim();
    const shown = SECRET_LINE.test(line) ? '***' : line;
    problems.push((messages) => messages.settings.tomlSyntax(file, error.line + 1, shown, reason));
    return {};
  }
}

/** The line that a dotted key stands in, from 1; null for forms that are not searched, such as inline tables. */
function lineOf(content: string, path: string): number | null {
  let current = '';
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    current = /^\s*\[+\s*([\w.-]+)\s*\]+/.exec(line)?.[1] ?? current;
    const key = /^\s*([\w.-]+)\s*=/.exec(line)?.[1];
    const found = key === undefined ? current : current === '' ? key : `${current}.${key}`;
    if (found === path) return index + 1;
  }
  return null;
}

/** A value as an operator would have typed it: lists with commas, tables as `name=value` pairs. */
function toText(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toText).join(',');
  if (isTable(value)) {
    return Object.entries(value)
      .map(([name, part]) => `${name}=${toText(part)}`)
      .join(',');
  }
  return String(value);
}

function textOf(key: OptionKey, value: unknown): string {
  if (key === 'stream.stages') return stagesText(value);
  // An element may hold a comma itself.
  const joiner = optionOf(key).flag?.joiner;
  if (joiner !== undefined && Array.isArray(value)) return value.map(toText).join(joiner);
  return toText(value);
}

/** Stages written as tables, `[[stream.stages]]`, in the form of the flag; anything else as it is. */
function stagesText(value: unknown): string {
  if (!Array.isArray(value)) return toText(value);
  return value
    .map((stage: unknown) => {
      if (!isTable(stage)) return toText(stage);
      const { shape, rate, duration, ...others } = stage;
      // An unknown key makes the text invalid, and so appears in the problem.
      const rest = Object.keys(others).length === 0 ? '' : ` ${toText(others)}`;
      return `${toText(shape)}:${toText(rate)}/${toText(duration)}${rest}`;
    })
    .join(';');
}

function isTable(value: unknown): value is Table {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

function isOptionKey(key: string): key is OptionKey {
  return (OPTION_KEYS as readonly string[]).includes(key);
}

/** The parser's errors carry the line, counted from 0; its types do not say so. */
function isTomlError(error: unknown): error is Error & { readonly line: number } {
  return error instanceof Error && 'line' in error && typeof error.line === 'number';
}
