import type { Rng } from '../../../src/random/rng.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import { type Kind, type Mutant, UNCHANGED, violation } from './mutant.js';
import { type OwnGroup, Sample } from './sample.js';

/** A stream divided into the partitions of a topic: only the events of a key keep their order. */
class Partitions {
  readonly queues: readonly ReceivedRow[][];
  readonly #streamOf: (event: ReceivedRow) => number;

  constructor({ events }: Sample, rng: Rng) {
    const streams = rng.between(2, 6);
    const byTable = rng.chance(0.5);
    this.#streamOf = ({ table, key }) => (table.length + (byTable ? 0 : Number(key) * 7)) % streams;
    this.queues = Array.from({ length: streams }, () => []);
    for (const event of events) {
      const stream = this.#streamOf(event);
      this.queues[stream]!.push({ ...event, partition: stream });
    }
  }

  streamOf(event: ReceivedRow): number {
    return this.#streamOf(event);
  }

  /** A reader gets pieces of the partitions in turn. */
  merged(rng: Rng): ReceivedRow[] {
    const script: ReceivedRow[] = [];
    const left = new Set(this.queues.filter(({ length }) => length > 0).map((queue) => [...queue]));
    while (left.size > 0) {
      const queue = rng.pick([...left]);
      script.push(...queue.splice(0, rng.between(1, 40)));
      if (queue.length === 0) left.delete(queue);
    }
    return script;
  }
}

function mutantOf(
  partitions: Partitions,
  rng: Rng,
  description: string,
  expected: Mutant['expected'],
): Mutant {
  const streams = partitions.queues.length;
  const script = partitions.merged(rng);
  const tables = expected === UNCHANGED && rng.chance(0.5);
  return {
    script,
    description: `${description}, in ${streams} partitions`,
    expected,
    streams,
    tables,
  };
}

function nothing(sample: Sample, rng: Rng): Mutant {
  return mutantOf(new Partitions(sample, rng), rng, 'nothing', UNCHANGED);
}

/** One partition goes back by itself. */
function rewound(sample: Sample, rng: Rng): Mutant | null {
  const own = new Set(sample.own.map(({ xid }) => xid));
  const partitions = new Partitions(sample, rng);
  const queue = rng.pick(partitions.queues);
  if (queue.length < 2) return null;
  const at = rng.between(1, queue.length);
  const replay = queue.slice(rng.below(at), at);
  queue.splice(at, 0, ...replay);
  const replayed = replay.filter(({ xid }) => own.has(xid ?? 0)).length;
  const description = `${replay.length} events once more at ${at}`;
  const expected = replayed > 0 ? ({ verdict: 'duplicates', replayed } as const) : UNCHANGED;
  return mutantOf(partitions, rng, description, expected);
}

/**
 * A lost transaction is missing if every partition with rows of its tables has a transaction that was provably committed
 * later: each partition may lag by itself.
 */
function lost(sample: Sample, rng: Rng, positioned: boolean): Mutant | null {
  const group = rng.pick(sample.own);
  const partitions = new Partitions(sample, rng);
  const tables = new Set(sample.eventsOf(group).map(({ table }) => table));
  const later = new Set(sample.own.filter((other) => isLater(other, group)).map(({ xid }) => xid));
  const concerned: boolean[] = [];
  for (const queue of partitions.queues) {
    queue.splice(0, queue.length, ...queue.filter(({ xid }) => xid !== group.xid));
    if (!queue.some(({ table }) => tables.has(table))) continue;
    concerned.push(queue.some(({ xid }) => later.has(xid ?? 0)));
  }
  // If no partition has rows of its tables, any may still bring it.
  const proved = concerned.length > 0 && concerned.every((isPast) => isPast);
  if (!proved && !positioned) return null;
  const detail = proved ? 'transaction_missing' : 'transaction_absent';
  return mutantOf(
    partitions,
    rng,
    `without ${group.xid}`,
    violation([{ violation: 'missing', details: [detail], xids: [group.xid] }]),
  );
}

function isLater(other: OwnGroup, group: OwnGroup): boolean {
  return other.begin > group.begin && Sample.isBefore(group, other);
}

/** Within a partition, the order of commits holds. */
function swapped(sample: Sample, rng: Rng): Mutant | null {
  const partitions = new Partitions(sample, rng);
  const queue = rng.pick(partitions.queues);
  const own = new Map(sample.own.map((group) => [group.xid, group]));
  const places = queue.flatMap(({ xid }, at) => (own.has(xid ?? 0) ? [at] : []));
  if (places.length < 2) return null;
  const index = rng.below(places.length - 1);
  const [first, second] = [places[index]!, places[index + 1]!];
  const [one, other] = [queue[first]!, queue[second]!];
  if (one.xid === other.xid) return null;
  // Surrounded by other events of the two transactions, they interrupt these.
  const [earlier, later] = [own.get(one.xid!)!, own.get(other.xid!)!];
  queue.splice(first, 1, other);
  queue.splice(second, 1, one);
  return mutantOf(
    partitions,
    rng,
    `${one.xid} and ${other.xid} swapped`,
    violation(
      [
        {
          violation: 'reordered',
          details: ['transaction_late', 'transaction_torn', 'lsn_falls', 'order_falls'],
          xids: [earlier.xid, later.xid],
        },
      ],
      ['inconsistent'],
    ),
  );
}

export const PARTITIONS: readonly Kind[] = [
  { name: 'partitions', make: nothing, weight: 2 },
  { name: 'partitions, one of them rewound', make: rewound, weight: 2 },
  { name: 'partitions, a transaction lost', make: lost, weight: 2 },
  { name: 'partitions, two of their events swapped', make: swapped },
];
