import assert from 'node:assert/strict';
import test from 'node:test';
import * as v from 'valibot';
import { messagesIn } from '../../../src/messages/index.js';
import { Metrics } from '../../../src/report/metrics.js';
import {
  judge,
  measuredOf,
  parseThreshold,
  type Threshold,
  type ThresholdProblem,
} from '../../../src/report/thresholds.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { thresholdProblems } from '../../../src/settings/problems.js';
import { thresholds } from '../../../src/settings/validators.js';
import { hospital } from '../../helpers/hospital.js';
import { GIB, MIB, summaryOf } from './samples.js';

const en = messagesIn('en');
const ptBR = messagesIn('pt-BR');
const METRICS = new Metrics(hospital);
const OPTION = thresholds(METRICS);

function thresholdOf(text: string): Threshold {
  const parsed = parseThreshold(text, METRICS);
  if ('problem' in parsed) assert.fail(`${text}: ${JSON.stringify(parsed)}`);
  return parsed;
}

const responses = (p99: number): Partial<RunSummary> => ({
  latency_ms: { ...summaryOf().latency_ms, response: { ...summaryOf().latency_ms.response, p99 } },
});
const grown = (rss_growth_bytes: number): Partial<RunSummary> => ({
  generator: { ...summaryOf().generator, rss_growth_bytes },
});
const retained = (retained_bytes: number): Partial<RunSummary> => ({
  slots: { cdc: { retained_bytes, lag_bytes: 0 } },
});

test('a threshold is parsed into metric, comparison and a limit in the unit of the metric', () => {
  const cases: readonly [text: string, metric: string, comparison: string, limit: number][] = [
    ['response.p99<250ms', 'response.p99', '<', 250],
    ['response.p99<250us', 'response.p99', '<', 0.25],
    ['response.p99 <= 0.07s', 'response.p99', '<=', 70],
    ['response.p99<1m', 'response.p99', '<', 60_000],
    ['seconds>=10s', 'seconds', '>=', 10],
    ['seconds>=1.5m', 'seconds', '>=', 90],
    ['paused_seconds<500ms', 'paused_seconds', '<', 0.5],
    ['rate_error<1%', 'rate_error', '<', 0.01],
    ['rate_error<57 %', 'rate_error', '<', 0.57],
    ['shed==0', 'shed', '==', 0],
    ['shed!=0', 'shed', '!=', 0],
    ['rejected<=5', 'rejected', '<=', 5],
    ['rejected.23505==0', 'rejected.23505', '==', 0],
    ['achieved_rate>.5', 'achieved_rate', '>', 0.5],
    ['cpu_cores<1.', 'cpu_cores', '<', 1],
    ['rss_growth<30MB', 'rss_growth', '<', 30 * MIB],
    ['rss_growth>-1kB', 'rss_growth', '>', -1024],
    ['rss_growth<1KB', 'rss_growth', '<', 1024],
    ['rss_peak<123B', 'rss_peak', '<', 123],
    ['slot.cdc.retained<2GB', 'slot.cdc.retained', '<', 2 * GIB],
    ['slot.cdc.lag<1TB', 'slot.cdc.lag', '<', 1024 * GIB],
    ['  slot.cdc.retained\t<  2  GB ', 'slot.cdc.retained', '<', 2 * GIB],
  ];
  for (const [text, metric, comparison, limit] of cases) {
    const read = thresholdOf(text);
    assert.deepEqual(
      [read.text, read.metric, read.comparison, read.limit, read.abort],
      [text.trim(), metric, comparison, limit, false],
    );
  }
});

test('", abort" at the end asks to end the run', () => {
  for (const ending of [', abort', ',abort', ' ,  ABORT ', ',\tAbort']) {
    const read = thresholdOf(`slot.cdc.retained < 2 GB${ending}`);
    assert.deepEqual([read.abort, read.limit, read.unit], [true, 2 * GIB, 'GB']);
  }
});

