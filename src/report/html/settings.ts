import type { RunRecord } from '../../runs/record.js';
import { type Content, html } from './markup.js';
import { table } from './table.js';
import { NOTHING, type Writer } from './writer.js';

/** Keys whose values are nobody's business; what is below them neither. */
const PRIVATE = /pass|secret|url|token|private/i;
/** User and password in an address, wherever it stands. */
const CREDENTIALS = /(\w:\/\/)[^\s/@]*@/g;
/** A value as long as this is a certificate, or no setting at all. */
const LONGEST_VALUE = 300;

/** The settings of a run, a row each, without what is private. */
export function settingsTable(w: Writer, { settings }: RunRecord): Content {
  const { m } = w;
  if (settings === null) return html`<p class="remark">${m.noSettings()}</p>`;
  return table({
    caption: m.settings(),
    head: [m.setting(), m.value()],
    words: 2,
    rows: flatten(settings, m.redacted()).map(([key, value]) => [
      html`<code>${key}</code>`,
      value === '' ? NOTHING : value,
    ]),
  });
}

/** Dotted keys and their values as text. `redacted`: stands for what is private. */
export function flatten(
  settings: Readonly<Record<string, unknown>>,
  redacted: string,
): [key: string, value: string][] {
  return Object.entries(settings).flatMap(([key, value]): [string, string][] => {
    if (PRIVATE.test(key)) return [[key, isNothing(value) ? '' : redacted]];
    if (isGroup(value)) {
      return flatten(value, redacted).map(([inner, text]) => [`${key}.${inner}`, text]);
    }
    return [[key, asText(value, redacted)]];
  });
}

function asText(value: unknown, redacted: string): string {
  if (isNothing(value)) return '';
  if (Array.isArray(value)) return value.map((each) => asText(each, redacted)).join(', ');
  if (isGroup(value)) {
    // A stage is known by what the operator wrote.
    if (typeof value.text === 'string') return asText(value.text, redacted);
    return flatten(value, redacted)
      .map(([key, text]) => `${key}=${text}`)
      .join(' ');
  }
  const text = String(value).replace(CREDENTIALS, `$1${redacted}@`);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}
