import { type Decoder, type DecoderOptions, EventError, type Refusal } from '../decoder.js';
import { notJson, registryHead } from '../json/not-json.js';
import { JsonError, JsonReader, KIND } from '../json/reader.js';
import { Names } from '../json/text.js';
import type { Scope } from '../scope.js';
import type { Sink } from '../source.js';
import { JsonColumns } from './columns.js';
import { ConsoleLines } from './console-line.js';
import {
  CONSTANT_SLOTS,
  EventLayout,
  FLAG,
  MOST_LOGGED,
  ParsedFields,
  SLOT,
  SlotValues,
} from './fields.js';
import { KeyReader, MemberReader, readWhole } from './members.js';
import { RowEmitter } from './rows.js';
import { ValueReader } from './values.js';

const LF = 0x0a;
const OPEN = 0x7b;
/** Limit of strings of JSON within strings of JSON; no pipeline writes more than one. */
const MOST_INNER = 2;
const LINE_END = Buffer.from([LF]);

/** Decodes Debezium's events as JSON, in every shape that its converters and transforms write. */
export class DebeziumDecoder implements Decoder {
  readonly #sink: Sink;
  readonly #scope: Scope;
  readonly #reader: JsonReader;
  readonly #parsed: ParsedFields;
  readonly #members: MemberReader;
  readonly #templates: EventTemplates;
  readonly #rows: RowEmitter;
  readonly #consoleLines: ConsoleLines;

  constructor(sink: Sink, scope: Scope, { toastPlaceholders }: DecoderOptions = {}) {
    this.#sink = sink;
    this.#scope = scope;
    const layout = new EventLayout(scope.tables);
    const names = new Names(layout.names);
    this.#reader = new JsonReader(names);
    this.#parsed = new ParsedFields(layout);
    this.#templates = new EventTemplates(layout);
    const values = new ValueReader(this.#reader, toastPlaceholders);
    const columns = () => new JsonColumns(this.#reader, values, layout.mostColumns);
    this.#members = new MemberReader(this.#reader, this.#parsed, layout);
    this.#consoleLines = new ConsoleLines(this.#reader, this.#parsed, this.#members);
    this.#rows = new RowEmitter({
      reader: this.#reader,
      values,
      columns: columns(),
      oldColumns: columns(),
      keys: new KeyReader(names, layout),
      layout,
      parsed: this.#parsed,
      sink,
    });
  }

  decode(
    bytes: Buffer,
    begin: number,
    end: number,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): Refusal | null {
    this.#reader.load(bytes);
    try {
      this.#reader.open(begin, end);
      // Nearly every event begins with its brace; others may have a registry's head or marks before it.
      if (bytes[begin] === OPEN || this.#skipHead(begin, end)) {
        this.#event(key, partition, position, receivedAt);
      }
      return null;
    } catch (error) {
      if (!isRefused(error)) throw error;
      // The bytes of the string, where the event is JSON in a string.
      const unread = this.#reader.opened;
      const line = bytes.subarray(begin, end);
      const decoded = this.#consoleLine(line, key, partition, position, receivedAt);
      return decoded === undefined ? refusalOf(error, unread) : decoded;
    }
  }

  forget(): void {
    this.#reader.forget();
  }

