import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Curve } from '../../../src/load/curve.js';
import { parseStage } from '../../../src/load/stages.js';
import type { SeriesPoint } from '../../../src/run/series.js';
import { startServer } from '../../helpers/server.js';
import { streamAudited } from '../../helpers/stream-run.js';
import { withWorkspace } from '../../helpers/workspace.js';

/** One of each shape, one after the other. */
const STAGES = [
  'ramp:20..300/6s',
  'burst:60..400,1s,3s/6s',
  'steps:100,250,150/6s',
  'day:40..300/6s',
  'constant:120/4s',
] as const;
/** Between sending and the server's beginning of the transaction, and for rounding. */
const CLOCK_MS = 25;
/** Events are written one by one, and all of them stay. */
const ARGS = [
  ...['--only', 'consulta', '--batch-size', '1', '--update-ratio', '0', '--delete-ratio', '0'],
  ...STAGES.flatMap((stage) => ['--stage', stage]),
];

const server = await startServer(18);
const curve = new Curve(STAGES.flatMap((stage) => parseStage(stage)!.segments));

test('every shape is followed to the event, never early, with any number of workers', async () => {
  await Promise.all(
    ['1', '3', '8'].map((workers) =>
      withWorkspace(server, async (workspace) => {
        const [before] = await workspace.db.query<{ id: string }>(
          'SELECT max(id) AS id FROM consultas',
        );
        const { summary } = await streamAudited(workspace, [...ARGS, '--workers', workers]);
        const total = Math.round(curve.eventsBy(curve.endMs));
        assert.deepEqual([summary.events, summary.offered, summary.shed], [total, total, 0]);
        assert.equal(summary.stopped_by, 'duration');

        // When each transaction began, by the server's clock.
        const rows = await workspace.db.query<{ at: number }>(
          `SELECT extract(epoch FROM created_at)::float8 * 1000 AS at FROM consultas
            WHERE id > $1 ORDER BY created_at`,
          [before?.id ?? 0],
        );
        // No transaction is early, so the punctual ones show when the clock started.
        const started = Math.min(...rows.map(({ at }, i) => at - curve.timeOf(i)));
        const sent = rows.map(({ at }) => at - started);
        // The lag of a busy machine, by the run's own statistics.
        const late = (summary.latency_ms.lag.max ?? 0) + CLOCK_MS;
        for (let ms = 0; ms <= curve.endMs; ms += 50) {
          const by = sent.filter((at) => at <= ms).length;
          const context = `${workers} workers, ${ms} ms: ${by} of ${curve.eventsBy(ms)}`;
          assert.ok(by <= curve.eventsBy(ms) + 1 + 1e-6, context);
          assert.ok(by >= Math.floor(curve.eventsBy(ms - late)), `${context}, ${late} ms late`);
        }
      }),
    ),
  );
});

test('a run leaves a line for every second, which add up to its summary', async () => {
  await withWorkspace(server, async (workspace) => {
    await workspace.db.query(
      `SELECT pg_create_logical_replication_slot('cdc', 'pgoutput') FROM pg_database
        WHERE datname = current_database()`,
    );
    const args = ['--stage', 'ramp:100..500/4s', '--batch-size', '10', '--workers', '3'];
    const { summary } = await streamAudited(workspace, args);
    await workspace.db.query("SELECT pg_drop_replication_slot('cdc')");
    const series = readSeries(workspace.cwd, summary.run_id);
    assert.ok(series.length >= 4 && series.length <= 6, `${series.length}`);
    const sum = (figure: 'committed' | 'offered' | 'rejected' | 'shed') =>
      series.reduce((total, point) => total + (point[figure] ?? 0), 0);
    assert.equal(sum('committed'), summary.events);
    assert.equal(sum('offered'), summary.offered);
    assert.deepEqual([sum('shed'), sum('rejected')], [0, 0]);
    for (const point of series.slice(1, 4)) {
      assert.ok((point.response_ms.p99 ?? 0) > 0);
      assert.ok(point.rss_bytes > 2 ** 20 && point.cpu_cores > 0);
    }
    const seen = series.filter(({ slots }) => slots?.some(({ name }) => name === 'cdc'));
    assert.ok(seen.length > 0);
    assert.ok((summary.slots.cdc?.retained_bytes ?? 0) > 0);
    assert.ok(series.some(({ wal_bytes }) => (wal_bytes ?? 0) > 0));
    const events = Object.values(summary.by_type).flatMap((kinds) =>
      Object.values(kinds!).map((figures) => figures.events),
    );
    assert.equal(
      events.reduce((total, count) => total + count, 0),
      summary.events,
    );
  });
});

test('random arrivals are as many as the curve says, and the run ends in time', async () => {
  await withWorkspace(server, async (workspace) => {
    const args = ['--stage', 'constant:400/5s', '--arrivals', 'poisson', '--batch-size', '1'];
    const { summary } = await streamAudited(workspace, args);
    // Five standard deviations of a count of 2,000.
    assert.ok(Math.abs(summary.events - 2000) < 5 * Math.sqrt(2000), `${summary.events}`);
    assert.ok(Math.abs(summary.seconds - 5) < 0.5);
  });
});

function readSeries(cwd: string, runId: string): SeriesPoint[] {
  const file = join(cwd, 'logs', 'runs', runId, 'series.ndjson');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as SeriesPoint);
}
