import type { Key } from '../../schema/table.js';
import { EventError } from '../decoder.js';
import { registryHead } from '../json/not-json.js';
import { END, JsonError, JsonReader, KIND } from '../json/reader.js';
import type { Names } from '../json/text.js';

import {
  type EventLayout,
  type EventTable,
  FIELD,
  FLAG,
  NO_SLOT,
  ParsedFields,
  SLOT,
} from './fields.js';
import { ValueReader } from './values.js';

// Avro's JSON encoding puts a value that may be null into an object of one member, which is named after its type:
// `{"long":5}`, `{"oltp.public.exames.Value":{…}}`. No known name is the name of a type.

/** Enters the record inside an object that names its type. True: `nextName` leaves it again. */
function enterTyped(reader: JsonReader, known: number): boolean {
  if (reader.soleKind(known) !== KIND.object) return false;
  reader.firstName();
  reader.value();
  return true;
}

/** The kind of the value just read, or of the scalar inside an object that names its type. */
function typedScalar(reader: JsonReader, kind: number, known: number): number {
  if (kind !== KIND.object) return kind;
  const sole = reader.soleKind(known);
  if (sole === KIND.none || sole >= KIND.object) return kind;
  reader.firstName();
  const inner = reader.value();
  reader.nextName();
  return inner;
}

/** Reads the rest of a value: of an object that names its type the value inside. */
export function readWhole(reader: JsonReader, kind: number, known: number): void {
  if (kind < KIND.object) return;
  if (kind === KIND.array || reader.soleKind(known) === KIND.none) {
    reader.whole(kind);
    return;
  }
  reader.firstName();
  const inner = reader.value();
  if (inner >= KIND.object) reader.whole(inner);
  reader.nextName();
}

/** Reads an event's members into parsed fields, in any wrapper and order. */
export class MemberReader {
  readonly #reader: JsonReader;
  readonly #parsed: ParsedFields;
  readonly #layout: EventLayout;

  constructor(reader: JsonReader, parsed: ParsedFields, layout: EventLayout) {
    this.#reader = reader;
    this.#parsed = parsed;
    this.#layout = layout;
  }

  /** Reads the members of the object that the reader has just begun. Throws a JsonError. */
  read(): void {
    const reader = this.#reader;
    const typed = enterTyped(reader, this.#layout.fields);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = reader.value();
      if (kind === KIND.object) this.#object(name);
      else if (kind === KIND.array) this.#compound(name, kind);
      else this.#scalar(name, kind);
    }
    if (typed) reader.nextName();
  }

