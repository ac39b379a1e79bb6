import { EXIT } from '../../errors.js';
import { formatTable } from '../../lib/text-table.js';
import { unitsOf } from '../../lib/units.js';
import { Metrics } from '../../report/metrics.js';
import type { Command } from './context.js';

/** A longer name goes on below: with the units of sizes beside it, a line takes 80 columns at most. */
const NAME_WIDTH = 57;
const HANGING = '  ';

/** `metrics`: the names that a threshold may have, with their units. */
export const run: Command = async ({ schema, messages: m, print }) => {
  const { all, forms } = new Metrics(schema);
  print({
    json: {
      metrics: all.map(({ name, dimension }) => ({ name, units: unitsOf(dimension) })),
    },
    text: `${formatTable(
      [
        [m.metrics.name(), m.metrics.units()],
        ...forms.flatMap(({ name, dimension }) => rowsOf(name, unitsOf(dimension).join(', '))),
      ],
      [0, 1],
    )}\n${m.metrics.example()}\n`,
  });
  return EXIT.done;
};

/**
 * A name and its units. A long name is broken before a dot, or, where a part is too long, after a bar; its units stand
 * beside the last line.
 */
function rowsOf(name: string, units: string): string[][] {
  const lines: string[] = [];
  const parts = name
    .split(/(?=\.)/)
    .flatMap((part) => (part.length > NAME_WIDTH ? part.split(/(?<=\|)/) : [part]));
  for (const part of parts) {
    const longer = `${lines.at(-1) ?? ''}${part}`;
    if (lines.length === 0 || longer.length <= NAME_WIDTH) lines.splice(-1, 1, longer);
    else lines.push(`${HANGING}${part}`);
  }
  return lines.map((line, at) => [line, at === lines.length - 1 ? units : '']);
}
