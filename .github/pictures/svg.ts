import type { Span, Style } from './screen.js';

/** Pixels. A monospaced character is about 0.6 of its size wide. */
const FONT_SIZE = 14;
const CHARACTER = 8.4;
const LINE = 20;
const PADDING = 18;

const BACKGROUND = '#0d1117';
const FOREGROUND = '#d1d7e0';
/** Readable on the background: colours 0 to 15. */
const COLORS = [
  ...['#656c76', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ...['#8b949e', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#f0f6fc'],
];

/** A picture of a terminal's lines, in its own colours on any page. */
export function drawTerminal(
  lines: readonly (readonly Span[])[],
  columns: number,
  title: string,
): string {
  const width = Math.ceil(columns * CHARACTER + 2 * PADDING);
  const height = lines.length * LINE + 2 * PADDING;
  const rows = lines.map((spans, row) => {
    const y = PADDING + row * LINE + FONT_SIZE;
    return spans.flatMap((span) => drawSpan(span, y)).join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE}" fill="${FOREGROUND}">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    ...rows.filter((row) => row !== ''),
    '</svg>',
    '',
  ].join('\n');
}

/** Blanks at both ends are left out; the length keeps the columns aligned with any font. */
function drawSpan({ column, text, style }: Span, y: number): string[] {
  const drawn = text.trim();
  if (drawn === '') return [];
  const x = PADDING + (column + text.length - text.trimStart().length) * CHARACTER;
  const length = [...drawn].length * CHARACTER;
  return [
    `<text x="${round(x)}" y="${y}" textLength="${round(length)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"${attributes(style)}>${escapeXml(drawn)}</text>`,
  ];
}

function attributes({ color, bold, dim }: Style): string {
  return [
    color === null ? '' : ` fill="${COLORS[color]}"`,
    bold ? ' font-weight="bold"' : '',
    dim ? ' opacity="0.65"' : '',
  ].join('');
}

function round(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
