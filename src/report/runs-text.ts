import { DAY_MS } from '../lib/calendar.js';
import { localTime } from '../lib/local-time.js';
import type { Paint } from '../lib/paint.js';
import { formatTable } from '../lib/text-table.js';
import type { Language, Messages } from '../messages/index.js';
import type { KeptFile, KeptRun } from '../runs/kept.js';
import { nameIn } from '../runs/name.js';
import { listOf, streamSettings } from '../runs/recorded-settings.js';
import type { RecordedVerdict } from '../runs/verifications.js';
import { makeFormats } from './html/formats.js';
import { type Fact, factLines, figuresText, summaryFacts } from './text.js';
import { judgeRun } from './verdict.js';

/** Columns of a terminal that is not wider than usual. */
const WIDTH = 80;
const GAP = 2;
/** Columns that a run's name gets in any case: `151204-84d1`. */
const NARROWEST_NAME = 11;
/** The columns of the table that hold words. */
const WORD_COLUMNS = [0, 2, 5, 6];
/** Older runs show their year in the place of the time, as `ls -l` does. */
const RECENT_MS = 180 * DAY_MS;

/** Runs as a table of 80 columns, one a line. Each name is short, and still names the run to every command. */
export function runsTable(m: Messages, lang: Language, runs: readonly KeptRun[]): string {
  const { clock } = makeFormats(lang);
  const { runs: words } = m;
  const cells = runs.map((run) => [
    momentText(run.began),
    run.seconds === null ? '–' : clock(run.seconds),
    loadWord(m, loadOf(run)),
    run.events === null ? '–' : m.number(run.events),
    sizeText(lang, run.bytes),
    verdictWord(m, run),
  ]);
  const header = [
    words.when(),
    words.lasted(),
    words.load(),
    words.events(),
    words.size(),
    words.verdict(),
  ];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const used = widths.reduce((sum, width) => sum + width + GAP, 0);
  const room = Math.max(NARROWEST_NAME, WIDTH - used);
  const names = shortNames(runs.map(({ runId }) => runId));
  const rows = cells.map((row, at) => [...row, clip(names[at] ?? '', room)]);
  return formatTable([[...header, words.run()], ...rows], WORD_COLUMNS);
}

/** A run in detail. */
export interface RunDetails {
  readonly run: KeptRun;
  /** Settings that differ from the defaults; null: the run does not say. */
  readonly changed: readonly { readonly key: string; readonly value: unknown }[] | null;
  readonly verdicts: readonly RecordedVerdict[];
  readonly files: readonly KeptFile[];
}

/** A run in detail, for an operator. Its verdict stands above. */
export function runText(m: Messages, paint: Paint, lang: Language, details: RunDetails): string {
  const { run, changed, verdicts, files } = details;
  const { runs: words } = m;
  const [id, ...figures]: readonly Fact[] =
    run.summary === null ? [[m.report.run(), run.runId]] : summaryFacts(m, run.summary);
  const facts: Fact[] = [
    ...(id === undefined ? [] : [id]),
    ...(run.name === null ? [] : [[words.name(), run.name] as const]),
    ...(run.note === null ? [] : [[words.note(), run.note] as const]),
    [words.when(), localTime(run.began)],
    [words.load(), loadLine(m, loadOf(run))],
    ...figures,
    [words.folder(), run.folder],
  ];
  const verifications = verdicts.map(({ file, document: { began, source, verdict } }): Fact => {
    return [file, `${localTime(Date.parse(began))}  ${source}  ${m.verify.verdictNames[verdict]}`];
  });
  const sizes = files.map(({ name, bytes }): Fact => [name, sizeText(lang, bytes)]);
  return [
    factLines(facts),
    ...(run.summary === null ? [] : [figuresText(m, paint, run.summary, null)]),
    ...section(words.changed(), changed?.map(({ key, value }) => [key, valueText(value)]) ?? []),
    ...section(words.verifications(), verifications),
    ...section(words.files(), sizes),
  ].join('\n');
}

function section(title: string, facts: readonly Fact[]): string[] {
  return facts.length === 0 ? [] : [`${title}\n${factLines(facts)}`];
}

function verdictWord(m: Messages, run: KeptRun): string {
  if (run.underWay) return m.runs.underWay();
  const [worst] = judgeRun(run.summary, run.verification).reasons;
  return m.runs.verdicts[worst.kind]();
}

/** The load of a run, from its settings. */
export interface KeptLoad {
  /** Events per second; null: the cycle, or stages. */
  readonly rate: number | 'max' | null;
  readonly stages: readonly string[];
  readonly workers: number | null;
  readonly batchSize: number | null;
}

export function loadOf({ settings }: Pick<KeptRun, 'settings'>): KeptLoad {
  const { rate, workers, batchSize } = streamSettings(settings);
  const numberOf = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    rate: rate === 'max' ? rate : numberOf(rate),
    stages: listOf(settings, 'stages'),
    workers: numberOf(workers),
    batchSize: numberOf(batchSize),
  };
}

function loadLine(m: Messages, load: KeptLoad): string {
  const { stages, workers, batchSize: batch } = load;
  const shown = stages.length > 0 ? stages.join(', ') : loadWord(m, load);
  return m.runs.loadParts({ load: shown, workers, batch });
}

function loadWord(m: Messages, { rate, stages }: KeptLoad): string {
  if (stages.length > 0) return m.runs.stages(stages.length);
  return typeof rate === 'number' ? m.runs.perSecond(rate) : (rate ?? 'cycle');
}

/** A name that is given once, or else the time and the hexadecimal digits of the id: both name the run to a command. */
function shortNames(runIds: readonly string[]): string[] {
  const names = runIds.map(nameIn);
  return runIds.map((runId, at) => {
    const name = names[at] ?? null;
    const isUnique = name !== null && names.indexOf(name) === names.lastIndexOf(name);
    return isUnique ? name : runId.replace(/^\d{8}-(?=\d{6}-)/, '');
  });
}

/** `1.2 MB`. */
export function sizeText(lang: Language, bytes: number): string {
  // A terminal breaks no lines between a number and its unit.
  return makeFormats(lang).unit('bytes', bytes).replace('\u00a0', ' ');
}

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `11-29 15:12`, or `2025-11-29` where that is long ago. */
function momentText(ms: number): string {
  const text = localTime(ms);
  return Date.now() - ms < RECENT_MS
    ? text.slice('YYYY-'.length, 'YYYY-MM-DD HH:MM'.length)
    : text.slice(0, 'YYYY-MM-DD'.length);
}
