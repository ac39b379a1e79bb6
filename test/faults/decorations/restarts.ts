import type { Decoration, Trial } from './decoration.js';
import { isHome } from './item.js';

const MOST = 3;
/** Events that a connector mostly goes back. */
const FEW = 12;

/** A connector restarts, each time from a place shortly or long before. */
function restart(times: (trial: Trial) => number) {
  return (trial: Trial): boolean => {
    const { rng, items, view } = trial;
    if (items.length < 2) return false;
    const own = new Set(view.own.map(({ xid }) => xid));
    const places = Array.from({ length: times(trial) }, () => rng.between(1, items.length));
    const script = [...items];
    // From the last place to the first, so that each goes back to first deliveries.
    for (const at of [...new Set(places)].sort((a, b) => b - a)) {
      const back = rng.chance(0.6) ? rng.between(1, FEW) : rng.between(1, at);
      const replay = items.slice(Math.max(0, at - back), at);
      script.splice(at, 0, ...replay);
      const again = replay.some((item) => isHome(item) && own.has(item.xid ?? 0));
      if (again && trial.expected === 'unchanged') trial.expected = 'duplicates';
    }
    trial.items = script;
    return true;
  };
}

export const RESTARTS: readonly Decoration[] = [
  { name: 'a restart', family: 'restarts', after: restart(() => 1) },
  {
    name: 'several restarts',
    family: 'restarts',
    after: restart(({ rng }) => rng.between(2, MOST)),
  },
];
