import { Schema, type SchemaSpec } from '../schema/schema.js';
import { HOSPITAL } from './hospital/index.js';
import { PRONTUARIO } from './prontuario/index.js';

/** The extensions of the hospital that an operator may ask for, by name. */
const EXTENSIONS: ReadonlyMap<string, SchemaSpec> = new Map([[PRONTUARIO.name, PRONTUARIO]]);

export const EXTENSION_NAMES: readonly string[] = [...EXTENSIONS.keys()];

/** The hospital with these extensions, in the order of `EXTENSION_NAMES`. Names that are not among them are left out. */
export function schemaWith(extensions: readonly string[]): Schema {
  const chosen = EXTENSION_NAMES.filter((name) => extensions.includes(name));
  return new Schema(
    HOSPITAL,
    chosen.map((name) => EXTENSIONS.get(name)!),
  );
}
