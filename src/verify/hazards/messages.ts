import type { MessageRecord } from '../../ledger/format.js';
import { formatLsn } from '../../postgres/lsn.js';
import type { MessageEvent } from '../../sources/source.js';
import type { Expected } from '../ledger/expected.js';
import type { Results } from '../verdict/accounting.js';
import { exampleOf } from '../verdict/findings.js';

/** The logical messages of a run: they are no changes of rows, so they have a sum of their own. */
export interface MessageCounts {
  /** Messages that must arrive: the last three add up to it. */
  readonly sent: number;
  readonly delivered: number;
  readonly missing: number;
  /** Before the source or after its end, or the source carries no messages. */
  readonly unjudged: number;
  /** Whether the source delivered one of them. */
  readonly carried: boolean;
}

/** Whether a message must arrive. `may`: the ledger does not show that the server kept it. */
type Duty = 'must' | 'may' | 'never';

interface Sent {
  readonly record: MessageRecord;
  readonly xid: number | null;
  duty: Duty;
  /** Null: it has arrived. */
  expected: Expected | null;
}

/** Facts that decide about a message which has not arrived when the stream ends. */
export interface MessagesEnd {
  /** The run's id, with which its messages begin; null: there is no ledger. */
  readonly run: string | null;
  /** Whether its messages need not arrive: committed before the source began. */
  precedes(expected: Expected): boolean;
  /** Whether its messages must have arrived by now. */
  isOverdue(expected: Expected): boolean;
}

/** Compares the messages that arrive with those of the ledger, by their contents. Their order is not judged. */
export class Messages {
  readonly #results: Results;
  readonly #sent = new Map<string, Sent[]>();
  /** Messages that arrived before their transaction was read. */
  readonly #early = new Map<string, MessageEvent[]>();
  /** By file, messages of its transactions that were rolled back, until a later one is committed. */
  readonly #rolledBack = new Map<string, Sent[]>();
  /** By partition: when the latest transaction with a message that arrived sent its COMMIT. */
  readonly #latestSentAt = new Map<number, number>();
  #missing = 0;
  #unjudged = 0;
  #carried = false;

  constructor(results: Results) {
    this.#results = results;
  }

  get counts(): MessageCounts {
    const must = [...this.#sent.values()].flat().filter(({ duty }) => duty === 'must');
    const delivered = must.filter(({ expected }) => expected === null).length;
    const [missing, unjudged] = [this.#missing, this.#unjudged];
    return { sent: must.length, delivered, missing, unjudged, carried: this.#carried };
  }

  /** Takes a transaction that was read from the ledger. */
  expect(expected: Expected): void {
    const { fate, file, intent, answeredAt, hazards, xid } = expected;
    if (fate === 'committed' && Number.isFinite(answeredAt)) this.#keep(file, intent);
    for (const record of hazards?.messages ?? []) {
      const sent: Sent = { record, xid, duty: dutyOf(expected, record), expected };
      const { content } = record;
      const same = this.#sent.get(content);
      if (same === undefined) this.#sent.set(content, [sent]);
      else same.push(sent);
      if (fate === 'aborted' && !record.transactional) {
        this.#rolledBack.set(file, [...(this.#rolledBack.get(file) ?? []), sent]);
      }
      const early = this.#early.get(content);
      this.#early.delete(content);
      for (const event of early ?? []) this.take(event);
    }
  }

  /** Takes a message that arrived. */
  take(event: MessageEvent): void {
    const { content, partition } = event;
    const same = (this.#sent.get(content) ?? []).filter((sent) => isLike(sent, event));
    const found =
      same.find(({ expected, duty }) => expected !== null && duty !== 'never') ?? same[0];
    if (found === undefined) {
      this.#early.set(content, [...(this.#early.get(content) ?? []), event]);
      return;
    }
    this.#carried = true;
    const { expected } = found;
    if (found.duty === 'never') {
      this.#results.note('phantom', 'rolled_back', noted(event), expected ?? undefined);
    } else if (expected === null) this.#results.events.replayed++;
    else {
      found.expected = null;
      if (!event.transactional) return;
      const latest = this.#latestSentAt.get(partition) ?? Number.NEGATIVE_INFINITY;
      this.#latestSentAt.set(partition, Math.max(latest, expected.sentAt));
    }
  }

  /** Accounts for what has not arrived, and for what the ledger lacks. All of it was read. */
  finish({ run, precedes, isOverdue }: MessagesEnd): void {
    for (const event of [...this.#early.values()].flat()) {
      // The same stream may have messages of other runs.
      if (run !== null && !event.content.startsWith(`${run}/`)) continue;
      this.#results.note('phantom', 'message_not_sent', noted(event));
    }
    for (const { duty, expected, record } of [...this.#sent.values()].flat()) {
      if (duty !== 'must' || expected === null) continue;
      const isPast = isOverdue(expected) || this.#isBehind(expected);
      if (!this.#carried || precedes(expected) || !isPast) {
        this.#unjudged++;
        continue;
      }
      this.#missing++;
      const { lsn } = expected;
      const known = {
        operation: 'message',
        key: record.content,
        lsn: lsn === null ? null : formatLsn(BigInt(lsn)),
      } as const;
      this.#results.findings.add(exampleOf('missing', 'message_missing', known, expected));
    }
  }

  /** Whether a message of a transaction that was committed later arrived on every partition that has messages. */
  #isBehind({ answeredAt }: Expected): boolean {
    const latest = [...this.#latestSentAt.values()];
    return latest.length > 0 && latest.every((sentAt) => answeredAt < sentAt);
  }

  /**
   * A connection has committed a transaction: the server keeps all that the connection wrote before, with the messages of
   * transactions that were rolled back. A crash may have lost those of the others.
   */
  #keep(file: string, intent: number): void {
    const rest = this.#rolledBack.get(file);
    if (rest === undefined) return;
    for (const sent of rest) if ((sent.expected?.intent ?? 0) < intent) sent.duty = 'must';
    this.#rolledBack.delete(file);
  }
}

function dutyOf({ fate }: Expected, { transactional }: MessageRecord): Duty {
  if (fate === 'committed') return 'must';
  return fate === 'aborted' && transactional ? 'never' : 'may';
}

/** Whether an event may be this message: the same text may be in a transaction that was rolled back, and in the next one. */
function isLike({ record, xid }: Sent, event: MessageEvent): boolean {
  if (record.transactional !== event.transactional) return false;
  return !event.transactional || event.xid === null || xid === null || event.xid === xid;
}

function noted(event: MessageEvent) {
  return { ...event, table: null, operation: 'message', key: event.content } as const;
}
