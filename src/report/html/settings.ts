import type { RunRecord } from '../../runs/record.js';
import { type Content, html, table } from './markup.js';
import { NOTHING, type Writer } from './writer.js';

/** Keys of secrets. Values below such a key are secret, too. */
const SECRET = /pass|secret|url|token|private/i;
/** User and password in a URL, also in the middle of a text. A password may hold an `@`. */
const CREDENTIALS = /(\w:\/\/)[^\s/]*@/g;
/** Characters of a value that are shown. Longer ones, such as certificates, are cut. */
const LONGEST_VALUE = 300;

/** The settings of a run without secrets: those that differ from the defaults, and the others folded away. */
export function settingsTables(w: Writer, { settings, description }: RunRecord): Content {
  const { m } = w;
  if (settings === null) return html`<p class="remark">${m.noSettings()}</p>`;
  const all = flatten(settings, m.redacted());
  if (description === null) return folded(m.allSettings({ count: all.length }), list(w, all));
  const { changed_settings: changed } = description;
  const differs = (key: string) =>
    changed.some((name) => key === name || key.startsWith(`${name}.`));
  const front = all.filter(([key]) => differs(key));
  const others = all.filter(([key]) => !differs(key));
  return [
    front.length === 0
      ? html`<p class="remark">${m.noChanges()}</p>`
      : list(w, front, m.changedSettings()),
    folded(m.otherSettings({ count: others.length }), list(w, others)),
  ];
}

/** The settings of several runs side by side: those that differ between them, and the others folded away. */
export function comparedSettings(
  w: Writer,
  runs: readonly RunRecord[],
  heads: readonly Content[],
  labels: readonly string[],
): Content {
  const { m } = w;
  const known = runs.map(({ settings }) => new Map(flatten(settings ?? {}, m.redacted())));
  const keys = [...new Set(known.flatMap((settings) => [...settings.keys()]))];
  const rows = keys.map((key) => ({ key, values: known.map((each) => each.get(key) ?? '') }));
  const differing = rows.filter(({ values }) => new Set(values).size > 1);
  const same = rows.filter(({ values }) => new Set(values).size === 1);
  const front =
    differing.length === 0
      ? html`<p class="remark">${m.sameSettings()}</p>`
      : table({
          caption: m.differingSettings(),
          head: [m.setting(), ...heads],
          words: runs.length + 1,
          labels: ['', ...labels],
          rows: differing.map(({ key, values }) => [
            html`<code>${key}</code>`,
            ...values.map((value) => (value === '' ? NOTHING : value)),
          ]),
        });
  const others = same.map(({ key, values }): [string, string] => [key, values[0] ?? '']);
  return [front, folded(m.equalSettings({ count: others.length }), list(w, others))];
}

function list(w: Writer, settings: readonly [key: string, value: string][], caption?: string) {
  return table({
    caption: caption ?? w.m.settings(),
    head: [w.m.setting(), w.m.value()],
    words: 2,
    rows: settings.map(([key, value]) => [
      html`<code>${key}</code>`,
      value === '' ? NOTHING : value,
    ]),
  });
}

function folded(summary: string, content: Content): Content {
  return html`<details><summary>${summary}</summary>${content}</details>`;
}

/** Dotted keys and their values as text. `redacted`: the text in place of a secret. */
export function flatten(
  settings: Readonly<Record<string, unknown>>,
  redacted: string,
): [key: string, value: string][] {
  return Object.entries(settings).flatMap(([key, value]): [string, string][] => {
    if (SECRET.test(key)) return [[key, isUnset(value) ? '' : redacted]];
    if (isGroup(value)) {
      return flatten(value, redacted).map(([inner, text]) => [`${key}.${inner}`, text]);
    }
    return [[key, asText(value, redacted)]];
  });
}

function asText(value: unknown, redacted: string): string {
  if (isUnset(value)) return '';
  if (Array.isArray(value)) return value.map((each) => asText(each, redacted)).join(', ');
  if (isGroup(value)) {
    // A stage is shown as the operator wrote it.
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

function isUnset(value: unknown): boolean {
  return value === null || value === undefined;
}
