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

/** Messages of other runs, and of transactions whose ledger is not read yet, that wait at most: some 10 MB. */
const MOST_EARLY = 1 << 16;

/** Whether a message must arrive. `may`: the ledger does not show that the server kept it. */
type Duty = 'must' | 'may' | 'never';

interface Sent {
  readonly record: MessageRecord;
  readonly xid: number | null;
  readonly expected: Expected;
  duty: Duty;
  arrived: boolean;
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

/**
 * Compares the messages that arrive with those of the ledger, by their contents. Their order is not judged. Only messages
 * that are still to arrive are kept, and those that must not.
 */
export class Messages {
  readonly #results: Results;
  readonly #waiting = new Map<string, Sent[]>();
  /** By connection, the highest number of its messages that the ledger has: one up to there that does not wait came before. */
  readonly #highest = new Map<string, number>();
  /** Messages that arrived before their transaction was read. */
  readonly #early = new Map<string, MessageEvent[]>();
  /** By file, messages of its transactions that were rolled back, until a later one is committed. */
  readonly #rolledBack = new Map<string, Sent[]>();
  /** By partition: when the latest transaction with a message that arrived sent its COMMIT. */
  readonly #latestSentAt = new Map<number, number>();
  #sent = 0;
  #delivered = 0;
  #missing = 0;
  #unjudged = 0;
  #carried = false;

  constructor(results: Results) {
    this.#results = results;
  }

  get counts(): MessageCounts {
    const [sent, delivered] = [this.#sent, this.#delivered];
    return {
      sent,
      delivered,
      missing: this.#missing,
      unjudged: this.#unjudged,
      carried: this.#carried,
    };
  }

  /** Takes a transaction that was read from the ledger. */
  expect(expected: Expected): void {
    const { fate, file, intent, answeredAt, hazards, xid } = expected;
    if (fate === 'committed' && Number.isFinite(answeredAt)) this.#keep(file, intent);
    for (const record of hazards?.messages ?? []) {
      const sent: Sent = { record, xid, duty: dutyOf(expected, record), expected, arrived: false };
      const { content } = record;
      if (sent.duty === 'must') this.#sent++;
      this.#waiting.set(content, [...(this.#waiting.get(content) ?? []), sent]);
      const [connection, number] = placeOf(content);
      this.#highest.set(connection, Math.max(number, this.#highest.get(connection) ?? 0));
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
    const { content } = event;
    const same = this.#waiting.get(content) ?? [];
    const like = same.filter((sent) => isLike(sent, event));
    const found = like.find(({ duty }) => duty !== 'never') ?? like[0];
    if (found === undefined) this.#takeOther(event);
    else if (found.duty === 'never') {
      this.#carried = true;
      this.#results.note('phantom', 'rolled_back', noted(event), found.expected);
    } else {
      this.#carried = true;
      const rest = same.filter((sent) => sent !== found);
      if (rest.length > 0) this.#waiting.set(content, rest);
      else this.#waiting.delete(content);
      this.#deliver(found, event);
    }
  }

  #deliver(sent: Sent, { transactional, partition }: MessageEvent): void {
    sent.arrived = true;
    if (sent.duty === 'must') this.#delivered++;
    if (!transactional) return;
    const latest = this.#latestSentAt.get(partition) ?? Number.NEGATIVE_INFINITY;
    this.#latestSentAt.set(partition, Math.max(latest, sent.expected.sentAt));
  }

  /** Takes a message that does not wait: it came before, or its transaction is not read yet. */
  #takeOther(event: MessageEvent): void {
    const [connection, number] = placeOf(event.content);
    if (number <= (this.#highest.get(connection) ?? 0)) {
      this.#results.events.replayed++;
      return;
    }
    this.#early.set(event.content, [...(this.#early.get(event.content) ?? []), event]);
    if (this.#early.size <= MOST_EARLY) return;
    // The oldest: of another run, or not one that any ledger has.
    const [oldest] = this.#early.keys();
    this.#early.delete(oldest!);
  }

  /** Accounts for what has not arrived, and for what the ledger lacks. All of it was read. */
  finish({ run, precedes, isOverdue }: MessagesEnd): void {
    for (const event of [...this.#early.values()].flat()) {
      // The same stream may have messages of other runs.
      if (run !== null && !event.content.startsWith(`${run}/`)) continue;
      this.#results.note('phantom', 'message_not_sent', noted(event));
    }
    for (const { duty, expected, record } of [...this.#waiting.values()].flat()) {
      if (duty !== 'must') continue;
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
    for (const sent of rest) {
      if (sent.expected.intent >= intent) continue;
      sent.duty = 'must';
      this.#sent++;
      if (sent.arrived) this.#delivered++;
    }
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

/** The connection of a message, and the message's number in it, from 1: `RUN/WORKER/CONNECTION.NUMBER`. */
function placeOf(content: string): [connection: string, number: number] {
  const at = content.lastIndexOf('.');
  const number = Number(content.slice(at + 1));
  return [content.slice(0, at), Number.isSafeInteger(number) ? number : Number.POSITIVE_INFINITY];
}

function noted(event: MessageEvent) {
  return { ...event, table: null, operation: 'message', key: event.content } as const;
}
