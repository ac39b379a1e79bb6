import type { Rng } from '../../../src/random/rng.js';
import type { Detail } from '../../../src/verify/verdict/findings.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { eventText, type Kind, type Mutant, type Suspect, UNCHANGED, violation } from './mutant.js';
import { type OwnGroup, Sample } from './sample.js';

const DISORDER: readonly Detail[] = ['lsn_falls', 'order_falls', 'lsn_outside'];

/** Two events of one row in the wrong order may contradict each other, too. */
const BESIDES = ['inconsistent'] as const;

function reordered(details: readonly Detail[], of: Omit<Suspect, 'violation' | 'details'>) {
  return violation([{ violation: 'reordered', details, ...of }], BESIDES);
}

function swapEvents(sample: Sample, rng: Rng): Mutant | null {
  const group = rng.pick(sample.own);
  if (group.end - group.begin < 2) return null;
  const first = rng.between(group.begin, group.end - 2);
  const second = rng.between(first + 1, group.end - 1);
  const { events } = sample;
  return {
    script: events.with(first, events[second]!).with(second, events[first]!),
    description: `${eventText(events[first]!)} and ${eventText(events[second]!)} swapped`,
    expected: reordered(DISORDER, {
      keys: events.slice(first, second).map(({ key }) => key),
      xids: [group.xid],
    }),
  };
}

/** Two consecutive transactions of the run; other writers' may stand between them. */
function neighbours(sample: Sample, rng: Rng): [OwnGroup, OwnGroup] | null {
  if (sample.own.length < 2) return null;
  const at = rng.below(sample.own.length - 1);
  return [sample.own[at]!, sample.own[at + 1]!];
}

function swapped(sample: Sample, [first, second]: [OwnGroup, OwnGroup]): ReceivedRow[] {
  const { events } = sample;
  return [
    ...events.slice(0, first.begin),
    ...sample.eventsOf(second),
    ...events.slice(first.end, second.begin),
    ...sample.eventsOf(first),
    ...events.slice(second.end),
  ];
}

/** Watermarks show the order even if the ledger cannot prove it. */
function swapTransactions(sample: Sample, rng: Rng): Mutant | null {
  const pair = neighbours(sample, rng);
  if (pair === null) return null;
  return {
    script: swapped(sample, pair),
    description: `the transactions ${pair[0].xid} and ${pair[1].xid} swapped`,
    expected: reordered(['transaction_late'], { xids: [pair[0].xid] }),
  };
}

/**
 * Without watermarks only the ledger can prove the order. The order of transactions that were under way at the same time
 * is unknown.
 */
function swapWithoutWatermarks(sample: Sample, rng: Rng): Mutant | null {
  const pair = neighbours(sample, rng);
  if (pair === null) return null;
  const proved = Sample.isBefore(...pair);
  return {
    script: swapped(sample, pair).map((event) => ({ ...event, watermark: null })),
    description: `the transactions ${pair[0].xid} and ${pair[1].xid} swapped, without watermarks`,
    expected: proved ? reordered(['transaction_late'], { xids: [pair[0].xid] }) : UNCHANGED,
  };
}

function moveTransaction(sample: Sample, rng: Rng): Mutant | null {
  if (sample.own.length < 8) return null;
  const from = rng.below(sample.own.length);
  const to = rng.below(sample.own.length);
  if (Math.abs(from - to) < 5) return null;
  const moved = sample.own[from]!;
  const events = sample.eventsOf(moved);
  const target = from < to ? sample.own[to]!.end : sample.own[to]!.begin;
  const script = sample.events.filter((event) => event.xid !== moved.xid);
  script.splice(from < to ? target - events.length : target, 0, ...events);
  // Moved ahead, it makes the ones that it has passed late.
  const late = from < to ? [moved] : sample.own.slice(to, from);
  return {
    script,
    description: `the transaction ${moved.xid} moved from ${moved.begin} to ${target}`,
    expected: reordered(['transaction_late'], { xids: late.map(({ xid }) => xid) }),
  };
}

function moveEvent(sample: Sample, rng: Rng): Mutant | null {
  const group = rng.pick(sample.own);
  if (group.end - group.begin < 2) return null;
  const later = sample.own.filter(({ begin }) => begin >= group.end);
  if (later.length === 0) return null;
  const at = rng.between(group.begin, group.end - 1);
  const event = sample.events[at]!;
  const script = sample.events.toSpliced(at, 1);
  const to = rng.pick(later).end - 1;
  script.splice(to, 0, event);
  return {
    script,
    description: `${eventText(event)} moved to ${to}`,
    expected: reordered(['transaction_torn', ...DISORDER], {
      keys: [event.key],
      xids: [event.xid!],
    }),
  };
}

/** Puts events of another transaction, the run's or foreign, into the middle of one. */
function interleave(foreign: boolean) {
  return (sample: Sample, rng: Rng): Mutant | null => {
    const wide = sample.own.filter(({ begin, end }) => end - begin > 1);
    if (wide.length === 0) return null;
    const group = rng.pick(wide);
    const others = sample.groups.filter(
      ({ recorded: other, begin }) => (other === null) === foreign && begin >= group.end,
    );
    if (others.length === 0) return null;
    // Mostly the next one, which was decoded at about the same time.
    const other = rng.chance(0.7) ? others[0]! : rng.pick(others);
    const at = rng.between(group.begin + 1, group.end - 1);
    const moved = sample.events.slice(at, group.end);
    const to = rng.between(other.begin + 1, other.end);
    const script = [
      ...sample.events.slice(0, at),
      ...sample.events.slice(other.begin, to),
      ...moved,
      ...sample.events.slice(group.end, other.begin),
      ...sample.events.slice(to),
    ];
    return {
      script,
      description: `${group.xid} interrupted before ${eventText(moved[0]!)} by ${other.xid}`,
      expected: reordered(['transaction_torn'], { keys: [moved[0]!.key], xids: [group.xid] }),
    };
  };
}

export const ORDER: readonly Kind[] = [
  { name: 'two events of a transaction swapped', make: swapEvents, weight: 2 },
  { name: 'two transactions swapped', make: swapTransactions, weight: 2 },
  { name: 'two transactions swapped, no watermarks', make: swapWithoutWatermarks, weight: 2 },
  { name: 'a transaction moved far', make: moveTransaction, weight: 2 },
  { name: 'an event moved out of its transaction', make: moveEvent },
  { name: 'a transaction interleaved with another of the run', make: interleave(false), weight: 2 },
  { name: 'a transaction interleaved with a foreign one', make: interleave(true) },
];
