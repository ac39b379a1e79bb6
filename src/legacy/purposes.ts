import { RNG_PURPOSE as ENGINE } from '../random/rng.js';
import { ROW_PURPOSE } from '../schemas/purposes.js';
export const RNG_PURPOSE = { ...ENGINE, ...ROW_PURPOSE, linkConvenios: ENGINE.linkOthers };
