import type { Rng } from '../../../src/random/rng.js';
import { TABLE_NAMES } from '../../../src/schemas/hospital/tables.js';
import type { Detail } from '../../../src/verify/verdict/findings.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { withValue } from './changes.js';
import {
  type Kind,
  type Mutant,
  type Suspect,
  told,
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

/** What an event under a false name is taken for. */
type Taken =
  /** A row more of the transaction that it names. */
  | 'unsent'
  /** Of a transaction that there is not. */
  | 'phantom'
  /** Made up, or a trigger's: it depends on how far the ledger has been read. */
  | 'either'
  /** A row of another writer's. */
  | 'stranger';

/** An event under a false name does not come under its own: two things are wrong, where both can be shown. */
function renamed(
  sample: Sample,
  { group, at, event }: Picked,
  other: ReceivedRow,
  taken: Taken,
  positioned: boolean,
): Mutant | null {
  const single = group.end - group.begin === 1;
  const shown = positioned || (single ? sample.provesPast(group) : sample.isFollowed(group));
  const suspects: Suspect[] = [];
  const amid = at > group.begin && at < group.end - 1;
  const named = { keys: [other.key], xids: other.xid === null ? [] : [other.xid] };
  // As a stranger's, it tears the transaction that it stands in.
  if (taken === 'stranger' && amid && other.xid === sample.unusedXid) {
    suspects.push({ violation: 'reordered', details: ['transaction_torn'], xids: [group.xid] });
  }
  if (shown) {
    const missing: readonly Detail[] = single ? [sample.lossOf(group)] : ['row_missing'];
    suspects.push({ violation: 'missing', details: missing, keys: [event.key], xids: [group.xid] });
  }
  // The row that it names is another one from here on.
  const besides = ['reordered', 'phantom', 'inconsistent'] as const;
  const script = sample.events.with(at, other);
  const what = `${told(other)} instead of ${told(event)}`;
  if (taken === 'unsent') {
    return { script, what, expected: unsent(sample, named, suspects, besides) };
  }
  if (taken === 'either' && suspects.length === 0) return null;
  if (taken === 'phantom')
    suspects.unshift({ violation: 'phantom', details: NEVER_SENT, ...named });
  return {
    script,
    what,
    expected:
      suspects.length > 0
        ? violation(suspects, besides)
        : { verdict: 'indeterminate', doubt: 'ended_early' },
  };
}

function hasRow({ told: { rows } }: OwnGroup, { table, operation, key }: ReceivedRow): boolean {
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
  // Then it is more than a row that a trigger may have added.
  if (sample.adds && isImpossible(sample, picked.at, other)) return null;
  return hasRow(picked.group, other) ? null : renamed(sample, picked, other, 'unsent', positioned);
}

/** Whether what came before says that the row is there already, or gone. */
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
  const other = { ...picked.event, table: rng.pick(TABLE_NAMES) };
  return hasRow(picked.group, other) ? null : renamed(sample, picked, other, 'unsent', positioned);
}

/**
 * Where the other transaction is a later one, the LSN says that the ledger does not have to be read so far: then
 * the name is nobody's as yet.
 */
function otherXid(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const picked = pick(sample, rng);
  const group = rng.pick(sample.own);
  if (hasRow(group, picked.event)) return null;
  const other = { ...picked.event, xid: group.xid };
  const earlier = group.begin < picked.group.begin;
  // Of a later one, triggers cannot have written it; but that is known only if the ledger is not read so far.
  const taken = earlier || !sample.adds ? 'unsent' : 'either';
  return renamed(sample, picked, other, taken, positioned);
}

function isLeased({ facts }: Sample, { operation, table, key }: ReceivedRow): boolean {
  return operation === 'insert' && facts.leased.get(table)?.has(Number(key)) === true;
}

/** Only an id of the run's own shows that it is no stranger's. */
function unusedXid(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const picked = pick(sample, rng);
  const other = { ...picked.event, xid: sample.unusedXid };
  const taken = isLeased(sample, other) ? 'phantom' : 'stranger';
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
    what: `${[...changed.values()].map(told).join(', ')} instead of ${told(sample.events[first!]!)} …`,
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
  // Where the server may add rows, a gap can be one that the publication leaves out.
  if (sample.adds && by > 0) {
    return { ...disorder(sample, group, changed, []), expected: UNCHANGED };
  }
  return disorder(sample, group, changed, ['order_falls', 'order_gap']);
}

/** An LSN that another event of the transaction, or the ledger, shows to be none of it. */
function otherLsn(sample: Sample, rng: Rng): Mutant | null {
  const { group, at, event } = pick(sample, rng);
  const up = rng.chance(0.5);
  const { lsn, worker, place } = group.told;
  const earlier = sample.own.filter(
    ({ told: other, begin }) =>
      other.worker === worker && other.place < place && begin < group.begin && other.lsn !== null,
  );
  const shown = up ? at < group.end - 1 || lsn !== null : at > group.begin || earlier.length > 0;
  if (!shown) return null;
  // Beyond, or before, all that the server wrote meanwhile.
  const to = up ? sample.taken.end + rng.below(1_000) : sample.taken.from - rng.below(1_000) - 1;
  const changed = new Map([[at, { ...event, lsn: to }]]);
  return disorder(sample, group, changed, ['lsn_falls', 'lsn_outside']);
}

/** A watermark that is below the one before: the transaction says itself that it is late. */
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
  { name: "nobody's xid", make: unusedXid, weight: 2 },
  { name: 'places in the transaction shifted', make: shiftOrder, toldByGap: true },
  { name: 'a gap in the places of a transaction', make: orderGap, toldByGap: true },
  { name: 'an LSN outside of the transaction', make: otherLsn, weight: 2 },
  { name: 'a watermark that falls', make: lowWatermark },
];
