import { EXIT, type ExitCode } from '../../errors.js';
import { printHazards } from '../../hazards/parse.js';
import { formatTable } from '../../lib/text-table.js';
import { drawForecast, forecast } from '../../run/forecast.js';
import { planLoad } from '../../run/plan.js';
import type { CommandContext } from './context.js';

/** Prints the load that the run would offer, and each worker's share of it. Touches no database. */
export function showForecast({ settings, schema, messages: m, print }: CommandContext): ExitCode {
  const plan = planLoad({ ...settings.stream, rng: settings.app.rng }, schema);
  const { curve, endMs } = plan;
  const planned = curve === null ? null : forecast(curve, endMs, settings.stream.maxEvents);
  const workers = plan.workers.map(({ worker, share }) => ({
    worker,
    share: Number(share.share.toFixed(4)),
    types: share.events.map(({ type }) => type),
  }));
  const table = formatTable([
    [m.stream.worker(), m.stream.share(), m.stream.types()],
    ...workers.map(({ worker, share, types }) => [
      String(worker),
      `${m.number(Number((100 * share).toFixed(1)))} %`,
      types.join(', '),
    ]),
  ]);
  const drawing =
    planned === null
      ? m.stream.forecastUnplanned()
      : `${m.stream.forecast({ ...planned, peak: Math.round(planned.peakRate) })}\n\n${drawForecast(planned, (rate) => m.number(Math.round(rate)))}`;
  const hazards = printHazards(settings.stream.hazards);
  print({
    json: { forecast: planned, workers, ...(hazards.length === 0 ? {} : { hazards }) },
    text: `${drawing}\n\n${table}${hazards.length === 0 ? '' : `\n${m.stream.forecastHazards({ hazards })}\n`}`,
  });
  return EXIT.done;
}
