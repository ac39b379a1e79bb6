import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addHazards, type HazardTimes } from '../../src/hazards/times.js';
import { Histogram } from '../../src/lib/histogram.js';
import type { SecondLatency, SeriesPoint, SlotState } from '../../src/run/series.js';
import type { RunDescription } from '../../src/runs/description.js';
import type { HazardOccurrence } from '../../src/runs/hazards.js';
import type { LatencyDistributions } from '../../src/runs/latency.js';
import { timeIn } from '../../src/runs/name.js';
import type { RunRecord } from '../../src/runs/record.js';
import type { Quantiles, RunSummary, TypeFigures } from '../../src/runs/summary.js';
import { VerificationRecord } from '../../src/runs/verifications.js';
import { OPERATIONS, type RowCounts } from '../../src/schema/changes.js';
import type { Verdict } from '../../src/verify/verdict/accounting.js';
import { hospital } from './hospital.js';
import { randomNumbers } from './random.js';
import { sampleVerification } from './sample-verification.js';

const SECONDS = 300;
const SPIKE = { from: 120, to: 150 };
const PAUSE = { from: 200, to: 215 };
const RECONNECT_AT = 245;
const REJECTED_AT = [60, 61, 133, 247];
/** WAL of one event, in bytes. */
const EVENT_WAL = 900;

export interface SampleShape {
  readonly runId?: string;
  /** Events per second that the plan asks for outside of the spike. */
  readonly rate?: number;
  readonly killed?: boolean;
  /** The verdict of `verify`; left out: the run was not verified. */
  readonly verdict?: Verdict;
  /** Whether the run had hazards; `publication` among them never happened. */
  readonly hazards?: boolean;
}

/**
 * Five minutes as a run could have gone: a spike of the rate that the server cannot follow, a pause,
 * a connection that is lost, a slot whose consumer lags, a few rejected rows.
 */
export function sampleRun({
  runId = '20261123-201530-a1b2',
  rate = 800,
  killed = false,
  verdict,
  hazards = false,
}: SampleShape = {}): RunRecord {
  const seconds = killed ? 180 : SECONDS;
  const occurrences = hazards ? sampleOccurrences(runId, seconds) : [];
  const points = sampleSeries(runId, rate).slice(0, seconds);
  const series = hazards ? points.map((point) => withHazards(point, occurrences)) : points;
  const counts = addHazards([
    ...(hazards ? [{ publication: 0 }] : []),
    ...series.map((point) => point.hazards ?? {}),
  ]);
  return {
    runId,
    series,
    occurrences,
    summary: killed
      ? null
      : { ...sampleSummary(runId, rate, series), ...(hazards ? { hazards: counts } : {}) },
    settings: sampleSettings(rate, hazards ? ['copy=5%', 'ddl=15s', 'publication=cdc/1m'] : []),
    description: sampleDescription(runId),
    latency: killed ? null : sampleLatency(),
    verification: verdict === undefined ? null : sampleVerification(runId, series, verdict),
    verdicts: [],
  };
}

/** Writes a run as `stream` leaves it, and returns its folder. */
export async function writeSampleRun(logs: string, run: RunRecord): Promise<string> {
  const folder = join(logs, 'runs', run.runId);
  await mkdir(folder, { recursive: true });
  const occurrences = run.occurrences.map((each) => `${JSON.stringify(each)}\n`);
  if (occurrences.length > 0) {
    await writeFile(join(folder, 'hazards.ndjson'), occurrences.join(''));
  }
  const lines = run.series.map((point) => `${JSON.stringify(point)}\n`);
  await writeFile(join(folder, 'series.ndjson'), lines.join(''));
  await writeFile(join(folder, 'settings.json'), JSON.stringify(run.settings));
  await writeFile(join(folder, 'run.json'), JSON.stringify(run.description));
  if (run.latency !== null) {
    await writeFile(join(folder, 'latency.json'), JSON.stringify(run.latency));
  }
  if (run.summary !== null) {
    await writeFile(join(folder, 'summary.json'), JSON.stringify(run.summary));
  }
  if (run.verification !== null) {
    const record = new VerificationRecord(folder);
    for (const point of run.verification.points) record.append(point);
    record.close(run.verification.document);
  }
  return folder;
}

function sampleStart(runId: string): number {
  return timeIn(runId) ?? Date.parse('2026-11-23T20:15:30Z');
}

