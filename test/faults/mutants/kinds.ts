import { CONTENTS } from './contents.js';
import { HARMLESS } from './harmless.js';
import { LOSSES } from './losses.js';
import type { Kind } from './mutant.js';
import { NAMES } from './names.js';
import { ORDER } from './order.js';
import { PARTITIONS } from './partitions.js';
import { PHANTOMS } from './phantoms.js';
import { REPEATS } from './repeats.js';

/** Every kind of change, by group. */
export const KINDS_BY_GROUP = {
  losses: LOSSES,
  repeats: REPEATS,
  order: ORDER,
  contents: CONTENTS,
  phantoms: PHANTOMS,
  names: NAMES,
  partitions: PARTITIONS,
  harmless: HARMLESS,
} as const;

export const KINDS: readonly Kind[] = Object.values(KINDS_BY_GROUP).flat();
