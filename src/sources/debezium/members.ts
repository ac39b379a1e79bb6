import { EventError } from '../decoder.js';
import { registryHead } from '../json/not-json.js';
import { END, JsonError, JsonReader, KIND } from '../json/reader.js';
import type { Names } from '../json/text.js';
import type { Key } from '../source.js';
import { ValueReader } from './columns.js';
import {
  COLUMN_NAMES,
  FIELD,
  FIELDS,
  FLAG,
  NO_SLOT,
  type ParsedFields,
  SLOT,
  SOURCE_SLOTS,
  TOP_FLAGS,
  TOP_SLOTS,
  TRANSACTION_SLOTS,
} from './fields.js';

// Avro's JSON encoding puts a value that may be null into an object of one member, which is named after its type:
// `{"long":5}`, `{"oltp.public.exames.Value":{…}}`. No known name is the name of a type.

/** Enters the record inside an object that names its type. True: `nextName` leaves it again. */
function enterTyped(reader: JsonReader): boolean {
  if (reader.soleKind(FIELDS) !== KIND.object) return false;
  reader.firstName();
  reader.value();
  return true;
}

/** The kind of the value just read, or of the scalar inside an object that names its type. */
function typedScalar(reader: JsonReader, kind: number): number {
  if (kind !== KIND.object) return kind;
  const sole = reader.soleKind(FIELDS);
  if (sole === KIND.none || sole >= KIND.object) return kind;
  reader.firstName();
  const inner = reader.value();
  reader.nextName();
  return inner;
}

/** Reads an event's members into parsed fields, in any wrapper and order. */
export class MemberReader {
  readonly #reader: JsonReader;
  readonly #parsed: ParsedFields;

  constructor(reader: JsonReader, parsed: ParsedFields) {
    this.#reader = reader;
    this.#parsed = parsed;
  }

