/** A piece of HTML that is safe to show as it is. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Markup | string | number | readonly Content[];

/** HTML of a template: whatever is put in is escaped, unless it is markup already. */
export function html(strings: TemplateStringsArray, ...parts: readonly Content[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...parts.map(render)));
}

/** Text that is trusted to be HTML, such as the page's own style and script. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/** JSON as the text of a script element: nothing in it can end the element. */
export function embedded(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
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
