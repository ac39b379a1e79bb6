import { printExact } from '../../fixtures/values/exact-json.js';
import type { Recordings } from '../../fixtures/values/files.js';
import { type Lines, memberOf, storiesOf, textOf } from '../../fixtures/values/stories.js';
import { jsonOf } from './values.js';

/** The recordings of a server and of the engine that show the consumer's values. */
const PRINTED = 'printed by PostgreSQL 18';
const DELIVERED = ['defaults', 'decimal.handling.mode=string', 'interval.handling.mode=string'];

/** Types whose stories have a short name. */
const TYPES: Readonly<Record<string, string>> = {
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

/** Values that no row of a run has, and that Debezium spoils: an overflow, and arrays with bounds or dimensions. */
const SPOILT = new Set([
  '294276-12-31 23:59:59.999999',
  '[2:3]={a,b}',
  '{{1,2},{3,4}}',
  '{{1,2},{3,5}}',
]);

/** Compares the consumer's values with recorded ones. */
export function differencesFrom(
  pgoutput: Recordings,
  debezium: Recordings,
): { readonly compared: number; readonly differing: readonly string[] } {
  const delivered = storiesOf(DELIVERED.flatMap((title) => requireLines(debezium, title)));
  const differing: string[] = [];
  let compared = 0;
  for (const [type, printed] of storiesOf(requireLines(pgoutput, PRINTED))) {
    const lines = delivered.get(type) ?? [];
    for (const [i, line] of printed.entries()) {
      const text = textOf(line, 'printed');
      if (text !== null && SPOILT.has(text)) continue;
      const own = jsonOf(TYPES[type] ?? type, text);
      const real = printExact(memberOf(memberOf(lines[i], 'after'), 'v') ?? null);
      compared++;
      if (own !== real) differing.push(`${type} ${text}: ${real}, not ${own}`);
    }
  }
  return { compared, differing };
}

function requireLines(recordings: Recordings, title: string): Lines {
  const lines = recordings.get(title);
  if (lines === undefined) throw new Error(`no recording of ${title}`);
  return lines;
}
