import { KIND } from '../json/grammar.js';
import type { JsonReader } from '../json/reader.js';
import { FIELDS } from './fields.js';

// Avro's JSON encoding puts a value that may be null into an object of one member, which is named after its type:
// `{"long":5}`, `{"oltp.public.exames.Value":{…}}`. No name that means something is the name of a type.

/** Enters the record that is in an object for its type, which was begun. True: `nextName` leaves it. */
export function enterTyped(reader: JsonReader): boolean {
  if (reader.soleKind(FIELDS) !== KIND.object) return false;
  reader.firstName();
  reader.value();
  return true;
}

/** The kind of the value that was read; where that is an object for a type, it reads what is in it. */
export function typedScalar(reader: JsonReader, kind: number): number {
  if (kind !== KIND.object) return kind;
  const sole = reader.soleKind(FIELDS);
  if (sole === KIND.none || sole >= KIND.object) return kind;
  reader.firstName();
  const inner = reader.value();
  reader.nextName();
  return inner;
}
