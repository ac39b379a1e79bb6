import type { Decoration, Trial } from './decoration.js';
import { scatter } from './decoration.js';
import type { Item } from './item.js';

const KINDS = [
  'tombstone',
  'transaction',
  'message',
  'heartbeat',
  'schema_change',
  'blank',
] as const;
const MOST = 60;

function some(kinds: readonly Item[]) {
  return (trial: Trial): boolean => {
    const { rng } = trial;
    const pieces = Array.from({ length: rng.between(1, MOST) }, () => [rng.pick(kinds)]);
    trial.items = scatter(trial, pieces);
    return true;
  };
}

export const IGNORED: readonly Decoration[] = [
  { name: 'events that are not changes of rows', family: 'ignored', after: some(KINDS) },
  { name: 'rows of other tables', family: 'ignored', after: some(['other_table']), others: true },
];
