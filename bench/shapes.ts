import { Curve } from '../src/load/curve.js';
import { parseStage } from '../src/load/stages.js';
import { type Finding, Measurements } from './measure.js';
import type { BenchServer } from './server.js';

export interface ShapesOptions {
  readonly workers: readonly number[];
  readonly batchSize: number;
  /** Duration of each run: of the one that measures the capacity, and of each shape. */
  readonly seconds: number;
}

/** Highest rate of every shape, as a share of the capacity of the same number of workers. */
const LOAD = 0.6;
/** Lowest rate of shapes that go up and down, as a share of their highest rate. */
const LOW = 1 / 8;
/** Span over which sent events are compared with due ones. */
const WINDOW_MS = 5000;
/** Distance between the beginnings of two spans. */
const STEP_MS = 250;
/** WAL segments of 16 MB; the runs need fewer. */
const WAL_SEGMENTS = 150;
const ONLY_INSERTS = ['--only', 'consulta', '--update-ratio', '0', '--delete-ratio', '0'];

/**
 * Distance of the sent events from the curve, by the clock of the server: the worst span of five seconds of
 * each shape, with different numbers of workers.
 */
export async function benchShapes(
  server: BenchServer,
  { workers, batchSize, seconds }: ShapesOptions,
): Promise<Finding[]> {
  await makeWal(server);
  await server.reset();
  await server.cli(['seed', '--scale', '5'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  const findings: Finding[] = [];
  for (const count of workers) {
    const args = [...ONLY_INSERTS, '--batch-size', `${batchSize}`, '--workers', `${count}`];
    await server.settle();
    const fastest = await server.stream([...args, '--rate', 'max', '--duration', `${seconds}s`]);
    const most = Math.floor(LOAD * fastest.achieved_rate);
    process.stderr.write(`${count} workers: ${LOAD} of the capacity are ${most} events/s\n`);
    for (const stage of stagesOf(most, seconds)) {
      const errors = new Measurements('% off');
      errors.note(`${stage}, ${count} workers`, await worstWindow(server, stage, args));
      findings.push({
        what: `${stage}, ${count} workers: worst 5 s`,
        ours: errors.series(`${stage}, ${count} workers`, 'stream'),
        peer: null,
        most: 1,
      });
    }
  }
  return findings;
}

function stagesOf(most: number, seconds: number): string[] {
  const low = Math.floor(most * LOW);
  const half = Math.floor(most / 2);
  return [
    `constant:${most}/${seconds}s`,
    `ramp:${low}..${most}/${seconds}s`,
    `steps:${low},${half},${most}/${seconds}s`,
    `burst:${low}..${most},${seconds / 6}s,${seconds / 2}s/${seconds}s`,
    `day:${low}..${most}/${seconds}s`,
    `week:${low}..${most}/${seconds}s`,
  ];
}

/** Largest difference between sent and due events in a window, less one event, in per cent of the due ones. */
async function worstWindow(
  server: BenchServer,
  stage: string,
  args: readonly string[],
): Promise<number> {
  const curve = new Curve(parseStage(stage)?.segments ?? []);
  const [before] = await server.query<{ id: string }>('SELECT max(id) AS id FROM consultas');
  await server.stream([...args, '--stage', stage]);
  const batches = await server.query<{ at: number; events: number }>(
    `SELECT extract(epoch FROM created_at)::float8 * 1000 AS at, count(*)::int AS events
       FROM consultas WHERE id > $1 GROUP BY created_at ORDER BY created_at`,
    [before?.id ?? 0],
  );
  // No event is sent before it is due, so the punctual ones have the start of the run's clock.
  let sent = 0;
  let started = Number.POSITIVE_INFINITY;
  for (const { at, events } of batches) {
    started = Math.min(started, at - curve.timeOf(sent));
    sent += events;
  }
  let worst = 0;
  for (let from = 0; from + WINDOW_MS <= curve.endMs; from += STEP_MS) {
    const due = curve.eventsBy(from + WINDOW_MS) - curve.eventsBy(from);
    const inside = batches.filter(
      ({ at }) => at - started >= from && at - started < from + WINDOW_MS,
    );
    const events = inside.reduce((sum, batch) => sum + batch.events, 0);
    worst = Math.max(worst, (100 * (Math.abs(events - due) - 1)) / due);
  }
  return worst;
}

/**
 * Makes WAL files that the server can recycle, as one that has been up for a while has them. Creating a file stops
 * all commits for 50 ms: a hundredth of a window, and not the generator's error.
 */
async function makeWal(server: BenchServer): Promise<void> {
  const kept = `${WAL_SEGMENTS * 16}MB`;
  for (const setting of ['min_wal_size', 'max_wal_size']) {
    await server.query(`ALTER SYSTEM SET ${setting} = '${kept}'`);
  }
  await server.query('SELECT pg_reload_conf()');
  for (let i = 0; i < WAL_SEGMENTS; i++) {
    await server.query('SELECT pg_switch_wal(), pg_logical_emit_message(false, $1, $1)', ['bench']);
  }
  await server.settle();
}
