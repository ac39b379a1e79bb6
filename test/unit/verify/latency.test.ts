import assert from 'node:assert/strict';
import test from 'node:test';
import { Latency, type LatencyPoint } from '../../../src/verify/verdict/latency.js';
import { event } from './sample-event.js';

/** Microseconds since 1970, by the server's clock. */
const NOON = 1_790_000_000_000_000;
const MS = 1_000;
const SECOND = 1_000_000;

/** The server's clock is ahead of this machine's. */
const OFFSET = { offset: 2 * SECOND, error: 10 };

function latencyOf(since = NOON): { latency: Latency; points: LatencyPoint[] } {
  const points: LatencyPoint[] = [];
  return { latency: new Latency(OFFSET, since - OFFSET.offset, (p) => points.push(p)), points };
}

/** An event by the server's clock: milliseconds after noon. */
const at = (committed: number | null, connector: number | null, received: number) =>
  event(1, {
    committedAt: committed === null ? null : NOON + committed * MS,
    connectorAt: connector === null ? null : NOON + connector * MS,
    receivedAt: NOON + received * MS - OFFSET.offset,
  });

test('each part of the way is measured, by one clock', () => {
  const { latency } = latencyOf();
  latency.record(at(100, 130, 180));
  const max = [
    latency.commitToConnector,
    latency.connectorToReceived,
    latency.commitToReceived,
  ].map((histogram) => Math.round(histogram.quantile(1) ?? -1));
  assert.deepEqual(max, [30, 50, 80]);
});

test('of changes committed before the verifier listened, only the latency to the connector is measured', () => {
  const { latency, points } = latencyOf(NOON + SECOND);
  latency.record(at(999, 1_100, 5_000));
  latency.finish();
  assert.equal(latency.commitToConnector.count, 1);
  assert.equal(latency.connectorToReceived.count + latency.commitToReceived.count, 0);
  assert.deepEqual(points, []);
});

test('without a commit time nothing is measured; without a connector time the whole way is', () => {
  const { latency } = latencyOf();
  latency.record(at(null, 130, 180));
  assert.equal(latency.connectorToReceived.count, 0);
  latency.record(at(100, null, 180));
  assert.deepEqual([latency.commitToConnector.count, latency.commitToReceived.count], [0, 1]);
});

test('each second with arrivals is a point; the last one is reported at the end', () => {
  const { latency, points } = latencyOf();
  for (const received of [200, 300, 400, 3_100]) latency.record(at(100, null, received));
  assert.equal(points.length, 1);
  latency.finish();
  const seen = points.map(({ at: when, events, max }) => [
    when - NOON / MS,
    events,
    Math.round(max),
  ]);
  assert.deepEqual(
    seen,
    [
      [0, 3, 300],
      [3_000, 1, 3_000],
    ].map(([when, events, max]) => [when, events, roundedUp(max!)]),
  );
  assert.ok(points[0]!.p50 <= points[0]!.p99 && points[0]!.p99 <= points[0]!.max);
});

test('without arrivals there are no points', () => {
  const { latency, points } = latencyOf();
  latency.finish();
  assert.deepEqual(points, []);
});

/** Rounded up as by the histogram, which is exact to 1/128. */
function roundedUp(ms: number): number {
  const { latency } = latencyOf();
  latency.commitToReceived.record(ms);
  return Math.round(latency.commitToReceived.quantile(1) ?? -1);
}
