import { JsonError, KIND } from '../json/grammar.js';
import type { Names } from '../json/names.js';
import { END, JsonReader } from '../json/reader.js';
import type { Key } from '../source.js';
import { EventError } from './event-error.js';
import { FIELD } from './fields.js';
import { registryHead } from './registry-head.js';
import { enterTyped, typedScalar } from './typed.js';
import { ValueReader } from './values.js';

const LF = 0x0a;

/** Reads the id out of a message's key that is JSON by itself. */
export class KeyReader {
  readonly #reader: JsonReader;
  readonly #values: ValueReader;

  constructor(names: Names) {
    this.#reader = new JsonReader(names);
    this.#values = new ValueReader(this.#reader);
  }

  /**
   * The id: of an object that has it, perhaps with its schema, or the key is the id. Null: it has none. Throws
   * an EventError on a key that is no JSON, or an id that is no number.
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
      throw new EventError(`the message's key is ${error.message}`);
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
