import { schemaWith } from '../../src/schemas/index.js';

/** The schema of runs without extensions. */
export const hospital = schemaWith([]);