test('a text that is not a threshold is refused with its problem', () => {
  const form: ThresholdProblem = { problem: 'form' };
  const unit = (metric: string, given: string, ...allowed: string[]): ThresholdProblem => ({
    problem: 'unit',
    metric,
    unit: given,
    allowed,
  });
  const times = ['us', 'ms', 's', 'm'];
  const sizes = ['B', 'kB', 'KB', 'MB', 'GB', 'TB'];
  const cases: readonly [text: string, problem: ThresholdProblem][] = [
    ['', form],
    ['response.p99', form],
    ['response.p99<', form],
    ['<250ms', form],
    ['response.p99=250ms', form],
    ['response.p99=<250ms', form],
    ['response.p99< =250ms', form],
    ['response.p99<>250ms', form],
    ['response.p99<fast', form],
    ['response.p99<1e3ms', form],
    ['response.p99<0x10ms', form],
    ['response.p99<1,5ms', form],
    ['response.p99<1 000ms', form],
    ['response.p99<.ms', form],
    ['response.p99<+5ms', form],
    ['250ms>response.p99', form],
    ['1<response.p99<250ms', form],
    ['response p99<250ms', form],
    ['shed==0, stop', form],
    ['shed==0 abort', form],
    ['shed==0,', form],
    ['shed==0, abort, abort', form],
    ['shed==0;shed==0', form],
    ['latency<1ms', { problem: 'metric', metric: 'latency', nearest: undefined }],
    ['shd==0', { problem: 'metric', metric: 'shd', nearest: 'shed' }],
    ['Shed==0', { problem: 'metric', metric: 'Shed', nearest: 'shed' }],
    ['response.p98<1ms', { problem: 'metric', metric: 'response.p98', nearest: 'response.p90' }],
    ['response.p99<250', unit('response.p99', '', ...times)],
    ['response.p99<250MS', unit('response.p99', 'MS', ...times)],
    ['response.p99<250µs', unit('response.p99', 'µs', ...times)],
    ['response.p99<1h', unit('response.p99', 'h', ...times)],
    ['response.p99<5MB', unit('response.p99', 'MB', ...times)],
    ['response.p99<5constructor', unit('response.p99', 'constructor', ...times)],
    ['seconds>10', unit('seconds', '', ...times)],
    ['rate_error<0.01', unit('rate_error', '', '%')],
    ['rss_growth<30', unit('rss_growth', '', ...sizes)],
    ['rss_growth<30mb', unit('rss_growth', 'mb', ...sizes)],
    ['rss_growth<30%', unit('rss_growth', '%', ...sizes)],
    ['shed==0%', unit('shed', '%')],
    ['achieved_rate>100s', unit('achieved_rate', 's')],
    ['cpu_cores<1cores', unit('cpu_cores', 'cores')],
  ];
  for (const [text, problem] of cases)
    assert.deepEqual(parseThreshold(text, METRICS), problem, text);
});

test('a threshold is judged, and has the figure in its own unit', () => {
  const cases: readonly [
    text: string,
    holding: [Partial<RunSummary>, value: number],
    failing: [Partial<RunSummary>, value: number],
  ][] = [
    ['response.p99<250ms', [responses(249.5), 249.5], [responses(250), 250]],
    ['response.p99<=0.25s', [responses(250), 0.25], [responses(251), 0.251]],
    ['response.p99<70000us', [responses(69), 69_000], [responses(71), 71_000]],
    ['rate_error<1%', [{ achieved_rate: 199 }, 0.5], [{ achieved_rate: 202 }, 1]],
    ['shed==0', [{ shed: 0 }, 0], [{ shed: 1 }, 1]],
    ['shed!=0', [{ shed: 1 }, 1], [{ shed: 0 }, 0]],
    [
      'rejected<=5',
      [{ rejected: { '23505': 5 } }, 5],
      [{ rejected: { '23505': 5, '22001': 1 } }, 6],
    ],
    ['rejected.22001==0', [{ rejected: { '23505': 5 } }, 0], [{ rejected: { '22001': 1 } }, 1]],
    ['achieved_rate>199.5', [{ achieved_rate: 199.51 }, 199.51], [{ achieved_rate: 199.5 }, 199.5]],
    ['events>=1000', [{ events: 1000 }, 1000], [{ events: 999 }, 999]],
    ['seconds<1m', [{ seconds: 30 }, 0.5], [{ seconds: 90 }, 1.5]],
    ['rss_growth<30MB', [grown(-3 * MIB), -3], [grown(30 * MIB), 30]],
    ['slot.cdc.retained<2GB', [retained(GIB), 1], [retained(2 * GIB), 2]],
    ['slot.cdc.retained < 2 GB, abort', [retained(GIB), 1], [retained(3 * GIB), 3]],
  ];
  for (const [text, holding, failing] of cases) {
    for (const [[changes, value], held] of [[holding, true] as const, [failing, false] as const]) {
      assert.deepEqual(judge(thresholdOf(text), summaryOf(changes)), {
        threshold: text,
        held,
        value,
        aborted: false,
      });
    }
  }
});

test('an unmeasured figure holds no threshold, with any comparison', () => {
  for (const comparison of ['<', '<=', '>', '>=', '==', '!=']) {
    for (const metric of ['lag.p99', 'vinculo.delete.response.max']) {
      const { held, value } = judge(thresholdOf(`${metric}${comparison}1ms`), summaryOf());
      assert.deepEqual([held, value], [false, null]);
    }
    const slot = judge(thresholdOf(`slot.other.retained${comparison}1GB`), summaryOf());
    assert.deepEqual([slot.held, slot.value], [false, null]);
  }
});

