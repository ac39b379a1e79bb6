import { type Batch, batchesOf, type Give, readRecords } from './records.js';
import type { FetchedPartition } from './requests.js';

/** In the key of a control record, behind its version: the transaction is aborted. */
const ABORT = 0;
const TYPE_AT = 2;

/** A partition that is read, and how far. */
export class Partition {
  readonly topic: string;
  readonly index: number;
  readonly stream: number;
  /** The offset to read next. */
  #next: number;
  /** What may be read ends before it, as of the last answer. */
  #end: number | null = null;

  constructor(of: { topic: string; index: number; stream: number; first: number }) {
    this.topic = of.topic;
    this.index = of.index;
    this.stream = of.stream;
    this.#next = of.first;
  }

  get next(): number {
    return this.#next;
  }

  /** Everything that there was at the last answer has been read. */
  get atEnd(): boolean {
    return this.#end !== null && this.#next >= this.#end;
  }

  /**
   * Gives out the records of an answer to a fetch from `next`, without those of transactions that were
   * aborted: a broker sends them, and tells which they are.
   */
  take(answer: FetchedPartition, give: Give): void {
    const { lastStableOffset, highWatermark } = answer;
    this.#end = lastStableOffset >= 0 ? lastStableOffset : highWatermark;
    const aborted = answer.aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
    const aborting = new Set<number>();
    for (const batch of batchesOf(answer.records ?? NOTHING)) {
      while (aborted[0] !== undefined && aborted[0].firstOffset <= batch.lastOffset) {
        aborting.add(aborted.shift()!.producerId);
      }
      if (batch.isControl) {
        if (isAbort(batch)) aborting.delete(batch.producerId);
      } else if (!batch.isTransactional || !aborting.has(batch.producerId)) {
        this.#give(batch, give);
      }
      // Compaction takes records out: a batch ends where it says, not at its last record.
      if (batch.lastOffset >= this.#next) this.#next = batch.lastOffset + 1;
    }
  }

  #give(batch: Batch, give: Give): void {
    readRecords(batch, (key, value, offset) => {
      // The batch in which `next` is comes whole.
      if (offset >= this.#next) give(key, value, offset);
    });
  }
}

const NOTHING = Buffer.alloc(0);

function isAbort(batch: Batch): boolean {
  let type: number | undefined;
  readRecords(batch, (key) => {
    type ??= key?.readInt16BE(TYPE_AT);
  });
  return type === ABORT;
}

/** In groups of one `name` each, in their order. */
export function grouped<T, K>(items: readonly T[], name: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(name(item)) ?? [];
    groups.set(name(item), group);
    group.push(item);
  }
  return groups;
}
