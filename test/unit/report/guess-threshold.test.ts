import assert from 'node:assert/strict';
import test from 'node:test';
import { guessThreshold } from '../../../src/report/guess-threshold.js';
import { Metrics } from '../../../src/report/metrics.js';
import { parseThreshold } from '../../../src/report/thresholds.js';
import { hospital } from '../../helpers/hospital.js';

const METRICS = new Metrics(hospital);

const CASES: readonly (readonly [text: string, meant: string])[] = [
  ['p99<250', 'response.p99<250ms'],
  ['response.p99<250', 'response.p99<250ms'],
  ['response.p99 < 0.25 sec', 'response.p99<0.25s'],
  ['response.p99<1h', 'response.p99<3600s'],
  ['response.p99<250µs', 'response.p99<250us'],
  ['response.p99<1,5s', 'response.p99<1.5s'],
  ['response.p99<1 000ms', 'response.p99<1000ms'],
  ['response p99 < 250 ms', 'response.p99<250ms'],
  ['response_p99<250ms', 'response.p99<250ms'],
  ['latency.p99.9<1s', 'response.p999<1s'],
  ['latency<10ms', 'response.p99<10ms'],
  ['respons.p99<1ms', 'response.p99<1ms'],
  ['consulta.insert.service<5', 'consulta.insert.service.p99<5ms'],
  ['rate_error < 5', 'rate_error<5%'],
  ['rate_error<0.05', 'rate_error<5%'],
  ['rate_error<5 percent', 'rate_error<5%'],
  ['response.p99=<250ms', 'response.p99<=250ms'],
  ['response.p99≤250ms', 'response.p99<=250ms'],
  ['shed=0', 'shed==0'],
  ['shed<>0', 'shed!=0'],
  ['250ms>response.p99', 'response.p99<250ms'],
  ['0<=shed', 'shed>=0'],
  ['response.p99<250ms abort', 'response.p99<250ms, abort'],
  ['p99<250; abort', 'response.p99<250ms, abort'],
  ['slot.debezium.retained<1', 'slot.debezium.retained<1MB'],
  ['slot.debezium.retained<1gib', 'slot.debezium.retained<1GB'],
  ['errors==0', 'rejected==0'],
  ['rejected<5%', 'rejected<5'],
  ['achieved_rate>500/s', 'achieved_rate>500'],
  ['Shed==0', 'shed==0'],
];

test('a threshold that is nearly right gets a proposal, which is a threshold itself', () => {
  for (const [text, meant] of CASES) {
    assert.ok('problem' in parseThreshold(text, METRICS), text);
    assert.equal(guessThreshold(text, METRICS), meant, text);
    assert.ok(!('problem' in parseThreshold(meant, METRICS)), meant);
  }
});

test('nothing is proposed where nothing can be derived', () => {
  for (const text of [
    '',
    'soon',
    'response.p99',
    'foo<1',
    'response.p99<5MB',
    'response.p99<fast',
  ]) {
    assert.equal(guessThreshold(text, METRICS), undefined, text);
  }
});
