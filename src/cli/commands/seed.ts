import { checkRules } from '../../database/rules.js';
import { totalOf } from '../../database/table-counts.js';
import { EXIT, type ExitCode } from '../../errors.js';
import { onAbort, unlessAborted } from '../../lib/signals.js';
import { withConnection } from '../../postgres/connect.js';
import type { ConnectionTarget } from '../../postgres/target.js';
import { countsText } from '../../report/text.js';
import { Seed, type SeedOutcome } from '../../seed/run.js';
import { SeedProgress } from '../progress/seed-progress.js';
import { logRules } from './check.js';
import type { Command, CommandContext } from './context.js';
import { withServer } from './with-server.js';

/** `seed`: tops up every table to its initial volume by COPY; existing rows count. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    const { exitCode, outcome } = await seedTables(context, target);
    printSeed(context, outcome);
    return exitCode;
  });

/** Seeds, and checks the rules on the result if the settings say so. */
export async function seedTables(
  context: CommandContext,
  target: ConnectionTarget,
): Promise<{ exitCode: ExitCode; outcome: SeedOutcome }> {
  const { settings, schema, messages: m } = context;
  const log = context.log.component('seed');
  let expected = 0;
  const seed = new Seed(
    {
      ...settings.seed,
      target,
      schema,
      rng: settings.app.rng,
    },
    {
      planned: (missing, targets) => {
        expected = totalOf(missing);
        if (expected === 0) return log.info(m.seed.nothingToDo());
        for (const [table, to] of Object.entries(targets)) {
          const from = Math.round(settings.seed.volumes[table]! * settings.seed.scale);
          if (from < to) {
            log.detail.info(m.seed.raised({ table, from, to }));
          }
        }
        log.info(m.seed.begin({ rows: expected, workers: settings.seed.workers }));
      },
      indexing: () => log.detail.info(m.seed.indexing()),
      filled: (table, written, total) => {
        if (written > 0) log.detail.info(m.seed.filled({ table, written, total }));
      },
    },
  );
  context.interrupted.throwIfAborted();
  const releaseSignal = onAbort(context.interrupted, () => {
    log.info(m.seed.stopping());
    seed.stop();
  });
  const shown = new SeedProgress(m, () => ({
    rows: seed.rows,
    of: expected,
    work: seed.work,
    indexes: seed.indexes,
  }));
  const endProgress = context.progress.show(() => shown.view(), log, 'always');
  let outcome: SeedOutcome;
  try {
    outcome = await seed.run();
  } finally {
    endProgress();
    releaseSignal();
  }
  const { written, seconds } = outcome;
  if (!outcome.complete) {
    log.warning(m.seed.interrupted({ written }));
    return { exitCode: EXIT.forced, outcome };
  }
  if (written > 0) log.info(m.seed.done({ written, seconds, perSecond: perSecond(outcome) }));
  if (!settings.seed.validateForeignKeys) return { exitCode: EXIT.done, outcome };
  const rules = await unlessAborted(context.interrupted, () =>
    withConnection(target, (client) => checkRules(client, schema)),
  );
  return { exitCode: logRules(context.log.component('check'), m, rules), outcome };
}

/** Prints the result of a seed. */
export function printSeed(context: CommandContext, outcome: SeedOutcome): void {
  const { tables, written, seconds } = outcome;
  context.print({
    json: {
      tables,
      rows: totalOf(tables),
      written,
      seconds: Number(seconds.toFixed(3)),
      rows_per_second: perSecond(outcome),
    },
    text: countsText(context.messages, tables),
  });
}

function perSecond({ written, seconds }: SeedOutcome): number {
  return seconds > 0 ? Math.round(written / seconds) : 0;
}
