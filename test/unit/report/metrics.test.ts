import assert from 'node:assert/strict';
import test from 'node:test';
import { type Dimension, UNITS } from '../../../src/lib/units.js';
import { findMetric, Metrics } from '../../../src/report/metrics.js';
import { judge, parseThreshold } from '../../../src/report/thresholds.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { hospital } from '../../helpers/hospital.js';
import { GIB, MIB, summaryOf } from './samples.js';

const METRICS = new Metrics(hospital);
const NAMES = METRICS.all.map(({ name }) => name);

test('every name reads its own figure, in the unit of its dimension', () => {
  const cases: readonly [name: string, dimension: Dimension, figure: number | null][] = [
    ['response.p50', 'ms', 11],
    ['response.p90', 'ms', 12],
    ['response.p99', 'ms', 130],
    ['response.p999', 'ms', 140],
    ['response.max', 'ms', 150],
    ['service.max', 'ms', 5.25],
    ['lag.p99', 'ms', null],
    ['consulta.insert.response.p99', 'ms', 23],
    ['consulta.insert.service.p50', 'ms', 16],
    ['consulta.insert.events', 'count', 700],
    ['achieved_rate', 'rate', 199],
    ['target_rate', 'rate', 200],
    ['rate_error', 'ratio', 0.005],
    ['offered', 'count', 1210],
    ['shed', 'count', 10],
    ['rejected', 'count', 5],
    ['rejected.23505', 'count', 4],
    ['rejected.22P02', 'count', 1],
    ['events', 'count', 1200],
    ['seconds', 'seconds', 6.5],
    ['paused_seconds', 'seconds', 0.5],
    ['committed', 'count', 24],
    ['rolled_back', 'count', 1],
    ['in_doubt', 'count', 0],
    ['settled', 'count', 2],
    ['retries', 'count', 5],
    ['reconnects', 'count', 6],
    ['rows.consultas.insert', 'count', 900],
    ['rows.exames.delete', 'count', 3],
    ['rows.pacientes_convenios.update', 'count', 0],
    ['rss_growth', 'bytes', 20 * MIB],
    ['rss_peak', 'bytes', 200 * MIB],
    ['cpu_cores', 'cores', 0.75],
    ['late', 'ms', 0.4],
    ['slot.cdc.retained', 'bytes', 1.5 * GIB],
    ['slot.cdc.lag', 'bytes', 300],
    ['slot.physical.lag', 'bytes', null],
  ];
  const summary = summaryOf();
  for (const [name, dimension, figure] of cases) {
    const metric = METRICS.find(name);
    assert.deepEqual(
      [metric?.name, metric?.dimension, metric?.read(summary)],
      [name, dimension, figure],
    );
  }
});

test('events that did not happen count as 0, unmeasured figures are null', () => {
  const cases: readonly [name: string, figure: number | null][] = [
    ['rejected.40001', 0],
    ['vinculo.delete.events', 0],
    ['consulta.update.events', 0],
    ['vinculo.delete.response.p99', null],
    ['consulta.update.service.max', null],
    ['slot.other.retained', null],
    ['slot.other.lag', null],
    ['hazard_truncate', null],
    // Names of members that every object inherits.
    ['slot.constructor.lag', null],
    ['slot.__proto__.retained', null],
  ];
  for (const [name, figure] of cases) {
    assert.equal(findMetric(name)?.read(summaryOf()), figure, name);
  }
});

test('a hazard is a count, 0 where it was asked for and never happened', () => {
  const summary = summaryOf({ hazards: { 'hot-keys': 12, truncate: 0 } });
  const results = ['hazard_hot-keys>=1', 'hazard_truncate>=1', 'hazard_ddl>=0'].map((text) => {
    const threshold = parseThreshold(text, METRICS);
    if ('problem' in threshold) return threshold;
    const { held, value } = judge(threshold, summary);
    return { held, value };
  });
  assert.deepEqual(results, [
    { held: true, value: 12 },
    { held: false, value: 0 },
    { held: false, value: null },
  ]);
});

test('the rate error is the same above the target as below it, and null without a target', () => {
  const cases: readonly [achieved: number, target: number | null, error: number | null][] = [
    [150, 200, 0.25],
    [250, 200, 0.25],
    [200, 200, 0],
    [200, null, null],
    [200, 0, null],
  ];
  for (const [achieved_rate, target_rate, error] of cases) {
    const summary = summaryOf({ achieved_rate, target_rate });
    assert.equal(findMetric('rate_error')?.read(summary), error);
  }
});

test('every name that is not a pattern is found, has units and is unique', () => {
  assert.equal(new Set(NAMES).size, NAMES.length);
  const patterns = NAMES.filter((name) => name.includes('<'));
  assert.deepEqual(patterns, ['rejected.<SQLSTATE>', 'slot.<name>.retained', 'slot.<name>.lag']);
  for (const name of NAMES) {
    const metric = METRICS.find(name);
    assert.equal(metric === undefined, patterns.includes(name), name);
    if (metric !== undefined) assert.ok(UNITS[metric.dimension].size > 0);
  }
});

test('other names are unknown', () => {
  const names = [
    '',
    'p99',
    'response',
    'response.p98',
    'Response.p99',
    'consulta.response.p99',
    'consulta.insert.lag.p99',
    'cirurgia.insert.events',
    'rows.consultas',
    'rows.pg_class.insert',
    'rejected.2350',
    'rejected.22p02',
    'slot.cdc',
    'slot.CDC.lag',
    'slot.a.b.lag',
    'slot..lag',
    'constructor',
  ];
  for (const name of names) assert.equal(METRICS.find(name), undefined, name);
});

test('the nearest name of a misspelt one is the one that was meant', () => {
  const cases: readonly [given: string, meant: string | undefined][] = [
    ['respose.p99', 'response.p99'],
    ['Response.P99', 'response.p99'],
    ['service.p95', 'service.p90'],
    ['consulta.insert.event', 'consulta.insert.events'],
    ['rows.consulta.insert', 'rows.consultas.insert'],
    ['reject', 'rejected'],
    ['slot.cdc.retain', 'slot.cdc.retained'],
    ['slot.CDC.Lag', 'slot.cdc.lag'],
    ['slot.retained', 'slot.<name>.retained'],
    ['throughput_of_everything', undefined],
  ];
  for (const [given, meant] of cases) assert.equal(METRICS.nearest(given), meant, given);
});

test('a schema with an extension has the metrics of its tables and event types too', () => {
  const metrics = new Metrics(schemaWith(['prontuario']));
  const { rows, by_type } = summaryOf();
  const itens = 'faturamento."Itens da Conta"';
  const summary = summaryOf({
    rows: { ...rows, [itens]: { insert: 1, update: 20, delete: 3 } },
    by_type: { ...by_type, sinal_vital: { delete: by_type.consulta!.insert! } },
  });
  const read = (name: string) => metrics.find(name)?.read(summary);
  assert.equal(read(`rows.${itens}.update`), 20);
  assert.equal(read('sinal_vital.delete.events'), 700);
  assert.equal(read('sinal_vital.delete.response.p99'), 23);
  for (const name of [`rows.${itens}.update`, 'sinal_vital.delete.events']) {
    assert.equal(METRICS.find(name), undefined, name);
    assert.ok(metrics.all.some((metric) => metric.name === name));
  }
  // The summary of a run without the extension.
  assert.equal(metrics.find(`rows.${itens}.update`)?.read(summaryOf()), null);
  assert.equal(metrics.nearest('rows.prontuario.insert'), 'rows.prontuarios.insert');
});
