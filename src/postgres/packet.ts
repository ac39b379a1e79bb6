import type { Client, Connection, Submittable } from 'pg';
import { connectionOf } from './driver.js';
import { type Statement, WireWriter } from './wire.js';

/** The server's answer to one statement. */
export interface Answer {
  /** Rows written or returned, from the command tag; 0 where the tag has no number. */
  readonly count: number;
  /** The first row of its result, as text. */
  readonly fields: readonly (string | null)[];
}

/** The server's answer to a packet. */
export interface Reply {
  /** Answers of the statements that went through: all, or those before the one that failed. */
  readonly answers: readonly Answer[];
  /** The error of the server or the connection; null when every statement went through. */
  readonly error: unknown;
}

/** The packets of one connection that may be without an answer. */
export const PACKETS_IN_FLIGHT = 2;

/** The state of a connection that sends packets. */
interface Outbox {
  /** One for each packet without an answer: the socket may still read what was written. The next one comes first. */
  readonly writers: WireWriter[];
  latest: Packet | null;
  /** Names of the statements that it has prepared. */
  readonly prepared: Set<string>;
}

const outboxes = new WeakMap<Client, Outbox>();

/**
 * Sends statements in one packet and waits for all answers: one system call on either side and one round
 * trip, however many there are. The statements after one that fails are skipped. A packet is no
 * transaction: BEGIN and COMMIT are statements of it, and there may be several of each. Never rejects.
 *
 * Up to PACKETS_IN_FLIGHT packets may be without an answer, and nothing else. One that was sent after a packet that
 * fails is carried out all the same: it fails, too, if that left the session in a failed transaction.
 */
export function sendUnchecked(client: Client, statements: readonly Statement[]): Promise<Reply> {
  let outbox = outboxes.get(client);
  if (outbox === undefined) {
    const writers = Array.from({ length: PACKETS_IN_FLIGHT }, () => new WireWriter());
    outbox = { writers, latest: null, prepared: new Set() };
    outboxes.set(client, outbox);
  }
  const packet = new Packet(statements, outbox);
  // `pg` would submit it only after the answer to the one before.
  if (outbox.latest?.isInFlight === true) packet.write(connectionOf(client));
  outbox.latest = packet;
  client.query(packet);
  return packet.reply;
}

/** Like `sendUnchecked`, and throws the first error. */
export async function send(
  client: Client,
  statements: readonly Statement[],
): Promise<readonly Answer[]> {
  const { answers, error } = await sendUnchecked(client, statements);
  if (error !== null) throw error;
  return answers;
}

/** A packet in the form of a `pg` query that writes its own messages. */
class Packet implements Submittable {
  readonly reply: Promise<Reply>;
  readonly #statements: readonly Statement[];
  readonly #outbox: Outbox;
  readonly #answers: Answer[] = [];
  #fields: readonly (string | null)[] | null = null;
  #isWritten = false;
  #isAnswered = false;
  #resolve: (reply: Reply) => void = () => undefined;

  constructor(statements: readonly Statement[], outbox: Outbox) {
    this.#statements = statements;
    this.#outbox = outbox;
    this.reply = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  submit(connection: Connection): void {
    if (!this.#isWritten) this.write(connection);
  }

  write(connection: Connection): void {
    this.#isWritten = true;
    const { writers, prepared } = this.#outbox;
    const writer = writers.shift()!;
    writers.push(writer);
    const preparing = new Set<string>();
    writer.reset();
    for (const statement of this.#statements) {
      const { name } = statement;
      if (!prepared.has(name) && !preparing.has(name)) {
        writer.prepare(statement);
        preparing.add(name);
      }
      writer.execute(statement);
    }
    writer.sync();
    connection.stream.write(writer.bytes);
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    this.#fields ??= fields;
  }

  handleCommandComplete({ text }: { text: string }): void {
    const statement = this.#statements[this.#answers.length];
    if (statement !== undefined) this.#outbox.prepared.add(statement.name);
    this.#answers.push({ count: countOf(text), fields: this.#fields ?? [] });
    this.#fields = null;
  }

  handleError(error: unknown): void {
    this.#end(error);
  }

  handleReadyForQuery(): void {
    this.#end(null);
  }

  /** Written and not answered. */
  get isInFlight(): boolean {
    return this.#isWritten && !this.#isAnswered;
  }

  #end(error: unknown): void {
    this.#isAnswered = true;
    this.#resolve({ answers: this.#answers, error });
  }
}

/** `INSERT 0 50` → 50, `COMMIT` → 0. */
function countOf(tag: string): number {
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1));
  return Number.isNaN(count) ? 0 : count;
}
