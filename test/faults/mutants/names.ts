import type { Rng } from '../../../src/random/rng.js';
import type { Detail } from '../../../src/verify/verdict/findings.js';
import { hospital } from '../../helpers/hospital.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withValue } from './changes.js';
import {
  eventText,
  type Kind,
  type Mutant,
  type Suspect,
  UNCHANGED,
  unsent,
  violation,
} from './mutant.js';
import type { OwnGroup, Sample } from './sample.js';

const NEVER_SENT: readonly Detail[] = ['never_sent'];

interface Picked {
  readonly group: OwnGroup;
  readonly at: number;
  readonly event: ReceivedRow;
}

function pick(sample: Sample, rng: Rng): Picked {
  const group = rng.pick(sample.own);
  const at = rng.between(group.begin, group.end - 1);
  return { group, at, event: sample.events[at]! };
}

/** How the verifier must take an event with a false name. */
type MistakenFor =
  /** An additional row of the transaction that it names. */
  | 'unsent'
  /** A row of a transaction that does not exist. */
  | 'phantom'
  /** A phantom, or a trigger's row: it depends on how far the ledger has been read. */
  | 'either'
  /** Another writer's row. */
  | 'foreign';

/** The event is missing under its own name, and wrong under the false one: two violations if both can be shown. */
function renamed(
  sample: Sample,
  { group, at, event }: Picked,
  other: ReceivedRow,
  taken: MistakenFor,
  positioned: boolean,
): Mutant | null {
  const single = group.end - group.begin === 1;
  const shown = positioned || (single ? sample.provesPast(group) : sample.isFollowed(group));
  const suspects: Suspect[] = [];
  const isInside = at > group.begin && at < group.end - 1;
  const named = { keys: [other.key], xids: other.xid === null ? [] : [other.xid] };
  // As a foreign event, it interrupts the transaction around it.
  if (taken === 'foreign' && isInside && other.xid === sample.unusedXid) {
    suspects.push({ violation: 'reordered', details: ['transaction_torn'], xids: [group.xid] });
  }
  if (shown) {
    const missing: readonly Detail[] = single ? [sample.lossOf(group)] : ['row_missing'];
    suspects.push({ violation: 'missing', details: missing, keys: [event.key], xids: [group.xid] });
  }
  // Later events of the row that it names may contradict it.
  const besides = ['reordered', 'phantom', 'inconsistent'] as const;
  const script = sample.events.with(at, other);
  const description = `${eventText(other)} instead of ${eventText(event)}`;
  if (taken === 'unsent') {
    return { script, description, expected: unsent(sample, named, suspects, besides) };
  }
  if (taken === 'either' && suspects.length === 0) return null;
  if (taken === 'phantom')
    suspects.unshift({ violation: 'phantom', details: NEVER_SENT, ...named });
  return {
    script,
    description,
    expected:
      suspects.length > 0
        ? violation(suspects, besides)
        : { verdict: 'indeterminate', doubt: 'ended_early' },
  };
}

function hasRow({ recorded: { rows } }: OwnGroup, { table, operation, key }: ReceivedRow): boolean {
  return rows.has(`${table} ${operation} ${key}`);
}

function otherKey(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const picked = pick(sample, rng);
  const { group, event } = picked;
  const key = rng.chance(0.5)
    ? Number(event.key) + rng.between(1, 100)
    : Number(rng.pick(sample.events).key);
  const other = { ...withValue(event, 0, String(key)), key };
  return hasRow(group, other) ? null : renamed(sample, picked, other, 'unsent', positioned);
}

function otherOperation(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const picked = pick(sample, rng);
  const operation = rng.pick(['insert', 'update', 'delete'] as const);
  const other = { ...picked.event, operation };
  // An impossible change cannot be a row that a trigger added.
  if (sample.adds && isImpossible(sample, picked.at, other)) return null;
  return hasRow(picked.group, other) ? null : renamed(sample, picked, other, 'unsent', positioned);
}

/** Whether earlier events say that an inserted row exists already, or a changed one is deleted. */
function isImpossible(
  { events }: Sample,
  at: number,
  { operation, table, key }: ReceivedRow,
): boolean {
  const before = events.slice(0, at).findLast((one) => one.table === table && one.key === key);
  if (before === undefined) return false;
  return (operation === 'insert') !== (before.operation === 'delete');
}

function otherTable(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const picked = pick(sample, rng);
  const other = { ...picked.event, table: rng.pick(hospital.tables.names) };
  return hasRow(picked.group, other) ? null : renamed(sample, picked, other, 'unsent', positioned);
}