test('a figure has few decimals, but enough to agree with the outcome', () => {
  const cases: readonly [text: string, p99: number, held: boolean, value: number][] = [
    ['response.p99<250ms', 123.456789, true, 123.457],
    ['response.p99<250ms', 249.99996, true, 249.99996],
    ['response.p99<=250ms', 250.00004, false, 250.00004],
    ['response.p99==250ms', 250.00004, false, 250.00004],
    ['response.p99<=250ms', 249.99996, true, 250],
    ['response.p99<=0.07s', 70, true, 0.07],
  ];
  for (const [text, p99, held, value] of cases) {
    const result = judge(thresholdOf(text), summaryOf(responses(p99)));
    assert.deepEqual([result.held, result.value], [held, value], text);
  }
});

test('a reader sees few digits of a figure, but enough to agree with the outcome', () => {
  const cases: readonly [text: string, p99: number, shown: number][] = [
    ['response.p99<250ms', 64.23456, 64.2],
    ['response.p99<250ms', 25_821.183, 25_821],
    ['response.p99<250ms', 249.96, 249.96],
    ['response.p99<=250ms', 250.0004, 250.0004],
    ['response.p99<1s', 70, 0.07],
  ];
  for (const [text, p99, shown] of cases) {
    assert.equal(measuredOf(judge(thresholdOf(text), summaryOf(responses(p99)))).value, shown);
  }
});

test('a figure and its limit are shown in the unit of the threshold', () => {
  const shown = (text: string) => measuredOf(judge(thresholdOf(text), summaryOf()));
  const bound = { comparison: '<', limit: 250 } as const;
  assert.deepEqual(shown('response.p99<250ms'), {
    ...{ metric: 'response.p99', bound, unit: 'ms', value: 130 },
  });
  assert.deepEqual(shown('response.p99 < 0.07s').bound, { comparison: '<', limit: 0.07 });
  assert.deepEqual(shown('rate_error<0.1%').bound, { comparison: '<', limit: 0.1 });
  assert.equal(shown('slot.other.lag<1GB, abort').value, null);
});

test('an option takes any number of thresholds, separated by semicolons', () => {
  const read = (text: string) => v.safeParse(OPTION.schema, text);
  const texts = (text: string) => {
    const result = read(text);
    return result.success ? result.output.map((threshold) => threshold.text) : undefined;
  };
  assert.deepEqual(texts(''), []);
  assert.deepEqual(texts('  '), []);
  assert.deepEqual(texts('shed==0'), ['shed==0']);
  assert.deepEqual(texts(' shed == 0 , abort;rejected<=5 ;\nrate_error<1%'), [
    'shed == 0 , abort',
    'rejected<=5',
    'rate_error<1%',
  ]);
  for (const text of [';', 'shed==0;', 'shed==0;;events>1', 'shed==0;nothing<1', 'shed==0ms']) {
    assert.equal(texts(text), undefined, text);
  }
});

test('each refused threshold gets a sentence that says how to write it', () => {
  const sentences = (text: string, messages = en) =>
    thresholdProblems(() => '--threshold', text, METRICS).map((problem) => problem(messages));
  assert.deepEqual(sentences(''), []);
  assert.deepEqual(sentences('shed==0; rejected<=5'), []);
  const [metric, unit, plain, form, ...more] = sentences(
    'respons.p99<1ms; response.p99<250;events>0; shed==0% ; soon',
  );
  assert.equal(
    metric,
    '--threshold: there is no metric "respons.p99"; did you mean response.p99<1ms?',
  );
  assert.equal(
    unit,
    '--threshold: "response.p99<250": response.p99 needs a unit (us, ms, s or m); did you mean response.p99<250ms?',
  );
  assert.equal(plain, '--threshold: "shed==0%": shed has no unit; did you mean shed==0?');
  assert.match(form ?? '', /^--threshold: "soon" is not a threshold; write metric, comparison/);
  assert.deepEqual(more, []);
  assert.match(
    sentences('shed==0;').join(),
    /^--threshold: nothing stands before or after a semicolon/,
  );
  assert.match(sentences('shed==0; abort').join(), /did you mean shed==0, abort\?$/);
  const [unknown] = sentences('throughput_of_everything>1', ptBR);
  assert.match(
    unknown ?? '',
    /não existe a métrica "throughput_of_everything"; `oltp-simulator metrics`/,
  );
});

test('the help of the option has examples that it accepts', () => {
  const sentence = OPTION.allowed(en);
  assert.equal(
    sentence,
    'thresholds like response.p99<250ms, rate_error<1% or slot.cdc.retained<2GB, separated by semicolons',
  );
});
