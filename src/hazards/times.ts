import { HAZARD_NAMES, type HazardName } from './hazards.js';

/** How often hazards happened. */
export type HazardTimes = Readonly<Partial<Record<HazardName, number>>>;

/** The hazards of these counts with how often they happened, in the order of summaries and pages. */
export function listHazards(counts: HazardTimes = {}): [name: HazardName, times: number][] {
  return HAZARD_NAMES.flatMap((name): [HazardName, number][] => {
    const times = counts[name];
    return times === undefined ? [] : [[name, times]];
  });
}

/** Hazards that were asked for and never happened. */
export function neverHappened(counts: HazardTimes = {}): HazardName[] {
  return listHazards(counts).flatMap(([name, times]) => (times === 0 ? [name] : []));
}

/** Adds these up. */
export function addHazards(all: readonly HazardTimes[]): HazardTimes {
  const sums: Partial<Record<HazardName, number>> = {};
  for (const [name, times] of all.flatMap(listHazards)) sums[name] = (sums[name] ?? 0) + times;
  return sums;
}
