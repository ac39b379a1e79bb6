import { schemaWith } from '../schemas/index.js';

/** The schema of rooms that still read the old list. */ // seam
export const LEGACY_SCHEMA = schemaWith([]);
