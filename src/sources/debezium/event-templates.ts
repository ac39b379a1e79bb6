import { type JsonReader, KIND } from '../json/reader.js';
import { CONSTANT_SLOTS, MOST_LOGGED, type ParsedFields, SLOT } from './fields.js';

/** Kinds of events that are kept: each table has two or three, some more around a snapshot. */
const MOST_KEPT = 48;
/** Bytes of an event that are kept: a schema of Kafka Connect has some thousand. */
const MOST_BYTES = 1 << 16;

/** How far trying is let to fail before it is given up for a while; a miss costs more than a hit brings. */
const FULL_CREDIT = 512;
const MISS = 4;
/** Events without any trying. */
const PAUSE = 20_000;

/**
 * What events of one kind have in common: every byte but those of the values that are taken; whose table it is,
 * the connector's name, and whether it is of a snapshot, are a part of it.
 */
interface Skeleton {
  readonly words: DataView;
  /** Where the bytes before each value begin, and behind the last one those that end the event. */
  readonly from: Int32Array;
  readonly slots: Uint8Array;
  readonly flags: number;
  readonly table: ParsedFields['table'];
  readonly origin: string | null;
  readonly snapshot: ParsedFields['snapshot'];
  readonly untold: number;
}

/**
 * A short cut. Events of a table are the same from byte to byte, but for their values; so the bytes between
 * those of an event that was read are kept, and those of the next ones held against them, some at a time. Where
 * all are the same, it is JSON of the same structure, without a name having been looked at.
 */
export class EventTemplates {
  #kept: Skeleton[] = [];
  #credit = FULL_CREDIT;
  #pause = 0;

  /**
   * Reads the next value, if it is one of an event of a kind that is known. False: it is none, and the reader
   * and the parsed fields are anywhere. Throws a JsonError where the value is known to be no JSON.
   */
  read(reader: JsonReader, parsed: ParsedFields): boolean {
    if (this.#pause > 0) return false;
    const begin = reader.at;
    const kept = this.#kept;
    for (let i = 0; i < kept.length; i++) {
      const skeleton = kept[i]!;
      if (!matches(skeleton, reader, parsed)) {
        reader.rewind(begin);
        continue;
      }
      parsed.flags = skeleton.flags;
      parsed.table = skeleton.table;
      parsed.origin = skeleton.origin;
      parsed.snapshot = skeleton.snapshot;
      parsed.untold = skeleton.untold;
      if (i > 0) {
        kept[i] = kept[i - 1]!;
        kept[i - 1] = skeleton;
      }
      if (this.#credit < FULL_CREDIT) this.#credit++;
      return true;
    }
    return false;
  }

  /** Keeps what an event that was read, from `begin` to where the reader is, has in common with others. */
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
    // One whose text is elsewhere, in a string, or that is like no event of the hospital.
    const apart = parsed.kinds[SLOT.inner] !== KIND.none;
    if (apart || count > MOST_LOGGED || end - begin > MOST_BYTES) return;
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
      untold: parsed.untold,
    });
  }
}

/**
 * Values that were taken before the bytes differed stay in the parsed fields. Whatever reads the event instead takes
 * them again: what stands before a value says which one it is, and that was the same.
 */
function matches(skeleton: Skeleton, reader: JsonReader, parsed: ParsedFields): boolean {
  const { words, from, slots } = skeleton;
  const count = slots.length;
  for (let i = 0; i < count; i++) {
    if (!reader.literal(words, from[i]!, from[i + 1]!)) return false;
    if (reader.value() >= KIND.object) return false;
    parsed.put(slots[i]!, reader);
  }
  return reader.literal(words, from[count]!, from[count + 1]!);
}
