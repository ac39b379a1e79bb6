import type { Rng } from '../../../src/random/rng.js';
import { jsonOf, string } from '../hard-rows/values.js';
import type { Line, Sample } from './sample.js';

/** A harmless addition to a consumer's output, as real pipelines make it. */
export interface Decoration {
  readonly name: string;
  /** Its best verdict is `duplicates`. */
  readonly repeats?: true;
  decorate(sample: Sample, lines: readonly Line[], rng: Rng): readonly Line[];
}

/** Times that a connector goes back, and lines that it goes back at most. */
const REWINDS = 3;
const REWOUND = 400;
const MOST = 25;
/** Below the xids of every run. */
const XIDS = 500;
/** Lines that make the run's connector known before another one's events. */
const KNOWN = 100;

function lineOf(text: string): Line {
  return { text: Buffer.from(text), event: null };
}

/** Inserts lines at places drawn at random, from `first` on. */
function scatter(lines: readonly Line[], more: readonly Line[], rng: Rng, first = 0): Line[] {
  const at = new Map<number, Line[]>();
  for (const line of more) {
    const place = rng.between(first, lines.length);
    at.set(place, [...(at.get(place) ?? []), line]);
  }
  return [
    ...lines.flatMap((line, i) => [...(at.get(i) ?? []), line]),
    ...(at.get(lines.length) ?? []),
  ];
}

function times<T>(rng: Rng, make: () => T): T[] {
  return Array.from({ length: rng.between(1, MOST) }, make);
}

/** Copies of lines, with another xid and with parts of their text replaced. */
function others(
  lines: readonly Line[],
  rng: Rng,
  replace: readonly (readonly [from: RegExp, to: string])[],
): Line[] {
  const rows = lines.filter(({ event }) => event?.kind === 'row');
  return times(rng, () => {
    let text = rng.pick(rows).text.toString();
    for (const [from, to] of replace) text = text.replace(from, to);
    return lineOf(text.replace(/"txId":\d+/, `"txId":${rng.between(1, XIDS)}`));
  });
}

const IGNORED = [
  'null',
  '{"ts_ms":1795624657000}',
  '{"status":"BEGIN","id":"7:24","event_count":null,"data_collections":null,"ts_ms":1}',
  '{"op":"m","ts_us":1,"source":{"db":"x","schema":"","table":"","txId":7,"lsn":9},"message":{"prefix":"p","content":""}}',
];

export const DECORATIONS: readonly Decoration[] = [
  { name: 'none', decorate: (_sample, lines) => lines },
  {
    name: 'rewinds',
    repeats: true,
    decorate(_sample, lines, rng) {
      let all = [...lines];
      for (let i = rng.between(1, REWINDS); i > 0; i--) {
        const at = rng.between(1, all.length);
        const back = rng.between(Math.max(0, at - REWOUND), at - 1);
        all = all.toSpliced(at, 0, ...all.slice(back, at));
      }
      return all;
    },
  },
  {
    name: 'a snapshot',
    decorate({ run }, lines) {
      const { lsn, rows } = run.snapshot;
      const { database } = run.target;
      const texts = rows.map(({ schema, table, columns, values }, i) => {
        const members = columns.map(
          ({ name, type }, at) => `${string(name)}:${jsonOf(type, values[at] ?? null)}`,
        );
        const mark = i === rows.length - 1 ? 'last' : 'true';
        return `{"before":null,"after":{${members.join()}},"source":{"version":"3.6.3.Final","connector":"postgresql","name":"reference","ts_ms":1795624657000,"snapshot":"${mark}","db":${string(database)},"sequence":"[null,\\"${lsn}\\"]","schema":${string(schema)},"table":${string(table)},"txId":7,"lsn":${lsn},"xmin":null},"transaction":null,"op":"r","ts_us":1795624657000000}`;
      });
      return [...texts.map(lineOf), ...lines];
    },
  },
  {
    name: 'heartbeats, tombstones and markers',
    decorate: (_sample, lines, rng) =>
      scatter(
        lines,
        times(rng, () => lineOf(rng.pick(IGNORED))),
        rng,
      ),
  },
  {
    name: 'rows of other tables',
    decorate: (_sample, lines, rng) =>
      scatter(lines, others(lines, rng, [[/"table":"[^"]*"/, '"table":"faturas"']]), rng),
  },
  {
    name: 'rows of another database',
    decorate: (_sample, lines, rng) =>
      scatter(lines, others(lines, rng, [[/"db":"[^"]*"/, '"db":"outro"']]), rng),
  },
  {
    name: 'rows of another connector',
    decorate: (_sample, lines, rng) =>
      scatter(lines, others(lines, rng, [[/"name":"reference"/, '"name":"outro"']]), rng, KNOWN),
  },
];
