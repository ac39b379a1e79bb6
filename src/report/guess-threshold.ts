import { guessNumber, sizeUnit, timeUnit } from '../lib/guesses.js';
import type { Dimension } from '../lib/units.js';
import type { Metrics } from './metrics.js';
import { parseThreshold } from './thresholds.js';

/** Comparisons as other languages and mathematics write them. */
const COMPARISONS: Readonly<Record<string, string>> = {
  '=': '==',
  '=<': '<=',
  '=>': '>=',
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '<>': '!=',
};
const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** Names in use elsewhere, without their quantile, and the metric here. */
const ALIASES: Readonly<Record<string, string>> = {
  latency: 'response',
  response_time: 'response',
  tps: 'achieved_rate',
  rate: 'achieved_rate',
  throughput: 'achieved_rate',
  errors: 'rejected',
  failures: 'rejected',
  duration: 'seconds',
  memory: 'rss_peak',
  rss: 'rss_peak',
};
/** Quantiles in use elsewhere. */
const QUANTILES: Readonly<Record<string, string>> = {
  'p99.9': 'p999',
  median: 'p50',
  avg: 'p50',
  mean: 'p50',
  p95: 'p99',
  maximum: 'max',
};
/** The quantile that a limit on a latency is usually set for. */
const USUAL_QUANTILE = 'p99';

/** The unit of a limit that has none; '': the dimension has no units. */
const USUAL_UNIT: Readonly<Record<Dimension, string>> = {
  ms: 'ms',
  seconds: 's',
  ratio: '%',
  bytes: 'MB',
  count: '',
  rate: '',
  cores: '',
};

const ABORT = /[\s,;]*\babort\s*$/i;
/** `<metric> <comparison> <amount> <unit>`, in more spellings than a threshold has. */
const LOOSE =
  /^(?<name>[\p{L}_][^<>=!≤≥≠]*?)\s*(?<comparison><>|=[<>]|[<>=!]=?|[≤≥≠])\s*(?<amount>-?(?:\d[\d.,_ ]*)?\d)\.?\s*(?<unit>[^<>=!]*)$/u;
const REVERSED =
  /^(?<amount>-?[\d.,_]*\d)\s*(?<unit>[^\s<>=]*)\s*(?<comparison>[<>]=?)\s*(?<name>[\p{L}_][^\s<>=!]*)$/u;

interface Parts {
  readonly name: string;
  readonly comparison: string;
  readonly amount: string;
  readonly unit: string;
}

/** A threshold that the operator may have meant by a text that is none; undefined: it cannot be derived. */
export function guessThreshold(given: string, metrics: Metrics): string | undefined {
  const text = given.trim();
  const ending = ABORT.test(text) ? ', abort' : '';
  const parts = split(text.replace(ABORT, ''));
  if (parts === undefined) return undefined;
  const { name, comparison, amount, unit } = parts;
  for (const metric of metricsLike(name, metrics)) {
    const { dimension } = metrics.find(metric)!;
    for (const limit of limitsLike(amount, unit, dimension)) {
      const guess = `${metric}${comparison}${limit}${ending}`;
      if (!('problem' in parseThreshold(guess, metrics))) return guess;
    }
  }
  return undefined;
}

function split(text: string): Parts | undefined {
  const reversed = REVERSED.exec(text)?.groups;
  const { name, comparison, amount, unit } = reversed ?? LOOSE.exec(text)?.groups ?? {};
  if (name === undefined || comparison === undefined || amount === undefined) return undefined;
  const usual = (reversed === undefined ? COMPARISONS : MIRRORED)[comparison] ?? comparison;
  return { name, comparison: usual, amount, unit: unit?.trim() ?? '' };
}

/** Metrics that exist, for a name that may not, the likeliest first. */
function metricsLike(name: string, metrics: Metrics): string[] {
  const lower = name.toLowerCase().replaceAll(/\s+/g, '.');
  const [, stem = lower, tail = ''] =
    /^(.*?)[._]?(p\d[\d.]*|max|maximum|median|mean|avg)$/.exec(lower) ?? [];
  const quantile = QUANTILES[tail] ?? tail;
  const metric = stem === '' ? 'response' : (ALIASES[stem] ?? stem);
  const nearest = metrics.nearest(name);
  const names = [
    name,
    lower,
    metric,
    `${metric}.${quantile}`,
    ...(quantile === '' ? [`${metric}.${USUAL_QUANTILE}`] : []),
    ...(nearest === undefined ? [] : [nearest]),
  ];
  return names.filter((candidate) => metrics.find(candidate) !== undefined);
}

/** Limits with the unit that a dimension needs, the likeliest first. */
function limitsLike(amount: string, unit: string, dimension: Dimension): string[] {
  const [number] = guessNumber(amount);
  if (number === undefined) return [];
  if (unit === '') {
    // A share without its sign: 0.05 is rather 5 % than 0.05 %.
    const percent = Number(number) * 100;
    const asShare = dimension === 'ratio' && Math.abs(Number(number)) < 1;
    return [`${asShare ? Number(percent.toPrecision(15)) : number}${USUAL_UNIT[dimension]}`];
  }
  switch (dimension) {
    case 'ms':
    case 'seconds': {
      const [known, seconds] = timeUnit(unit) ?? [];
      if (known === undefined || seconds === undefined) return [];
      return [`${number}${known}`, `${Number(number) * seconds}s`];
    }
    case 'bytes': {
      const known = sizeUnit(unit);
      return known === undefined ? [] : [`${number}${known}`];
    }
    case 'ratio':
      return /^(percent|pct|por cento)$/i.test(unit) ? [`${number}%`] : [];
    case 'count':
    case 'rate':
    case 'cores':
      return [number];
  }
}
