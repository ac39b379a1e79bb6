/** A fenced block of a Markdown text. */
export interface Block {
  /** Of its first line, from 1. */
  readonly line: number;
  /** The word after the fence, such as `sh`; empty: none. */
  readonly language: string;
  readonly text: string;
  /** The HTML comment on the line before the fence, such as `until Ctrl+C`; null: none. */
  readonly comment: string | null;
}

const FENCED = /^(?:<!-- (?<comment>[^\n]*) -->\n)?```(?<language>\w*)\n(?<text>.*?)^```$/gms;

export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(FENCED)].map(({ index, groups }) => ({
    line: markdown.slice(0, index).split('\n').length + (groups?.comment === undefined ? 1 : 2),
    language: groups?.language ?? '',
    text: groups?.text ?? '',
    comment: groups?.comment ?? null,
  }));
}

/** The targets of links and pictures that are relative: files, and anchors of this text (`#exit-codes`). */
export function relativeLinks(markdown: string): string[] {
  const prose = withoutCode(markdown);
  const targets = [
    ...prose.matchAll(/\]\((?<target>[^)\s]+)\)/g),
    ...prose.matchAll(/\b(?:src|srcset|href)="(?<target>[^"]+)"/g),
  ].map(({ groups }) => groups?.target ?? '');
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of headings, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  const titles = withoutFences(markdown).matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...titles].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** The rows of every table below its head, as their cells. */
export function tableRows(markdown: string): string[][] {
  return withoutFences(markdown)
    .split('\n')
    .filter((line, i, lines) => line.startsWith('|') && !/^\| ?-/.test(lines[i + 1] ?? ''))
    .filter((line) => !/^\| ?-/.test(line))
    .map((line) =>
      line
        .replace(/^\||\|$/g, '')
        .split('|')
        .map((cell) => cell.trim()),
    );
}

function withoutFences(markdown: string): string {
  return markdown.replace(FENCED, '');
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replace(/`[^`]*`/g, '');
}