  /** Reads the members of the object that the reader has just begun. Throws a JsonError. */
  read(): void {
    const reader = this.#reader;
    const typed = enterTyped(reader);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = reader.value();
      if (kind === KIND.object) this.#object(name);
      else if (kind === KIND.array) {
        this.#flag(name);
        reader.rest(kind);
      } else this.#scalar(name, kind);
    }
    if (typed) reader.nextName();
  }

  #object(name: number): void {
    const { after, before, source, transaction, payload, value, data, key } = FIELD;
    if (name === after) {
      this.#parsed.flags |= FLAG.after | FLAG.enveloped;
      this.#row();
    } else if (name === before) {
      this.#parsed.flags |= FLAG.enveloped;
      this.#oldRow();
    } else if (name === source) {
      this.#parsed.flags |= FLAG.enveloped;
      this.#part(SOURCE_SLOTS, false);
    } else if (name === transaction) this.#part(TRANSACTION_SLOTS, true);
    else if (name === payload || name === value || name === data) {
      const sole = this.#reader.soleKind(FIELDS);
      const isText = sole >= KIND.string && sole < KIND.object;
      // As a column's name, `data` may be a number, too.
      if (isText || (name === data && sole !== KIND.none && sole < KIND.object)) {
        this.#scalar(name, typedScalar(this.#reader, KIND.object));
        return;
      }
      this.#parsed.flags &= ~FLAG.more;
      this.read();
      this.#parsed.wrapped = true;
    } else if (name === key) this.#key();
    else {
      const kind = typedScalar(this.#reader, KIND.object);
      if (kind < KIND.object) this.#scalar(name, kind);
      else {
        this.#flag(name);
        this.#reader.rest(kind);
      }
    }
  }

  #row(): void {
    const reader = this.#reader;
    const parsed = this.#parsed;
    const typed = enterTyped(reader);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = typedScalar(reader, reader.value());
      if (kind >= KIND.object) reader.rest(kind);
      else parsed.take(name >= 0 && name < COLUMN_NAMES ? SLOT.row + name : SLOT.ignored, reader);
    }
    if (typed) reader.nextName();
  }

  /** Takes only the id of the old row: other values of a delete may be made up. */
  #oldRow(): void {
    const reader = this.#reader;
    const typed = enterTyped(reader);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = typedScalar(reader, reader.value());
      if (kind >= KIND.object) reader.rest(kind);
      else this.#parsed.take(name === FIELD.id ? SLOT.oldId : SLOT.ignored, reader);
    }
    if (typed) reader.nextName();
  }

  /** @param varies values without a slot differ from event to event, too */
  #part(slots: Int16Array, varies: boolean): void {
    const reader = this.#reader;
    const parsed = this.#parsed;
    const typed = enterTyped(reader);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = typedScalar(reader, reader.value());
      const slot = name >= 0 && name < FIELDS ? slots[name]! : NO_SLOT;
      if (kind >= KIND.object) reader.rest(kind);
      else if (slot !== NO_SLOT) parsed.take(slot, reader);
      else if (varies || kind === KIND.integer) parsed.take(SLOT.ignored, reader);
    }
    if (typed) reader.nextName();
  }

  /** Reads the message's key: an object, perhaps with its schema. */
  #key(): void {
    const reader = this.#reader;
    const typed = enterTyped(reader);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const kind = typedScalar(reader, reader.value());
      if (kind === KIND.object && name === FIELD.payload) this.#key();
      else if (kind >= KIND.object) reader.rest(kind);
      else if (name === FIELD.id) this.#parsed.take(SLOT.keyId, reader);
    }
    if (typed) reader.nextName();
  }

  #scalar(name: number, kind: number): void {
    this.#flag(name);
    if (name < 0 || name >= FIELDS) return;
    const parsed = this.#parsed;
    const slot = TOP_SLOTS[name]!;
    // Beside a wrapped event, `schema` is Kafka Connect's.
    if (name === FIELD.schema && parsed.wrapped) return;
    if (slot !== NO_SLOT) parsed.take(slot, this.#reader);
    else if (name === FIELD.key) parsed.take(SLOT.keyId, this.#reader);
    else if (name === FIELD.payload || name === FIELD.value) {
      if (kind === KIND.null) parsed.flags |= FLAG.nothing;
      else parsed.put(SLOT.inner, this.#reader);
    }
  }

  /** Sets the flags of a member. Beside a wrapped event it says nothing of the shape. */
  #flag(name: number): void {
    const parsed = this.#parsed;
    const flags = name >= 0 && name < FIELDS ? TOP_FLAGS[name]! : FLAG.more;
    parsed.flags |= parsed.wrapped ? flags & ~FLAG.more : flags;
  }
}

const LF = 0x0a;

/** Reads the id in a message's key that is JSON by itself. */
export class KeyReader {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;

  constructor(names: Names) {
    this.#reader = new JsonReader(names);
    this.#values = new ValueReader(this.#reader);
  }

  /**
   * The id in an object, perhaps with its schema, or the key itself. Null: no id. Throws an EventError on a key that is
   * not JSON, or an id that is not a number.
   */
  read(key: Uint8Array): Key | null {
    const bytes = Buffer.alloc(key.length + 1, LF);
    bytes.set(key);
    this.#reader.load(bytes);
    this.#reader.open(registryHead(bytes, 0, key.length), key.length);
    try {
      const id = this.#id(this.#reader.value());
      this.#reader.close();
      return id;
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      const { fault } = error;
      throw new EventError((m) => m.malformed.event.keyNotJson(fault));
    }
  }

  #id(kind: number): Key | null {
    const reader = this.#reader;
    if (kind === KIND.integer) return this.#values.keyOf(kind, reader.start, reader.stop);
    if (kind !== KIND.object) {
      reader.rest(kind);
      return null;
    }
    let id: Key | null = null;
    const typed = enterTyped(reader);
    for (let name = reader.firstName(); name !== END; name = reader.nextName()) {
      const inner = typedScalar(reader, reader.value());
      if (name === FIELD.payload) id = this.#id(inner);
      else if (name === FIELD.id && inner < KIND.object) {
        id = this.#values.keyOf(inner, reader.start, reader.stop);
      } else reader.rest(inner);
    }
    if (typed) reader.nextName();
    return id;
  }
}
