import { basename } from 'node:path';
import { parseSync } from 'oxc-parser';
import { BEGIN, RULES, type Rule } from './words.js';

/** A place where a word stands that the project does not use. */
export interface Finding {
  /** From 1; 0 for the name of the file. */
  readonly line: number;
  readonly found: string;
  readonly better: string;
}

interface Name {
  readonly text: string;
  readonly offset: number;
}

/** Finds words of the rules in a TypeScript or Markdown file. `path`: relative to the project. */
export function findWords(path: string, text: string): Finding[] {
  const rules = RULES.filter(({ paths }) => paths === undefined || paths.test(path));
  const { prose, names, bindings } = path.endsWith('.md')
    ? { prose: markdownProse(text), names: [], bindings: [] }
    : parseCode(path, text);
  const fileName = camelCase(basename(path).replace(/(\.test)?\.\w+$/, ''));
  const lines = lineStarts(text);
  const at = (offset: number) => lines.findLastIndex((start) => start <= offset) + 1;
  return [
    ...matchNames([{ text: fileName, offset: 0 }], rules, ['name', 'part', 'binding']).map(
      (finding) => ({ ...finding, line: 0 }),
    ),
    ...[
      ...matchNames(names, rules, ['name', 'part']),
      ...matchNames(bindings, rules, ['binding']),
      ...matchProse(prose, rules),
    ]
      .sort((a, b) => a.offset - b.offset)
      .map((finding) => ({ ...finding, line: at(finding.offset) })),
  ].map(({ line, found, better }) => ({ line, found, better }));
}

/** Members of documents and columns of tables; constants are in capitals. */
const JSON_NAME = /^[a-z\d]+(_[a-z\d]+)+$/;

/**
 * Members of the program's documents, of one word: operators' scripts read them, so that they keep their names. Variables
 * that a pattern takes from such a member have its name too; no other variable, function or method may.
 */
const JSON_MEMBERS: ReadonlySet<unknown> = new Set(['mend', 'mends', 'untold']);

type Match = Omit<Finding, 'line'> & { readonly offset: number };

/** The first use of each name that a rule matches. */
function matchNames(
  names: readonly Name[],
  rules: readonly Rule[],
  fields: readonly ('name' | 'part' | 'binding')[],
): Match[] {
  const seen = new Set<string>();
  return names.flatMap(({ text, offset }) => {
    if (seen.has(text) || JSON_NAME.test(text)) return [];
    seen.add(text);
    const words = wordsOf(text);
    const rule = rules.find((candidate) =>
      fields.some((field) => candidate[field]?.test(field === 'part' ? words : text)),
    );
    return rule === undefined ? [] : [{ offset, found: text, better: rule.better }];
  });
}

function matchProse(prose: string, rules: readonly Rule[]): Match[] {
  return rules.flatMap(({ prose: pattern, better }) =>
    pattern === undefined
      ? []
      : [...prose.matchAll(pattern)].map(({ 0: match, index }) => {
          const found = match.replace(/^[\s.:;]+/, '').replaceAll(BEGIN, '');
          const lead = match.length - match.replace(/^[\s.:;\u{E000}]+/u, '').length;
          return { offset: index + lead, found: found.trim().replace(/\s+/g, ' '), better };
        }),
  );
}

/** Comments and titles of tests, at their offsets; everything else is cut out. */
function parseCode(path: string, text: string) {
  const { program, comments } = parseSync(path, text);
  const prose = new Prose(text);
  let lastLineComment = -1;
  for (const { type, start, end } of comments) {
    const continues =
      type === 'Line' &&
      lastLineComment >= 0 &&
      /^\n[ \t]*$/.test(text.slice(lastLineComment, start));
    prose.keep(start, end, continues ? '  ' : ` ${BEGIN}`);
    lastLineComment = type === 'Line' ? end : -1;
  }
  const names: Name[] = [];
  const bindings: Name[] = [];
  const members = new Set<number>();
  const taken = new Set<string>();
  visit(program as unknown as Node, (node) => {
    const member = jsonMemberOf(node);
    if (member !== null) members.add(member.start);
    if (member !== null && node.shorthand === true) taken.add(String(member.name));
    if (node.type === 'Identifier' || node.type === 'PrivateIdentifier') {
      names.push({ text: String(node.name), offset: node.start });
    }
    for (const { name, start } of bindingsOf(node)) {
      bindings.push({ text: String(name), offset: start });
    }
    const title = titleOf(node);
    if (title !== null) prose.keep(title.start, title.end, BEGIN);
  });
  const isOurs = ({ text, offset }: Name) => !members.has(offset) && !taken.has(text);
  return { prose: prose.text(), names: names.filter(isOurs), bindings };
}

