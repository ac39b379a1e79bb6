import { Schema } from '../schema/schema.js';
import { HOSPITAL } from './hospital/index.js';

/**
 * As `schemaWith`, for worker threads. The modules of the extensions are loaded only where the run has some: each thread
 * would take some milliseconds for them.
 */
export async function loadSchema(extensions: readonly string[]): Promise<Schema> {
  if (extensions.length === 0) return new Schema(HOSPITAL, []);
  const { schemaWith } = await import('./index.js');
  return schemaWith(extensions);
}
