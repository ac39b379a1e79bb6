import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { EXIT, type ExitCode, OperatorError } from '../../errors.js';
import { loadOf, runsTable, runText, sizeText } from '../../report/runs-text.js';
import { verdictLine, verdictText } from '../../report/text.js';
import { judgeRun } from '../../report/verdict.js';
import { runsPath } from '../../runs/folder.js';
import { filesOf, type KeptRun, listRuns, lookAtRun, readKept } from '../../runs/kept.js';
import { deleteRun, removeRemains, runsToPrune } from '../../runs/prune.js';
import { findRun, readRunFile } from '../../runs/record.js';
import { VerificationRecord } from '../../runs/verifications.js';
import { confirm } from '../ask.js';
import { runAction } from './actions.js';
import type { Command, CommandContext } from './context.js';

/** `runs list|show|prune`: what is kept of runs. */
export const run: Command = runAction('runs', { list, show, prune });

/** `runs list`: every run, the newest first. */
async function list(context: CommandContext): Promise<ExitCode> {
  const { messages: m, settings } = context;
  const runs = listRuns(settings.logging.dir).map(readKept);
  context.print({
    json: { runs: runs.map(describe) },
    text:
      runs.length === 0
        ? `${m.runs.none({ folder: runsPath(settings.logging.dir) })}\n`
        : runsTable(m, settings.app.lang, runs),
  });
  return EXIT.done;
}

/** `runs show [RUN]`: one run in detail. */
async function show(context: CommandContext): Promise<ExitCode> {
  const { messages: m, settings, names, cwd, paint } = context;
  const folder = findRun(settings.logging.dir, names[0], cwd);
  const kept = readKept(lookAtRun(basename(folder), folder));
  const verdicts = new VerificationRecord(folder).all();
  const report = join(folder, 'report.html');
  const page = existsSync(report) ? report : null;
  const details = {
    run: kept,
    changed: changedIn(kept),
    verdicts,
    files: filesOf(folder),
  };
  context.print({
    json: {
      ...describe(kept),
      folder,
      changed_settings: details.changed,
      summary: kept.summary,
      verifications: verdicts.map(({ file, document: { verdict, source, began, accounting } }) => ({
        file,
        verdict,
        source,
        began,
        accounting,
      })),
      files: details.files,
      report: page,
    },
    verdict: kept.underWay
      ? verdictLine(paint, 'unsure', m.runs.underWay())
      : verdictText(m, paint, judgeRun(kept.summary, kept.verification)),
    text: runText(m, paint, settings.app.lang, details),
    page,
  });
  return EXIT.done;
}

/** `runs prune`: deletes the runs that no limit keeps, after a question. */
async function prune(context: CommandContext): Promise<ExitCode> {
  const { messages: m, settings, dryRun } = context;
  const { lang } = settings.app;
  const { keep, olderThanSeconds } = settings.runs;
  if (keep === null && olderThanSeconds === null) {
    throw new OperatorError(EXIT.usage, (msg) => msg.runs.noLimit());
  }
  const all = listRuns(settings.logging.dir);
  const chosen = runsToPrune(all, { keep, olderThanSeconds }, Date.now()).map(readKept);
  const bytes = chosen.reduce((sum, each) => sum + each.bytes, 0);
  const size = sizeText(lang, bytes);
  const figures = { runs: chosen.length, kept: all.length - chosen.length, size };
  const table = chosen.length === 0 ? '' : `${runsTable(m, lang, chosen)}\n`;
  const deletes = chosen.length > 0 && !dryRun;
  const asks = deletes && !context.yes;
  if (asks) {
    await confirm(`${table}${m.runs.askToPrune(figures)}`, context, {
      noTerminal: (msg) => msg.runs.noTerminal(),
      refused: (msg) => msg.runs.refused(),
    });
  }
  if (deletes) await deleteAll(context, chosen);
  const outcome =
    chosen.length === 0
      ? m.runs.nothingToPrune(figures)
      : dryRun
        ? m.runs.wouldPrune(figures)
        : m.runs.pruned(figures);
  context.print({
    json: {
      runs: chosen.map(({ runId }) => runId),
      bytes,
      kept: figures.kept,
      dry_run: dryRun,
    },
    text: `${asks ? '' : table}${outcome}\n`,
  });
  return EXIT.done;
}

/** Deletes the folders of runs. A signal ends it between two of them. */
async function deleteAll(context: CommandContext, chosen: readonly KeptRun[]): Promise<void> {
  removeRemains(context.settings.logging.dir);
  for (const [runs, { folder }] of chosen.entries()) {
    await setImmediate();
    if (context.interrupted.aborted) {
      const left = chosen.length - runs;
      throw new OperatorError(EXIT.forced, (m) => m.runs.interrupted({ runs, left }));
    }
    deleteRun(folder);
  }
}

/** A run as `--json` shows it. */
function describe(kept: KeptRun): object {
  const { rate, stages } = loadOf(kept);
  return {
    run_id: kept.runId,
    name: kept.name,
    note: kept.note,
    began: new Date(kept.began).toISOString(),
    seconds: kept.seconds,
    load: { rate, stages },
    events: kept.events,
    ...(kept.summary?.hazards === undefined ? {} : { hazards: kept.summary.hazards }),
    under_way: kept.underWay,
    verdict: judgeRun(kept.summary, kept.verification),
    bytes: kept.bytes,
  };
}

/** The settings of a run that differ from the defaults, by dotted key; null: it left no list of them. */
function changedIn({ folder, settings }: KeptRun): { key: string; value: unknown }[] | null {
  const keys = readRunFile(folder, 'run.json')?.changed_settings;
  if (!Array.isArray(keys)) return null;
  return keys.map(String).map((key) => ({
    key,
    value: key
      .split('.')
      .reduce<unknown>(
        (value, part) => (value as Record<string, unknown> | null)?.[part],
        settings,
      ),
  }));
}
