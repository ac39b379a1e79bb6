import { EXIT } from '../../src/errors.js';
import type { Messages } from '../../src/messages/index.js';
import { thresholdText } from '../../src/report/thresholds.js';
import { rejectedTotal } from '../../src/run/worker-stats.js';
import type { Quantiles, RunSummary } from '../../src/runs/summary.js';

/** The end of the program, as the step sees it. */
export interface Ended {
  readonly exitCode: number;
  /** The document on stdout: a summary, or a sentence on why there is none; null: there is neither. */
  readonly document: RunSummary | { readonly error: string } | null;
  /** The end of the program's log. */
  readonly log: string;
}

/** `held`: all thresholds did; `not-held`: the run was whole, and one did not; `failed`: the run did not get so far. */
export type RunVerdict = 'held' | 'not-held' | 'failed';

export function verdictOf({ exitCode }: Ended): RunVerdict {
  if (exitCode === EXIT.done) return 'held';
  return exitCode === EXIT.notHeld ? 'not-held' : 'failed';
}

/** The run's summary; null where it did not get so far. */
export function summaryOf({ document }: Ended): RunSummary | null {
  return document !== null && 'run_id' in document ? document : null;
}

/** A line of the log that reports an error, in the text form. */
const ERROR_LINE = /^\S+ \S+ ERROR \S+ \[\w+\] - (.+)$/gm;

/** Why the job fails, in sentences; null: all held. */
export function reasonOf(m: Messages, ended: Ended): string | null {
  const { exitCode, document, log } = ended;
  if (exitCode === EXIT.done) return null;
  if (document !== null && 'error' in document) return document.error;
  if (exitCode === EXIT.notHeld && document !== null) {
    const broken = document.thresholds.filter(({ held }) => !held);
    return broken.map((result) => thresholdText(m, result)).join('; ');
  }
  return [...log.matchAll(ERROR_LINE)].at(-1)?.[1] ?? m.action.ended({ exitCode });
}

/** The outcome in GitHub's Markdown, for the page of the job. */
export function outcomeMarkdown(m: Messages, ended: Ended): string {
  const summary = summaryOf(ended);
  const reason = reasonOf(m, ended);
  return [
    `## oltp-simulator: ${m.action.verdict(verdictOf(ended))}`,
    ...(reason === null ? [] : [escapeMarkdown(reason)]),
    ...(summary === null ? [] : [thresholdList(m, summary), figureTable(m, summary)]),
  ]
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');
}

function thresholdList(m: Messages, { thresholds }: RunSummary): string {
  return thresholds
    .map((result) => `- ${result.held ? '✅' : '❌'} ${escapeMarkdown(thresholdText(m, result))}`)
    .join('\n');
}

function figureTable(m: Messages, summary: RunSummary): string {
  const { transactions, latency_ms: latency, target_rate: target } = summary;
  const rate = m.number(summary.achieved_rate);
  const rows = [
    [m.report.stoppedBy(), m.report.reason(summary.stopped_by)],
    [m.report.elapsed(), `${m.number(Math.round(summary.seconds * 10) / 10)} s`],
    [m.report.events(), m.number(summary.events)],
    [m.report.rate(), target === null ? rate : `${rate} (${m.report.target(m.number(target))})`],
    [
      m.report.transactions(),
      m.report.transactionParts({
        committed: transactions.committed,
        rolledBack: transactions.rolled_back,
        inDoubt: transactions.in_doubt,
      }),
    ],
    [m.report.rejected(), m.number(rejectedTotal(summary.rejected))],
    [m.report.recoveries(), `${m.number(summary.retries)} / ${m.number(summary.reconnects)}`],
    [m.report.response(), quantilesText(m, latency.response)],
    [m.report.service(), quantilesText(m, latency.service)],
  ];
  const title = m.report.title({ runId: summary.run_id });
  return [`| ${title} | |`, '| --- | --- |', ...rows.map((row) => `| ${row.join(' | ')} |`)].join(
    '\n',
  );
}

function quantilesText(m: Messages, quantiles: Quantiles): string {
  return Object.entries(quantiles)
    .map(([name, value]) => `${name} ${value === null ? '–' : m.millis(value)}`)
    .join(' · ');
}

/** Keeps `<` and the like from becoming markup. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_<>[\]#|~]/g, '\\$&');
}

/** A workflow command that shows `text` as an error of the job, on one line. */
export function errorAnnotation(text: string): string {
  const escaped = text.replace(/[%\r\n]/g, (character) => encodeURIComponent(character));
  return `::error title=oltp-simulator::${escaped}`;
}
