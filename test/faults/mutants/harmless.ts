import type { Rng } from '../../../src/random/rng.js';
import type { Script } from '../../helpers/verify-script.js';
import { type Kind, type Mutant, UNCHANGED } from './mutant.js';
import type { Group, Sample } from './sample.js';

const IGNORED = [
  'other_table',
  'tombstone',
  'transaction',
  'message',
  'heartbeat',
  'schema_change',
] as const;

/** Half of these are compared with the tables, which must not find anything either. */
function same(script: Script, description: string, rng: Rng): Mutant {
  return { script, description, expected: UNCHANGED, tables: rng.chance(0.5) };
}

function nothing(sample: Sample, rng: Rng): Mutant {
  return { ...same(sample.events, 'nothing', rng), tables: true };
}

/**
 * Another writer's transaction whose rows the run does not change from this place on. Otherwise the run's own events
 * would contradict the changed stream.
 */
function foreignGroup(sample: Sample, rng: Rng, from = 0): Group | null {
  const foreign = sample.groups.filter(({ recorded }) => recorded === null);
  if (foreign.length === 0) return null;
  const group = rng.pick(foreign);
  const rows = new Set(sample.eventsOf(group).map(({ table, key }) => `${table} ${key}`));
  const since = Math.min(from, group.begin);
  const touched = sample.events.some(
    ({ table, key }, at) => at >= since && sample.isOwn(at) && rows.has(`${table} ${key}`),
  );
  return touched ? null : group;
}

function withoutForeign(sample: Sample, rng: Rng): Mutant | null {
  const group = foreignGroup(sample, rng, sample.events.length);
  if (group === null) return null;
  const script = sample.events.toSpliced(group.begin, group.end - group.begin);
  return same(script, `without ${group.xid}, another writer's`, rng);
}

function foreignElsewhere(keep: boolean) {
  return (sample: Sample, rng: Rng): Mutant | null => {
    const to = rng.pick(sample.groups).begin;
    const group = foreignGroup(sample, rng, to);
    if (group === null) return null;
    const events = sample.eventsOf(group);
    const script = sample.events.toSpliced(to, 0, ...events);
    const old = to <= group.begin ? group.begin + events.length : group.begin;
    if (!keep) script.splice(old, events.length);
    return same(
      script,
      `${group.xid}, another writer's, ${keep ? 'also' : 'instead'} at ${to}`,
      rng,
    );
  };
}

function scattered(sample: Sample, rng: Rng, kinds: readonly Script[number][]): Script {
  const share = rng.unit() * 0.2;
  return sample.events.flatMap((event) => (rng.chance(share) ? [rng.pick(kinds), event] : [event]));
}

function withIgnored(sample: Sample, rng: Rng): Mutant {
  return same(scattered(sample, rng, IGNORED), 'ignored events between', rng);
}

function inPieces(sample: Sample, rng: Rng): Mutant {
  return same(scattered(sample, rng, ['idle']), 'in pieces', rng);
}

function otherTimes(sample: Sample, rng: Rng): Mutant {
  const time = () => (rng.chance(0.1) ? 0 : rng.below(2 ** 31) * 1e6);
  const script = sample.events.map((event) => ({
    ...event,
    receivedAt: time(),
    connectorAt: rng.chance(0.2) ? null : time(),
    committedAt: rng.chance(0.2) ? null : time(),
  }));
  return same(script, 'other times', rng);
}

/** Some sources leave these out. */
function without(...fields: readonly ('watermark' | 'order' | 'lsn')[]) {
  const nulls = Object.fromEntries(fields.map((field) => [field, null]));
  return (sample: Sample, rng: Rng): Mutant =>
    same(
      sample.events.map((event) => ({ ...event, ...nulls })),
      `without ${fields}`,
      rng,
    );
}

/** Debezium's watermark is the COMMIT of the transaction before. */
function watermarkBefore(sample: Sample, rng: Rng): Mutant {
  let before = 0;
  const script = sample.groups.flatMap((group) => {
    const events = sample.eventsOf(group).map((event) => ({ ...event, watermark: before }));
    before = sample.events[group.begin]!.watermark ?? 0;
    return events;
  });
  return same(script, 'watermarks of the transaction before', rng);
}

export const HARMLESS: readonly Kind[] = [
  { name: 'nothing changed', make: nothing },
  { name: "another writer's transaction left out", make: withoutForeign, weight: 2 },
  { name: "another writer's transaction doubled", make: foreignElsewhere(true), weight: 2 },
  { name: "another writer's transaction moved", make: foreignElsewhere(false), weight: 2 },
  { name: 'ignored events between', make: withIgnored },
  { name: 'a stream in pieces', make: inPieces },
  { name: 'other times', make: otherTimes },
  { name: 'no watermarks', make: without('watermark') },
  { name: 'no orders in the transaction', make: without('order') },
  { name: 'neither watermarks nor orders', make: without('watermark', 'order') },
  { name: 'no LSNs', make: without('watermark', 'order', 'lsn') },
  { name: 'watermarks of the transaction before', make: watermarkBefore },
];