  /** Goes on to the JSON between `begin` and `end`. False: they are blank. */
  #skipHead(begin: number, end: number): boolean {
    const reader = this.#reader;
    reader.open(begin + registryHead(reader.bytes, begin, end), end);
    reader.skipMarks();
    return !reader.blank();
  }

  /** Decodes a line that a console printed, with a key or the like before the value. Undefined: it is no such line. */
  #consoleLine(
    line: Buffer,
    key: Uint8Array | null,
    partition: number,
    position: number,
    receivedAt: number,
  ): Refusal | null | undefined {
    const reader = this.#reader;
    reader.load(Buffer.concat([line, LINE_END]));
    const parts = this.#consoleLines.parse(0, line.length);
    if (parts === null) return undefined;
    if (parts.value === null) {
      this.#sink.ignored('tombstone', null);
      return null;
    }
    try {
      reader.open(parts.value, line.length);
      this.#event(parts.key ?? key, partition, position, receivedAt);
      return null;
    } catch (error) {
      if (!isRefused(error)) throw error;
      return refusalOf(error, reader.opened);
    }
  }

  /** Emits the event that the reader is at. Throws a JsonError or an EventError. */
  #event(key: Uint8Array | null, partition: number, position: number, receivedAt: number): void {
    this.#parse();
    const isInner = this.#parsed.kinds[SLOT.inner] !== KIND.none;
    const outerKey = isInner ? this.#parseInner(key) : key;
    this.#rows.emit(outerKey, partition, position, receivedAt);
  }

  /** Parses the reader's bytes, which are one value, into the parsed fields. */
  #parse(): void {
    const reader = this.#reader;
    const parsed = this.#parsed;
    const begin = reader.at;
    if (!this.#templates.read(reader, parsed)) {
      const kind = reader.value();
      if (kind === KIND.object) {
        this.#members.read();
        parsed.settle(reader, this.#scope);
        this.#templates.learn(begin, reader, parsed);
      } else if (kind === KIND.null) parsed.flags |= FLAG.nothing;
      else if (kind >= KIND.string && kind < KIND.object) parsed.put(SLOT.inner, reader);
      else throw new EventError((m) => m.malformed.event.notObject());
    }
    reader.close();
  }

  /** Parses the JSON in a string in place of the value that holds it. Returns the key beside that string. */
  #parseInner(key: Uint8Array | null): Uint8Array | null {
    const reader = this.#reader;
    const parsed = this.#parsed;
    let outerKey = key;
    for (let depth = 0; parsed.kinds[SLOT.inner] !== KIND.none; depth++) {
      if (depth === MOST_INNER) throw new EventError((m) => m.malformed.event.jsonInStrings());
      const start = parsed.starts[SLOT.inner]!;
      const text = reader.utf8(parsed.kinds[SLOT.inner]!, start, parsed.stops[SLOT.inner]!);
      if (text === null) throw new EventError((m) => m.malformed.event.halfPairInJson());
      outerKey = this.#rows.messageKey() ?? outerKey;
      const bytes = Buffer.allocUnsafe(text.length + 1);
      bytes.set(text);
      bytes[text.length] = LF;
      reader.load(bytes);
      this.#skipHead(0, text.length);
      this.#parse();
    }
    return outerKey;
  }
}

function isRefused(error: unknown): error is EventError | JsonError {
  return error instanceof EventError || error instanceof JsonError;
}

/** @param bytes that were being read */
function refusalOf(error: EventError | JsonError, bytes: Buffer): Refusal {
  const problem = error instanceof JsonError ? error.fault.problem : null;
  const reason = notJson(bytes, problem === 'more') ?? error.reason;
  return { reason, isCutOff: problem === 'end' };
}

/** Limit of templates: each table needs two or three, and some more for a snapshot. */
const MOST_KEPT = 48;
/** Limit of a template, in bytes: a schema of Kafka Connect has some thousand. */
const MOST_BYTES = 1 << 16;

/** Credit for misses before templates pause. A hit adds 1; a miss costs more than a hit saves. */
const FULL_CREDIT = 512;
const MISS = 4;
/** Events of a pause. */
const PAUSE = 20_000;

/**
 * The bytes that events of one kind have in common: all but those of their values. The table, the connector's name and
 * the snapshot mark are common, too.
 */
interface Template {
  readonly words: DataView;
  /** Offsets of the bytes before each value, then of those after the last one, and their end. */
  readonly from: Int32Array;
  readonly slots: Uint16Array;
  readonly flags: number;
  readonly table: ParsedFields['table'];
  readonly origin: string | null;
  readonly snapshot: ParsedFields['snapshot'];
  readonly unstated: number;
  readonly repetition: Repetition;
}

/**
 * A cache of templates. Events of a table differ only in their values, so the bytes between the values of one event are
 * kept and compared with those of the next. Where all are equal the JSON has the same structure, and no name need be
 * looked up.
 */
class EventTemplates {
  readonly #layout: EventLayout;
  #kept: Template[] = [];
  #credit = FULL_CREDIT;
  #pause = 0;

  constructor(layout: EventLayout) {
    this.#layout = layout;
  }

