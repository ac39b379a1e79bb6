import { type JsonReader, KIND } from '../json/reader.js';
import { CONSTANT_SLOTS, MOST_LOGGED, type ParsedFields, SLOT } from './fields.js';

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
  readonly slots: Uint8Array;
  readonly flags: number;
  readonly table: ParsedFields['table'];
  readonly origin: string | null;
  readonly snapshot: ParsedFields['snapshot'];
  readonly unstated: number;
}

/**
 * A cache of templates. Events of a table differ only in their values, so the bytes between the values of one event are
 * kept and compared with those of the next. Where all are equal the JSON has the same structure, and no name need be
 * looked up.
 */
export class EventTemplates {
  #kept: Template[] = [];
  #credit = FULL_CREDIT;
  #pause = 0;

  /**
   * Parses the next value if a template fits. False: none does, the reader is back at the value, and the parsed fields
   * may have values that members overwrite. Throws a JsonError where the value is certainly not JSON.
   */
  read(reader: JsonReader, parsed: ParsedFields): boolean {
    if (this.#pause > 0) return false;
    const begin = reader.at;
    const kept = this.#kept;
    for (let i = 0; i < kept.length; i++) {
      const template = kept[i]!;
      if (!matches(template, reader, parsed)) {
        reader.rewind(begin);
        continue;
      }
      parsed.flags = template.flags;
      parsed.table = template.table;
      parsed.origin = template.origin;
      parsed.snapshot = template.snapshot;
      parsed.unstated = template.unstated;
      if (i > 0) {
        kept[i] = kept[i - 1]!;
        kept[i - 1] = template;
      }
      if (this.#credit < FULL_CREDIT) this.#credit++;
      return true;
    }
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
      const quotes = kind >= KIND.string ? 1 : 0;
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
      slots: Uint8Array.from(slots),
      flags: parsed.flags,
      table: parsed.table,
      origin: parsed.origin,
      snapshot: parsed.snapshot,
      unstated: parsed.unstated,
    });
  }
}

/**
 * Whether a template fits; the values go to the parsed fields. Those from before a difference stay there, and are
 * overwritten by the next reading: the bytes before a value say which it is, and those were equal.
 */
function matches(template: Template, reader: JsonReader, parsed: ParsedFields): boolean {
  const { words, from, slots } = template;
  const count = slots.length;
  for (let i = 0; i < count; i++) {
    if (!reader.literal(words, from[i]!, from[i + 1]!)) return false;
    if (reader.value() >= KIND.object) return false;
    parsed.put(slots[i]!, reader);
  }
  return reader.literal(words, from[count]!, from[count + 1]!);
}
