/** HTML that is shown as it is: escaped already, or trusted. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | readonly Content[];

/** HTML from a template: escapes every part that is not markup yet. */
export function html(strings: TemplateStringsArray, ...parts: readonly Content[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...parts.map(render)));
}

/** Text that is HTML already, such as the page's own style and script. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/** JSON as the text of a script element: nothing in it can end the element. */
export function embedded(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

/** A sentence of the catalogue; commands and options, between backticks there, become `<code>`. */
export function withCode(sentence: string): Content {
  return sentence
    .split('`')
    .map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}

export interface TableContents {
  readonly caption: string;
  /** Titles of the columns, the first of which names the row. */
  readonly head: readonly Content[];
  readonly rows: readonly (readonly Content[])[];
  /** Sums, below a line. */
  readonly foot?: readonly Content[];
  /** Columns of words, counted from the left; the others hold figures. Default: 1. */
  readonly words?: number;
  /** Short names of the columns. Where the screen has no room for columns, cells stand below each other with these. */
  readonly labels?: readonly string[];
}

const FIGURE = html` class="figure"`;

/** A table that scrolls within its own width, also by the keyboard. */
export function table({ caption, head, rows, foot, words = 1, labels }: TableContents): Markup {
  const labelOf = (index: number) =>
    labels === undefined ? '' : html` data-label="${labels[index] ?? ''}"`;
  const cells = (row: readonly Content[]) =>
    row.map((content, index) =>
      index === 0
        ? html`<th scope="row">${content}</th>`
        : html`<td${index < words ? '' : FIGURE}${labelOf(index)}>${content}</td>`,
    );
  return html`<div class="${labels === undefined ? 'scroll' : 'scroll stacks'}" role="region" tabindex="0" aria-label="${caption}"><table>
<caption><span>${caption}</span></caption>
<thead><tr>${head.map(
    (content, index) => html`<th scope="col"${index < words ? '' : FIGURE}>${content}</th>`,
  )}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>`)}</tbody>
${foot === undefined ? '' : html`<tfoot><tr>${cells(foot)}</tr></tfoot>`}
</table></div>`;
}

/** A figure with its name above it and a remark below. `notable`: set in the colour of a failure. */
export function card(label: string, value: Content, note: string, notable = false): Markup {
  return html`<div class="card${notable ? ' notable' : ''}"><dt>${label}</dt><dd class="value">${value}</dd>${note === '' ? '' : html`<dd class="note">${note}</dd>`}</div>`;
}

/** How well something went. */
export type Mood = 'good' | 'bad' | 'plain' | 'unsure';

/** Moods differ in shape, not in colour alone, for readers who see no colours. */
const SIGNS: Readonly<Record<Mood, string>> = { good: '✓', bad: '✕', plain: 'i', unsure: '?' };

/** The sign of a mood. */
export function sign(mood: Mood): Markup {
  return html`<span class="sign ${mood}" aria-hidden="true">${SIGNS[mood]}</span>`;
}

/** A verdict, in the colours of its mood. */
export function banner(mood: Mood, verdict: Content): Markup {
  return html`<div class="verdict ${mood}">${sign(mood)}<div>${verdict}</div></div>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(part: Content): string {
  if (part instanceof Markup) return part.text;
  if (typeof part === 'object') return part.map(render).join('');
  return String(part).replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}
