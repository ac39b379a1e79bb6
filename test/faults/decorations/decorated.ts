import { setImmediate } from 'node:timers/promises';
import { readFacts } from '../../../src/ledger/facts-file.js';
import type { Rng } from '../../../src/random/rng.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { Intake } from '../../../src/sources/intake.js';
import { type Scope, tableScope } from '../../../src/sources/scope.js';
import type { Ignored, Sink } from '../../../src/sources/source.js';
import { compareFinalState } from '../../../src/verify/rows/final-state.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import {
  debeziumLine,
  HOME,
  type LineFormat,
  type LineRow,
  PLAIN,
  type RowPlace,
} from '../../helpers/debezium-lines.js';
import { ListSource, scriptDocument, verifySource } from '../../helpers/verify-script.js';
import type { Kind, Mutant } from '../mutants/mutant.js';
import type { Sample } from '../mutants/sample.js';
import type { Decoration, Trial } from './decoration.js';
import { asWritable, type Item } from './item.js';
import { Past } from './past.js';
import { TriggerRows } from './triggers.js';

/** A stream with decorations, and perhaps a harm. */
export interface Decorated {
  readonly trial: Trial;
  /** Null: none. */
  readonly harm: Mutant | null;
  readonly positioned: boolean;
  readonly lines: readonly Line[];
}

/** A line of a partition. `idle`: nothing more at the moment. */
type Line = { readonly text: Buffer; readonly partition: number } | 'idle';

/** Bytes: enough for whole snapshots of these runs' tables. */
const MEMORY_BYTES = 2 ** 24;

const pasts = new WeakMap<Sample, Past>();
const triggerRows = new WeakMap<Sample, TriggerRows>();

/** Composes a stream. Null: this draw found no place for a decoration, or the harm does not show in the lines. */
export function decorate(
  sample: Sample,
  decorations: readonly Decoration[],
  kind: Kind | null,
  rng: Rng,
): Decorated | null {
  const past = pasts.get(sample) ?? new Past(sample);
  pasts.set(sample, past);
  const triggers = triggerRows.get(sample) ?? new TriggerRows(sample);
  triggerRows.set(sample, triggers);
  const trial: Trial = {
    sample,
    past,
    rng,
    view: sample,
    items: [],
    begin: [],
    streamOf: () => 0,
    expected: 'unchanged',
    excused: 0,
  };
  for (const { before } of decorations) if (before !== undefined && !before(trial)) return null;
  trial.view = triggers.takeOut(trial.view);
  const positioned = rng.chance(0.5);
  const harm = kind === null ? null : kind.make(trial.view, rng, positioned);
  if (kind !== null && (harm === null || !isHarmful(harm))) return null;
  const script = harm?.script ?? trial.view.events;
  trial.items = triggers.putBack([...script], trial.streamOf);
  for (const { after } of decorations) if (after !== undefined && !after(trial)) return null;
  const format = Object.assign({}, PLAIN, ...decorations.map((one) => one.format)) as LineFormat;
  const home = { ...HOME, database: sample.taken.target.database };
  if (harm !== null && !shows(harm, trial.view, format, home)) return null;
  const places = placesOf(script);
  const lines = [...trial.begin, ...trial.items].map((item) => lineOf(item, format, home, places));
  return { trial, harm, positioned, lines };
}

/** Whether a mutant's change must not pass. */
function isHarmful({ expected }: Mutant): boolean {
  return expected.verdict === 'violation' || expected.verdict === 'indeterminate';
}

/**
 * Whether a harm shows in the lines: a microsecond does not in a format with milliseconds, nor does `updated_at` in one
 * that leaves it out.
 */
function shows(harm: Mutant, view: Sample, format: LineFormat, home: RowPlace): boolean {
  const textOf = (item: LineRow) => debeziumLine(asWritable(item), format, home);
  const texts = view.events.map(textOf);
  const items = harm.script as readonly Item[];
  if (items.length !== texts.length && !isOfContents(harm)) return true;
  const known = new Set(texts);
  return items.some((item, at) => {
    if (typeof item !== 'object') return true;
    if (item === view.events[at]) return false;
    return isOfContents(harm) ? !known.has(textOf(item)) : textOf(item) !== texts[at];
  });
}

/** Whether only the contents of events are wrong. */
function isOfContents({ expected }: Mutant): boolean {
  if (expected.verdict !== 'violation') return false;
  return expected.suspects.every(({ violation }) => violation === 'altered');
}

/** By table and key, the partition of a row in a script. */
function placesOf(script: readonly unknown[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const item of script as readonly Item[]) {
    if (typeof item === 'object' && item.partition > 0) {
      places.set(`${item.table} ${item.key}`, item.partition);
    }
  }
  return places;
}

const IGNORED_LINES: Readonly<Partial<Record<Ignored, string>>> = {
  tombstone: 'null',
  transaction:
    '{"status":"BEGIN","id":"7:24","event_count":null,"data_collections":null,"ts_ms":1}',
  heartbeat: '{"ts_ms":1795624657000}',
  schema_change:
    '{"source":{"db":"x","schema":"public","table":"consultas"},"databaseName":"x","ddl":null,"tableChanges":[]}',
  message:
    '{"op":"m","ts_us":1,"source":{"db":"x","schema":"","table":"","txId":7,"lsn":9},"message":{"prefix":"p","content":""}}',
  other_table:
    '{"before":null,"after":{"id":1},"source":{"db":"hospital_oltp","schema":"public","name":"oltp","table":"faturas","txId":7,"lsn":9,"snapshot":"false"},"op":"c","ts_us":1}',
};

function lineOf(
  item: Item,
  format: LineFormat,
  home: RowPlace,
  places: ReadonlyMap<string, number>,
): Line {
  if (item === 'idle') return 'idle';
  if (item === 'blank') return { text: Buffer.from('\n'), partition: 0 };
  if (typeof item === 'string') {
    const text = IGNORED_LINES[item];
    if (text === undefined) throw new Error(`no line of ${item}`);
    return { text: Buffer.from(text.replace('hospital_oltp', home.database)), partition: 0 };
  }
  const partition = places.get(`${item.table} ${item.key}`) ?? item.partition;
  return { text: Buffer.from(debeziumLine(asWritable(item), format, home)), partition };
}

/** The verifier's result for its bytes. */
export async function verdictOnBytes({
  trial: { sample },
  harm,
  positioned,
  lines,
}: Decorated): Promise<VerificationDocument> {
  const { ledger, from, end } = sample.taken;
  const options = {
    from,
    end: positioned ? end : null,
    streams: harm?.streams ?? 1,
    scope: scopeOf(ledger),
    memoryBytes: MEMORY_BYTES,
  };
  const source = new ListSource(lines, giveBytes, options);
  const verification = await verifySource(ledger, source, options);
  // The tables prove which rows a trigger wrote.
  if (!(sample.derives || harm?.tables === true)) return scriptDocument(verification);
  return scriptDocument(verification, await compareFinalState(sample.client, verification));
}

function giveBytes(sink: Sink, scope: Scope) {
  const intake = new Intake(sink, scope);
  let place = 0;
  return (line: Line): void | Promise<void> => {
    if (line !== 'idle') {
      intake.line(line.text, line.partition, ++place, 0);
      return undefined;
    }
    sink.idle();
    return setImmediate();
  };
}

function scopeOf(ledger: string): Scope {
  const { facts } = readFacts(ledger);
  if (facts === null) throw new Error(`no facts in ${ledger}`);
  const { server, begin } = facts;
  return tableScope(schemaWith([]).tables, { database: server.database, tables: begin.tables });
}