function sampleSeries(runId: string, rate: number): SeriesPoint[] {
  const start = sampleStart(runId);
  const next = randomNumbers(rate);
  let retained = 2_000_000;
  return Array.from({ length: SECONDS }, (_, index) => {
    const second = index + 1;
    const inside = (span: { from: number; to: number }) => second > span.from && second <= span.to;
    const paused = inside(PAUSE);
    const spike = inside(SPIKE);
    const broken = second >= RECONNECT_AT && second < RECONNECT_AT + 3;
    const target = spike ? rate * 2.5 : rate;
    const offered = paused ? 0 : target;
    const able = broken ? rate * 0.2 : spike ? rate * 2.1 : target;
    const committed = paused ? 0 : Math.round(able * (0.985 + 0.03 * next()));
    const base = (spike ? 9 : 3) * (0.8 + 0.4 * next());
    const service = latency(committed > 0 ? base * (broken ? 20 : 1) : null);
    const wait = spike ? 4 + (second - SPIKE.from) * 3 : broken ? 900 : 0.4;
    const response = latency(committed > 0 ? base * (broken ? 20 : 1) + wait : null);
    retained += committed * EVENT_WAL * (second > SPIKE.from ? 0.45 : -0.02);
    return {
      at: new Date(start + second * 1000).toISOString(),
      second,
      target,
      offered,
      committed,
      shed: spike ? Math.max(0, Math.round(offered - committed)) : 0,
      rejected: REJECTED_AT.includes(second) ? 2 : 0,
      response_ms: response,
      service_ms: service,
      reconnects: second === RECONNECT_AT + 2 ? 1 : 0,
      disconnected: broken && second !== RECONNECT_AT + 2 ? 4 : 0,
      paused,
      rss_bytes: Math.round(140e6 + Math.min(second, 40) * 9e5 + next() * 4e6),
      cpu_cores: paused ? 0.02 : Number((0.25 + committed / 4000 + 0.1 * next()).toFixed(3)),
      open_files: 42,
      wal_bytes: Math.round(committed * EVENT_WAL * (0.9 + 0.2 * next())),
      slots: [
        slot('debezium_hospital', Math.max(1_000_000, retained)),
        slot('relatorios', 1_500_000 + Math.round(next() * 900_000)),
      ],
    };
  });
}

/** Each timed hazard but `publication`, every so often. */
const TIMED: readonly (Pick<HazardOccurrence, 'name' | 'length_ms' | 'rows'> & {
  readonly every: number;
  readonly from: number;
})[] = [
  { name: 'key-change', every: 12, from: 7, length_ms: 6, rows: 9 },
  { name: 'huge', every: 90, from: 40, length_ms: 8_200, rows: 100_000 },
  { name: 'long', every: 100, from: 12, length_ms: 45_000, rows: 9 },
  { name: 'truncate', every: 40, from: 21, length_ms: 14, rows: 1 },
  { name: 'quiet', every: 400, from: PAUSE.from, length_ms: 15_000, rows: 150 },
  { name: 'ddl', every: 15, from: 4, length_ms: 31, rows: 3 },
];
const CHANGES = [
  { name: 'add-column', table: 'prontuarios', stays: false },
  { name: 'drop-column', table: 'prontuarios', stays: false },
  { name: 'add-enum-value', table: 'sinais_vitais', stays: true },
];

function sampleOccurrences(runId: string, seconds: number): HazardOccurrence[] {
  const start = sampleStart(runId);
  return TIMED.flatMap(({ every, from, ...timed }) =>
    Array.from({ length: Math.ceil((seconds - from) / every) }, (_, index) => {
      const over = start + (from + index * every) * 1000 + timed.length_ms;
      return {
        at: new Date(over).toISOString(),
        ...timed,
        lsn: `0/${(0x16b3748 + index * 0x4a10).toString(16).toUpperCase()}`,
        change: timed.name === 'ddl' ? (CHANGES[index % CHANGES.length] ?? null) : null,
      };
    }),
  )
    .filter(({ at }) => Date.parse(at) <= start + seconds * 1000)
    .sort((a, b) => a.at.localeCompare(b.at));
}

function withHazards(point: SeriesPoint, occurrences: readonly HazardOccurrence[]): SeriesPoint {
  const until = Date.parse(point.at);
  const timed = occurrences
    .filter(({ at }) => Date.parse(at) > until - 1000 && Date.parse(at) <= until)
    .map(({ name }): HazardTimes => ({ [name]: 1 }));
  const ofBatches = point.paused ? {} : { rollback: 1, copy: 2, 'hot-keys': 3 };
  return { ...point, hazards: addHazards([ofBatches, ...timed]) };
}

function latency(p50: number | null): SecondLatency {
  if (p50 === null) return { p50: null, p99: null, max: null };
  return { p50, p99: p50 * 3.2, max: p50 * 6 };
}

function slot(name: string, retained: number): SlotState {
  const retained_bytes = Math.round(retained);
  const lag_bytes = Math.round(retained * 0.9);
  return { name, active: true, retained_bytes, lag_bytes, wal_status: 'reserved' };
}

function quantiles(p50: number): Quantiles {
  return { p50, p90: p50 * 1.9, p99: p50 * 6.4, p999: p50 * 21, max: p50 * 38 };
}