  #object(name: number): void {
    const { after, before, source, transaction, payload, value, data, key } = FIELD;
    if (name === after) {
      this.#parsed.flags |= FLAG.after | FLAG.enveloped;
      this.#row(this.#layout.row);
    } else if (name === before) {
      this.#parsed.flags |= FLAG.enveloped;
      this.#row(this.#layout.old);
    } else if (name === source) {
      this.#parsed.flags |= FLAG.enveloped;
      this.#part(this.#layout.sourceSlots, false);
    } else if (name === transaction) this.#part(this.#layout.transactionSlots, true);
    else if (name === payload || name === value || name === data) {
      const sole = this.#reader.soleKind(this.#layout.fields);
      const isText = sole >= KIND.string && sole < KIND.object;
      // As a column's name, `data` may be a number, too.
      if (isText || (name === data && sole !== KIND.none && sole < KIND.object)) {
        this.#scalar(name, typedScalar(this.#reader, KIND.object, this.#layout.fields));
        return;
      }
      this.#parsed.flags &= ~FLAG.more;
      this.read();
      this.#parsed.wrapped = true;
    } else if (name === key) this.#messageKey();
    else if (name === this.#layout.message) this.#part(this.#layout.messageSlots, true);
    else {
      const kind = typedScalar(this.#reader, KIND.object, this.#layout.fields);
      if (kind < KIND.object) this.#scalar(name, kind);
      else this.#compound(name, kind);
    }
  }

  /** Reads an array or an object beside the metadata: a flattened row may have one. */
  #compound(name: number, kind: number): void {
    this.#flag(name);
    const { fields, topSlots, flat } = this.#layout;
    const slot = name >= 0 && name < fields ? topSlots[name]! : NO_SLOT;
    if (slot < flat) {
      this.#reader.rest(kind);
      return;
    }
    readWhole(this.#reader, kind, fields);
    this.#parsed.take(slot, this.#reader);
  }

  /** @param first the slot of the row's first value */
  #row(first: number): void {
    const reader = this.#reader;
    const parsed = this.#parsed;
    const { fields, columnNames } = this.#layout;
    const typed = enterTyped(reader, fields);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      readWhole(reader, reader.value(), fields);
      parsed.take(name >= 0 && name < columnNames ? first + name : SLOT.ignored, reader);
    }
    if (typed) reader.nextName();
  }

  /** @param varies values without a slot differ from event to event, too */
  #part(slots: Int16Array, varies: boolean): void {
    const reader = this.#reader;
    const parsed = this.#parsed;
    const { fields } = this.#layout;
    const typed = enterTyped(reader, fields);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = typedScalar(reader, reader.value(), fields);
      const slot = name >= 0 && name < fields ? slots[name]! : NO_SLOT;
      if (kind >= KIND.object) reader.rest(kind);
      else if (slot !== NO_SLOT) parsed.take(slot, reader);
      else if (varies || kind === KIND.integer) parsed.take(SLOT.ignored, reader);
    }
    if (typed) reader.nextName();
  }

  /** Reads the message's key, an object, beside its value; keeps its bytes for a value that is JSON in a string. */
  #messageKey(): void {
    const reader = this.#reader;
    const { start } = reader;
    this.readKey();
    reader.kind = KIND.object;
    reader.start = start;
    reader.stop = reader.at;
    this.#parsed.put(SLOT.keyObject, reader);
  }

  /** Reads the members of a key that the reader has just begun, perhaps with its schema. Throws a JsonError. */
  readKey(): void {
    const reader = this.#reader;
    const { fields, columnNames, key } = this.#layout;
    const typed = enterTyped(reader, fields);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = typedScalar(reader, reader.value(), fields);
      if (kind === KIND.object && name === FIELD.payload) this.readKey();
      else if (kind >= KIND.object) reader.rest(kind);
      else if (name >= 0 && name < columnNames) this.#parsed.take(key + name, reader);
    }
    if (typed) reader.nextName();
  }

  #scalar(name: number, kind: number): void {
    this.#flag(name);
    const { fields, topSlots } = this.#layout;
    if (name < 0 || name >= fields) return;
    const parsed = this.#parsed;
    const slot = topSlots[name]!;
    // Beside a wrapped event, `schema` is Kafka Connect's.
    if (name === FIELD.schema && parsed.wrapped) return;
    if (slot !== NO_SLOT) parsed.take(slot, this.#reader);
    else if (name === FIELD.key) parsed.take(SLOT.key, this.#reader);
    else if (name === FIELD.payload || name === FIELD.value) {
      if (kind === KIND.null) parsed.flags |= FLAG.nothing;
      else parsed.put(SLOT.inner, this.#reader);
    }
  }

  /** Sets the flags of a member. Beside a wrapped event it says nothing of the shape. */
  #flag(name: number): void {
    const parsed = this.#parsed;
    const { fields, topFlags } = this.#layout;
    const flags = name >= 0 && name < fields ? topFlags[name]! : FLAG.more;
    parsed.flags |= parsed.wrapped ? flags & ~FLAG.more : flags;
  }
}

const LF = 0x0a;

/** Reads the key of a row in a message's key that is JSON by itself. */
export class KeyReader {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;
  readonly #parsed: ParsedFields;
  readonly #members: MemberReader;
  readonly #layout: EventLayout;

  constructor(names: Names, layout: EventLayout) {
    this.#reader = new JsonReader(names);
    this.#values = new ValueReader(this.#reader);
    this.#parsed = new ParsedFields(layout);
    this.#members = new MemberReader(this.#reader, this.#parsed, layout);
    this.#layout = layout;
  }

  /**
   * The key of a row of `of`: in an object, perhaps with its schema, or the value of its only column itself. Null: no
   * key. Throws an EventError on a key that is not JSON, or a value that its column cannot have.
   */
  read(key: Uint8Array, of: EventTable): Key | null {
    const bytes = Buffer.alloc(key.length + 1, LF);
    bytes.set(key);
    const reader = this.#reader;
    reader.load(bytes);
    reader.open(registryHead(bytes, 0, key.length), key.length);
    this.#parsed.clear();
    try {
      const kind = reader.value();
      if (kind === KIND.object) this.#members.readKey();
      else if (kind === KIND.integer && of.key.length === 1) {
        this.#parsed.put(this.#layout.key + of.key[0]!.field, reader);
      } else reader.rest(kind);
      reader.close();
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      const { fault } = error;
      throw new EventError((m) => m.malformed.event.keyNotJson(fault));
    }
    return this.#values.keyOf(of, this.#parsed, this.#layout.key);
  }
}