  /**
   * Parses the next value if a template fits. False: none does, the reader is back at the value, and the parsed fields
   * are empty. Throws a JsonError where the value is certainly not JSON.
   */
  read(reader: JsonReader, parsed: ParsedFields): boolean {
    if (this.#pause > 0) {
      parsed.clear();
      return false;
    }
    const begin = reader.at;
    const kept = this.#kept;
    for (let i = 0; i < kept.length; i++) {
      const template = kept[i]!;
      if (!matches(template, reader, parsed, this.#layout)) {
        reader.rewind(begin);
        continue;
      }
      parsed.flags = template.flags;
      parsed.table = template.table;
      parsed.origin = template.origin;
      parsed.snapshot = template.snapshot;
      parsed.unstated = template.unstated;
      parsed.wrapped = false;
      if (i > 0) {
        kept[i] = kept[i - 1]!;
        kept[i - 1] = template;
      }
      if (this.#credit < FULL_CREDIT) this.#credit++;
      return true;
    }
    parsed.clear();
    return false;
  }

  /** Makes a template of the event from `begin` to the reader's place. */
  learn(begin: number, reader: JsonReader, parsed: ParsedFields): void {
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    this.#credit -= MISS;
    if (this.#credit <= 0) {
      this.#credit = FULL_CREDIT;
      this.#pause = PAUSE;
      this.#kept = [];
      return;
    }
    const { count } = parsed;
    const end = reader.at;
    // The text of JSON in a string is elsewhere; an event with many values is not worth caching.
    const isInner = parsed.kinds[SLOT.inner] !== KIND.none;
    if (isInner || count > MOST_LOGGED || end - begin > MOST_BYTES) return;
    const bytes = Buffer.alloc(end - begin);
    const from = [0];
    const slots: number[] = [];
    let used = 0;
    let at = begin;
    for (let i = 0; i < count; i++) {
      const slot = parsed.logged[i]!;
      if (CONSTANT_SLOTS.has(slot)) continue;
      const kind = parsed.loggedKinds[i]!;
      const quotes = kind >= KIND.string && kind < KIND.object ? 1 : 0;
      used += reader.bytes.copy(bytes, used, at, parsed.loggedStarts[i]! - quotes);
      slots.push(slot);
      from.push(used);
      at = parsed.loggedStops[i]! + quotes;
    }
    used += reader.bytes.copy(bytes, used, at, end);
    from.push(used);
    if (this.#kept.length >= MOST_KEPT) this.#kept.pop();
    this.#kept.push({
      words: new DataView(bytes.buffer, bytes.byteOffset, used),
      from: Int32Array.from(from),
      slots: Uint16Array.from(slots),
      flags: parsed.flags,
      table: parsed.table,
      origin: parsed.origin,
      snapshot: parsed.snapshot,
      unstated: parsed.unstated,
      repetition: new Repetition(slots.length, this.#layout.slots),
    });
  }
}

/**
 * Whether a template fits; the values go to the parsed fields. Those from before a difference stay there, and are
 * overwritten by the next reading: the bytes before a value say which it is, and those were equal.
 */
function matches(
  template: Template,
  reader: JsonReader,
  parsed: ParsedFields,
  layout: EventLayout,
): boolean {
  const { words, from, slots, repetition } = template;
  const { values, begins, ends, runs } = repetition;
  const { generation } = reader;
  const count = slots.length;
  parsed.use(values);
  let compare = repetition.begin(generation);
  let missed = false;
  for (let i = 0; i < count; i++) {
    if (compare === COMPARE.byRun && runs[i]! > i) {
      const last = runs[i]! - 1;
      if (reader.repeats(begins[i]!, ends[last]!)) {
        i = last;
        continue;
      }
      // From here on all offsets are of this event.
      missed = true;
      compare = COMPARE.not;
    }
    begins[i] = reader.at;
    if (!reader.literal(words, from[i]!, from[i + 1]!)) return false;
    const slot = slots[i]!;
    const kind = reader.value();
    if (kind >= KIND.object) {
      if (slot < layout.row) return false;
      readWhole(reader, kind, layout.fields);
    }
    if (compare === COMPARE.byValue) repetition.note(i, parsed.isSame(slot, reader));
    parsed.put(slot, reader);
    ends[i] = reader.at;
  }
  if (!reader.literal(words, from[count]!, from[count + 1]!)) return false;
  repetition.end(generation, compare, missed);
  return true;
}

/** Events that are compared with the one before, value by value, before runs are tried. */
const LESSONS = 3;
/** Events after which the runs are learnt anew although they hold: more values may have become steady. */
const RUNS_KEPT = 1_024;
/** So many events that do not repeat a run are looked at together: they end transactions, or the runs are wrong. */
const MISSES = 8;
/** Runs that are not repeated more often than once in so many events are learnt anew. */
const FEWEST_BETWEEN = 4;
/** After so many vain lessons there is a pause of RUNS_KEPT events. */
const MOST_FAILURES = 8;

/** How an event is compared with the one before. */
const COMPARE = { not: 0, byValue: 1, byRun: 2 } as const;

/**
 * Learns which values of a template are the same from event to event: those of one transaction share its xid, its times
 * and more. Runs of such values, with the bytes between them, are compared at once, and keep what was computed from them.
 */
class Repetition {
  readonly values: SlotValues;
  /** Offsets of the bytes before each value, and of the value's end. Of a run: in one event, which may be an earlier one. */
  readonly begins: Int32Array;
  readonly ends: Int32Array;
  /** For each value, the end of the run that begins with it: a value's number. Its own: it is in none. */
  readonly runs: Int32Array;
  /** How often in a row each value was the same; LESSONS at most. */
  readonly #same: Uint8Array;
  /** As of `JsonReader`: the offsets are of these bytes. NaN: of none. */
  #generation = Number.NaN;
  /** Lessons left. */
  #lessons = LESSONS;
  /** Events since the last lesson; those of them since the misses were looked at, and these. */
  #kept = 0;
  #tried = 0;
  #misses = 0;
  #failures = 0;
  /** Events left of a pause. */
  #pause = 0;

  constructor(values: number, slots: number) {
    this.values = new SlotValues(slots);
    this.begins = new Int32Array(values);
    this.ends = new Int32Array(values);
    this.runs = new Int32Array(values);
    this.#same = new Uint8Array(values);
  }

  /** Begins an event. Returns how it is compared, of COMPARE. */
  begin(generation: number): number {
    const isThere = this.#generation === generation;
    this.#generation = Number.NaN;
    if (!isThere || this.#pause > 0) return COMPARE.not;
    return this.#lessons > 0 ? COMPARE.byValue : COMPARE.byRun;
  }

  /** Notes whether value `i` is the same as in the event before. */
  note(i: number, isSame: boolean): void {
    this.#same[i] = isSame ? Math.min(this.#same[i]! + 1, LESSONS) : 0;
  }

  /** Ends an event that the template fits. `missed`: a run was not repeated. */
  end(generation: number, compare: number, missed: boolean): void {
    this.#generation = generation;
    if (this.#pause > 0) this.#pause--;
    else if (compare === COMPARE.byValue) {
      if (--this.#lessons === 0) this.#findRuns();
    } else if (missed || compare === COMPARE.byRun) this.#count(missed);
  }

  #count(missed: boolean): void {
    this.#kept++;
    this.#tried++;
    if (missed) this.#misses++;
    if (this.#misses === MISSES) {
      const isWorth = this.#tried >= MISSES * FEWEST_BETWEEN;
      this.#tried = 0;
      this.#misses = 0;
      if (isWorth) this.#failures = 0;
      else this.#relearn(this.#failures + 1);
    } else if (this.#kept === RUNS_KEPT) this.#relearn(this.#failures);
  }

  #relearn(failures: number): void {
    this.#lessons = LESSONS;
    this.#kept = 0;
    this.#failures = failures % MOST_FAILURES;
    if (failures === MOST_FAILURES) this.#pause = RUNS_KEPT;
  }

  #findRuns(): void {
    const { runs } = this;
    const isSteady = (i: number) => this.#same[i] === LESSONS;
    for (let i = runs.length - 1; i >= 0; i--) {
      if (!isSteady(i)) runs[i] = i;
      else runs[i] = i + 1 < runs.length && isSteady(i + 1) ? runs[i + 1]! : i + 1;
    }
  }
}