function sampleSummary(runId: string, rate: number, series: readonly SeriesPoint[]): RunSummary {
  const sum = (pick: (point: SeriesPoint) => number | null) =>
    series.reduce((total, point) => total + (pick(point) ?? 0), 0);
  const events = sum((point) => point.committed);
  const paused = series.filter((point) => point.paused).length;
  const type = (share: number, p50: number): TypeFigures => ({
    events: Math.round(events * share),
    response: quantiles(p50 * 1.3),
    service: quantiles(p50),
  });
  return {
    run_id: runId,
    rng: 42,
    workers: 5,
    batch_size: 50,
    target_rate: rate * 1.15,
    achieved_rate: Number((events / (SECONDS - paused)).toFixed(2)),
    offered: sum((point) => point.offered),
    shed: sum((point) => point.shed),
    unsent: 0,
    server_lost: false,
    held_up: false,
    given_up: 0,
    seconds: SECONDS,
    paused_seconds: paused,
    events,
    transactions: { committed: Math.round(events / 50), rolled_back: 3, in_doubt: 0, settled: 1 },
    rows: sampleRows(events),
    rejected: { '23505': 6, '22001': 2 },
    retries: 4,
    reconnects: 1,
    latency_ms: { response: quantiles(4.2), service: quantiles(3.1), lag: quantiles(0.4) },
    by_type: {
      consulta: { insert: type(0.33, 3), update: type(0.06, 3.8), delete: type(0.004, 4.4) },
      exame: { insert: type(0.21, 2.7), update: type(0.04, 3.3) },
      internacao: { insert: type(0.08, 3.4), update: type(0.02, 4.1) },
      novo_paciente: { insert: type(0.13, 2.2), update: type(0.02, 2.9) },
      vinculo: { insert: type(0.09, 2.5) },
    },
    generator: {
      cpu_cores: 0.52,
      rss_peak_bytes: 179_800_000,
      rss_growth_bytes: 1_240_000,
      open_files_growth: 0,
      response_growth: 1.03,
      late_ms: 0.84,
      bottleneck: null,
    },
    slots: {
      debezium_hospital: { retained_bytes: 68_400_000, lag_bytes: 61_500_000 },
      relatorios: { retained_bytes: 2_400_000, lag_bytes: 2_100_000 },
    },
    thresholds: [
      { threshold: 'response.p99<50ms', held: true, value: 26.88, aborted: false },
      { threshold: 'achieved_rate>=700', held: true, value: 871, aborted: false },
      {
        threshold: 'slot.debezium_hospital.retained<64MB',
        held: false,
        value: 65.23,
        aborted: false,
      },
    ],
    stopped_by: 'duration',
  };
}

function sampleDescription(runId: string): RunDescription {
  return {
    run_id: runId,
    program: { version: '0.1.0', node: 'v20.19.0' },
    server: {
      system_identifier: '7440000000000000001',
      timeline: 1,
      version: '16.4',
      database: 'hospital',
      embedded: false,
    },
    machine: {
      system: 'linux 6.8.0',
      architecture: 'x64',
      processor: 'Sample CPU @ 3.00GHz',
      cores: 8,
      memory_bytes: 16 * 1024 ** 3,
    },
    changed_settings: ['server', 'stream.stages', 'stream.onLag', 'app.lang'],
  };
}

/** Latencies of 5,000 batches: most of them even, one in a hundred slow. */
function sampleLatency(): LatencyDistributions {
  const of = (median: number) => {
    const histogram = new Histogram();
    for (let i = 0; i < 5_000; i++)
      histogram.record(median * 6.4 ** (Math.log10(5_000 / (5_000 - i)) / 2));
    return histogram.distribution();
  };
  return { response: of(4.2), service: of(3.1), lag: of(0.4) };
}

function sampleRows(events: number): RowCounts {
  const shares = { insert: 0.12, update: 0.021, delete: 0.002 };
  return Object.fromEntries(
    hospital.tables.names.map((table) => [
      table,
      Object.fromEntries(
        OPERATIONS.map((operation) => [operation, Math.round(events * shares[operation])]),
      ),
    ]),
  ) as RowCounts;
}

function sampleSettings(rate: number, hazards: readonly string[]): Record<string, unknown> {
  return {
    app: { lang: 'pt-BR', rng: 42 },
    server: {
      host: 'db.example',
      port: 5432,
      user: 'hospital',
      password: 'hunter2-password',
      url: 'postgresql://hospital:hunter2-url@db.example/hospital',
      note: 'postgresql://hospital:hunter2-inside@db.example/hospital',
    },
    stream: {
      workers: 5,
      rate: null,
      stages: [
        { text: `constant:${rate}/120s`, seconds: 120, segments: [] },
        { text: `constant:${rate * 2.5}/30s`, seconds: 30, segments: [] },
        { text: `constant:${rate}/150s`, seconds: 150, segments: [] },
      ],
      onLag: 'shed',
      batchSize: 50,
      only: ['consulta', 'exame', 'internacao', 'novo_paciente', 'vinculo'],
      maxEvents: null,
      ...(hazards.length === 0 ? {} : { hazards }),
    },
    logging: { level: 'INFO', format: 'text' },
  };
}
