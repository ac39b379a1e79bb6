import type { Consumer } from '@platformatic/kafka';

/** What a broker answers to a fetch. */
export type FetchAnswer = Awaited<ReturnType<Consumer['fetch']>>;

/** What it says of one partition. */
export type Answer = FetchAnswer['responses'][number]['partitions'][number];
type Batch = NonNullable<Answer['records']>[number];

/** Attributes of a batch, as the format of Kafka's records has them. */
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
/** The type in the key of a control record, behind its version. */
const ABORT = 0;
const TYPE_AT = 2;

/** Takes a record; null as Kafka has it. */
export type Give = (key: Buffer | null, value: Buffer | null, offset: number) => void;

/** A partition that is read, and how far. */
export class Partition {
  readonly topic: string;
  readonly index: number;
  readonly stream: number;
  /** The offset to read next. */
  #next: bigint;
  /** What may be read ends before it, as of the last answer. */
  #end: bigint | null = null;

  constructor(of: { topic: string; index: number; stream: number; first: bigint }) {
    this.topic = of.topic;
    this.index = of.index;
    this.stream = of.stream;
    this.#next = of.first;
  }

  get next(): bigint {
    return this.#next;
  }

  /** Everything that there was at the last answer has been read. */
  get atEnd(): boolean {
    return this.#end !== null && this.#next >= this.#end;
  }

  /**
   * Gives out the records of an answer to a fetch from `next`, without those of transactions that were
   * aborted: the client leaves some of these in, where their end is in a later answer.
   */
  take(answer: Answer, give: Give): void {
    const { lastStableOffset, highWatermark } = answer;
    this.#end = lastStableOffset >= 0n ? lastStableOffset : highWatermark;
    const aborted = answer.abortedTransactions.toSorted((a, b) =>
      a.firstOffset < b.firstOffset ? -1 : 1,
    );
    const aborting = new Set<bigint>();
    for (const batch of answer.records ?? []) {
      const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
      while (aborted[0] !== undefined && aborted[0].firstOffset <= last) {
        aborting.add(aborted.shift()!.producerId);
      }
      if ((batch.attributes & CONTROL) !== 0) {
        if (isAbort(batch)) aborting.delete(batch.producerId);
      } else if ((batch.attributes & TRANSACTIONAL) === 0 || !aborting.has(batch.producerId)) {
        this.#give(batch, give);
      }
      // Compaction takes records out: a batch ends where it says, not at its last record.
      if (last >= this.#next) this.#next = last + 1n;
    }
  }

  #give(batch: Batch, give: Give): void {
    for (const { key, value, offsetDelta } of batch.records) {
      const offset = batch.firstOffset + BigInt(offsetDelta);
      // The batch in which `next` is comes whole.
      if (offset >= this.#next) give(key, value, Number(offset));
    }
  }
}

function isAbort(batch: Batch): boolean {
  return batch.records[0]?.key?.readInt16BE(TYPE_AT) === ABORT;
}

/** In groups of one `name` each, in their order. */
export function grouped<K>(
  partitions: readonly Partition[],
  name: (partition: Partition) => K,
): Map<K, Partition[]> {
  const groups = new Map<K, Partition[]>();
  for (const partition of partitions) {
    const group = groups.get(name(partition)) ?? [];
    groups.set(name(partition), group);
    group.push(partition);
  }
  return groups;
}
