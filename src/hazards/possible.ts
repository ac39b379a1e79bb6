import type { HazardSpec } from '../schema/hazards.js';
import type { HazardName } from './hazards.js';

/** The part of a schema that each hazard needs; a hazard that is missing happens with any tables. */
const NEEDS: Readonly<Partial<Record<HazardName, keyof HazardSpec>>> = {
  savepoints: 'bulk',
  'hot-keys': 'hot',
  'same-row': 'bulk',
  copy: 'bulk',
  'unchanged-toast': 'unchangedToast',
  'key-change': 'family',
  huge: 'bulk',
  long: 'bulk',
  truncate: 'truncate',
  ddl: 'changes',
  publication: 'unpublish',
};

/** Whether a hazard can happen with the tables of a schema. */
export function isPossible(name: HazardName, spec: HazardSpec): boolean {
  const need = NEEDS[name];
  if (need === undefined) return true;
  const part = spec[need];
  return Array.isArray(part) ? part.length > 0 : part !== null;
}
