import { type Content, html, type Markup } from './markup.js';

export interface TableContents {
  readonly caption: string;
  /** Above the columns, the first of which names the row. */
  readonly head: readonly Content[];
  readonly rows: readonly (readonly Content[])[];
  /** Sums, below a line. */
  readonly foot?: readonly Content[];
  /** How many columns hold words; the others hold figures. Default: the first. */
  readonly words?: number;
}

/** A table that scrolls within its own width, also by the keyboard. */
export function table({ caption, head, rows, foot, words = 1 }: TableContents): Markup {
  const cells = (row: readonly Content[]) =>
    row.map((content, index) =>
      index === 0
        ? html`<th scope="row">${content}</th>`
        : html`<td${index < words ? '' : FIGURE}>${content}</td>`,
    );
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption><span>${caption}</span></caption>
<thead><tr>${head.map(
    (content, index) => html`<th scope="col"${index < words ? '' : FIGURE}>${content}</th>`,
  )}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>`)}</tbody>
${foot === undefined ? '' : html`<tfoot><tr>${cells(foot)}</tr></tfoot>`}
</table></div>`;
}

const FIGURE = html` class="figure"`;
