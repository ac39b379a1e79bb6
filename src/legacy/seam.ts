import { schemaWith } from '../schemas/index.js';

/** The schema of callers that do not have one yet; goes with this folder. */
export const HOSPITAL = schemaWith([]);
