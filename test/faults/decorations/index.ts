import type { Decoration } from './decoration.js';
import { ELSEWHERE } from './elsewhere.js';
import { FORMATS } from './formats.js';
import { IGNORED } from './ignored.js';
import { RESTARTS } from './restarts.js';
import { SNAPSHOTS } from './snapshots.js';
import { TRIGGERS } from './triggers.js';
import { WRITERS } from './writers.js';

/** Everything harmless that is put into a stream. */
export const DECORATIONS: readonly Decoration[] = [
  ...SNAPSHOTS,
  ...IGNORED,
  ...ELSEWHERE,
  ...TRIGGERS,
  ...RESTARTS,
  ...WRITERS,
  ...FORMATS,
];
