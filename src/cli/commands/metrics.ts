import { EXIT } from '../../errors.js';
import { formatTable } from '../../lib/text-table.js';
import { unitsOf } from '../../lib/units.js';
import { METRIC_FORMS, METRICS } from '../../report/metrics.js';
import type { Command } from './context.js';

/** `metrics`: the names that a threshold may have, with their units. */
export const run: Command = async ({ messages: m, print }) => {
  print({
    json: {
      metrics: METRICS.map(({ name, dimension }) => ({ name, units: unitsOf(dimension) })),
    },
    text: `${formatTable([
      [m.metrics.name(), m.metrics.units()],
      ...METRIC_FORMS.map(({ name, dimension }) => [name, unitsOf(dimension).join(', ')]),
    ])}\n${m.metrics.example()}\n`,
  });
  return EXIT.done;
};