/** Markdown without code. */
function markdownProse(text: string): string {
  const blank = (code: string) => code.replace(/[^\n]/g, CUT);
  return text.replace(/^```.*?^```/gms, blank).replace(/`[^`]*`/g, blank);
}

/** In place of characters that are not prose, so that no phrase reaches across them. */
const CUT = '\u{E001}';

/** A text of which only some parts are kept, each at its offset. */
class Prose {
  readonly #characters: string[];
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
    this.#characters = source
      .split('')
      .map((character) => (/\s/.test(character) ? character : CUT));
  }

  /** Keeps a part; `mark` replaces its first characters. The stars of a comment become blanks. */
  keep(start: number, end: number, mark: string): void {
    const part = this.#source
      .slice(start, end)
      .replace(/^[ \t]*\*+(?!\/)/gm, (stars) => ' '.repeat(stars.length))
      .replace(/^\/\*+|\*+\/$|^\/\//g, (marker) => ' '.repeat(marker.length));
    const marked = mark + part.slice(mark.length);
    for (const [i, character] of marked.split('').entries())
      this.#characters[start + i] = character;
  }

  text(): string {
    return this.#characters.join('');
  }
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

function visit(node: Node, each: (node: Node) => void): void {
  each(node);
  for (const child of Object.values(node)) {
    for (const inner of Array.isArray(child) ? child : [child]) {
      if (isNode(inner)) visit(inner, each);
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

/** The name of JSON_MEMBERS that a node reads, sets or declares as a member that holds data; null: none. */
function jsonMemberOf(node: Node): Node | null {
  const isMember =
    node.type === 'MemberExpression' ||
    node.type === 'TSPropertySignature' ||
    (node.type === 'Property' && node.method === false);
  const name = (node.type === 'MemberExpression' ? node.property : node.key) as Node | undefined;
  return isMember && node.computed === false && JSON_MEMBERS.has(name?.name) ? name! : null;
}

/** Identifiers that a node binds: variables, parameters, functions, classes and types. */
function bindingsOf(node: Node): Node[] {
  const inner = (member: string) => {
    const value = node[member];
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  };
  switch (node.type) {
    case 'VariableDeclarator':
    case 'ClassDeclaration':
    case 'TSTypeAliasDeclaration':
    case 'TSInterfaceDeclaration':
      return inner('id').flatMap(identifiersOf);
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return [...inner('id'), ...inner('params')].flatMap(identifiersOf);
    default:
      return [];
  }
}

/** Identifiers of a pattern: `{ a, b: [c] }` has a and c. */
function identifiersOf(pattern: Node): Node[] {
  const inner = (member: string) => {
    const value = pattern[member];
    return (Array.isArray(value) ? value : [value]).filter(isNode).flatMap(identifiersOf);
  };
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'ObjectPattern':
      return inner('properties');
    case 'Property':
      return inner('value');
    case 'ArrayPattern':
      return inner('elements');
    case 'AssignmentPattern':
      return inner('left');
    case 'RestElement':
      return inner('argument');
    default:
      return [];
  }
}

/** The title of a test: the first argument of `test(…)`, `t.test(…)` and the like. */
function titleOf(node: Node): Node | null {
  if (node.type !== 'CallExpression') return null;
  const callee = node.callee as Node;
  const { object, property } = callee as unknown as { object?: Node; property?: Node };
  const name = object?.name === 't' ? property?.name : callee.name;
  const [title] = node.arguments as Node[];
  const isText = title?.type === 'Literal' || title?.type === 'TemplateLiteral';
  return /^(test|it|describe)$/.test(String(name)) && isText ? (title ?? null) : null;
}

function wordsOf(name: string): string {
  return name
    .replace(/_/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

function camelCase(kebab: string): string {
  return kebab.replace(/[-.](\w)/g, (_, letter: string) => letter.toUpperCase());
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}
