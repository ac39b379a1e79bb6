import type { Rng } from '../../../src/random/rng.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { eventText, type Kind, type Mutant, UNCHANGED, violation } from './mutant.js';
import type { OwnGroup, Sample } from './sample.js';

const NOT_ARRIVED = { verdict: 'indeterminate', doubt: 'ended_early' } as const;

function loseRow(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const group = rng.pick(sample.own);
  if (group.end - group.begin < 2) return null;
  const at = rng.between(group.begin, group.end - 1);
  const lost = sample.events[at]!;
  const script = sample.events.toSpliced(at, 1);
  // Later events of the run show that the rest of the transaction is missing.
  const shown = positioned || sample.isFollowed(group);
  const suspect = { keys: [lost.key], xids: [group.xid] };
  return {
    script,
    description: `without ${eventText(lost)}`,
    expected: shown
      ? violation([{ violation: 'missing', details: ['row_missing'], ...suspect }])
      : NOT_ARRIVED,
  };
}

/** Only the ledger can prove that a transaction without any event is missing. */
function loseTransaction(sample: Sample, rng: Rng, positioned: boolean): Mutant {
  const group = rng.pick(sample.own);
  return withoutOne(sample, group, positioned);
}

function loseSingle(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const single = sample.own.filter(({ begin, end }) => end - begin === 1);
  return single.length === 0 ? null : withoutOne(sample, rng.pick(single), positioned);
}

function withoutOne(sample: Sample, group: OwnGroup, positioned: boolean): Mutant {
  const lost = sample.eventsOf(group);
  const suspect = { keys: lost.map(({ key }) => key), xids: [group.xid] };
  return {
    script: sample.events.toSpliced(group.begin, lost.length),
    description: `without the transaction ${group.xid}`,
    expected:
      positioned || sample.provesPast(group)
        ? violation([{ violation: 'missing', details: [sample.lossOf(group)], ...suspect }])
        : NOT_ARRIVED,
  };
}

/** Consecutive transactions in the middle: as if a connector continued too far ahead. */
function loseStretch(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const first = rng.below(sample.own.length);
  const lost = sample.own.slice(first, first + rng.between(2, 8));
  const gone = new Set<ReceivedRow>(lost.flatMap((group) => sample.eventsOf(group)));
  const kept = sample.own.filter((group) => !lost.includes(group));
  const proved = lost.filter((group) => positioned || provedBy(kept, group));
  if (proved.length === 0) return null;
  return {
    script: sample.events.filter((event) => !gone.has(event)),
    description: `without the transactions ${lost.map(({ xid }) => xid)}`,
    expected: violation([
      {
        violation: 'missing',
        details: ['transaction_missing', 'transaction_absent'],
        xids: proved.map(({ xid }) => xid),
      },
    ]),
  };
}

function provedBy(kept: readonly OwnGroup[], { recorded: lost }: OwnGroup): boolean {
  return kept.some(({ recorded: other }) =>
    other.worker === lost.worker ? other.place > lost.place : lost.answeredAt < other.sentAt,
  );
}

/** The end of a stream is missing only if the source has delivered everything. */
function loseTail(sample: Sample, rng: Rng, positioned: boolean): Mutant {
  const from = rng.below(sample.events.length);
  const lost = sample.events.slice(from);
  const xids = sample.own.filter(({ end }) => end > from).map(({ xid }) => xid);
  const details = ['transaction_absent', 'row_missing'] as const;
  return {
    script: sample.events.slice(0, from),
    description: `without the last ${lost.length} events`,
    expected:
      xids.length === 0
        ? UNCHANGED
        : positioned
          ? violation([{ violation: 'missing', details, xids }])
          : NOT_ARRIVED,
  };
}

export const LOSSES: readonly Kind[] = [
  { name: 'an event lost', make: loseRow, weight: 2 },
  { name: 'a transaction lost', make: loseTransaction, weight: 2 },
  { name: 'a transaction of one event lost', make: loseSingle },
  { name: 'some transactions lost', make: loseStretch },
  { name: 'the tail lost', make: loseTail, weight: 2 },
];