/** If the other transaction is a later one, the ledger need not be read so far for the LSN: then its xid is unknown yet. */
function otherXid(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const picked = pick(sample, rng);
  const group = rng.pick(sample.own);
  if (hasRow(group, picked.event)) return null;
  const other = { ...picked.event, xid: group.xid };
  const earlier = group.begin < picked.group.begin;
  // Triggers of a later transaction cannot have written it, but that shows only if the ledger is not read so far.
  const taken = earlier || !sample.adds ? 'unsent' : 'either';
  return renamed(sample, picked, other, taken, positioned);
}

function isLeased({ facts }: Sample, { operation, table, key }: ReceivedRow): boolean {
  return operation === 'insert' && facts.leased.get(table)?.has(Number(key)) === true;
}

/** Only an id that the run leased shows that the event is not foreign. */
function unusedXid(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const picked = pick(sample, rng);
  const other = { ...picked.event, xid: sample.unusedXid };
  const taken = isLeased(sample, other) ? 'phantom' : 'foreign';
  return renamed(sample, picked, other, taken, positioned);
}

function disorder(
  sample: Sample,
  group: OwnGroup,
  changed: ReadonlyMap<number, ReceivedRow>,
  details: readonly Detail[],
): Mutant {
  const script = sample.events.map((event, at) => changed.get(at) ?? event);
  const [first] = changed.keys();
  return {
    script,
    description: `${[...changed.values()].map(eventText).join(', ')} instead of ${eventText(sample.events[first!]!)} …`,
    expected: violation([{ violation: 'reordered', details, xids: [group.xid] }]),
  };
}

function shiftOrder(sample: Sample, rng: Rng): Mutant {
  const group = rng.pick(sample.own);
  const by = rng.chance(0.5) ? -1 : rng.between(1, 3);
  return reorder(sample, group, group.begin, by);
}

function orderGap(sample: Sample, rng: Rng): Mutant {
  const { group, at } = pick(sample, rng);
  return reorder(sample, group, at, rng.between(1, 3));
}

function reorder(sample: Sample, group: OwnGroup, from: number, by: number): Mutant {
  const changed = new Map<number, ReceivedRow>();
  for (let at = from; at < group.end; at++) {
    const event = sample.events[at]!;
    changed.set(at, { ...event, order: (event.order ?? 0) + by });
  }
  // If the server may add rows, the gap can be a row that the publication leaves out.
  if (sample.adds && by > 0) {
    return { ...disorder(sample, group, changed, []), expected: UNCHANGED };
  }
  return disorder(sample, group, changed, ['order_falls', 'order_gap']);
}

/** An LSN that cannot belong to the transaction, by its other events or by the ledger. */
function otherLsn(sample: Sample, rng: Rng): Mutant | null {
  const { group, at, event } = pick(sample, rng);
  const up = rng.chance(0.5);
  const { lsn, worker, place } = group.recorded;
  const earlier = sample.own.filter(
    ({ recorded: other, begin }) =>
      other.worker === worker && other.place < place && begin < group.begin && other.lsn !== null,
  );
  const shown = up ? at < group.end - 1 || lsn !== null : at > group.begin || earlier.length > 0;
  if (!shown) return null;
  // Before or after everything that the server wrote during the run.
  const to = up ? sample.taken.end + rng.below(1_000) : sample.taken.from - rng.below(1_000) - 1;
  const changed = new Map([[at, { ...event, lsn: to }]]);
  return disorder(sample, group, changed, ['lsn_falls', 'lsn_outside']);
}

/** A watermark below the one before shows that the transaction is late. */
function lowWatermark(sample: Sample, rng: Rng): Mutant | null {
  const at = rng.below(sample.own.length);
  if (at === 0) return null;
  const group = sample.own[at]!;
  const watermark = (sample.events[sample.own[at - 1]!.begin]!.watermark ?? 0) - 1;
  const changed = new Map<number, ReceivedRow>();
  for (let i = group.begin; i < group.end; i++) {
    changed.set(i, { ...sample.events[i]!, watermark });
  }
  return disorder(sample, group, changed, ['transaction_late']);
}

export const NAMES: readonly Kind[] = [
  { name: 'another key', make: otherKey, weight: 2 },
  { name: 'another operation', make: otherOperation, weight: 2 },
  { name: 'another table', make: otherTable },
  { name: "another transaction's xid", make: otherXid, weight: 2 },
  { name: 'an unused xid', make: unusedXid, weight: 2 },
  { name: 'orders in the transaction shifted', make: shiftOrder, shownByGap: true },
  { name: 'a gap in the orders of a transaction', make: orderGap, shownByGap: true },
  { name: 'an LSN outside of the transaction', make: otherLsn, weight: 2 },
  { name: 'a watermark that falls', make: lowWatermark },
];
