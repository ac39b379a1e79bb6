import type { Client, Connection, Submittable } from 'pg';
import { DataRow } from './data-rows.js';
import { connectionOf } from './driver.js';
import {
  BIND_COMPLETE,
  CLOSE_COMPLETE,
  COMMAND_COMPLETE,
  DATA_ROW,
  endOfMessage,
  PARSE_COMPLETE,
  readInPlaceOfPg,
} from './message-cutter.js';
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
  readonly connection: Connection;
  /** One for each packet without an answer: the socket may still read what was written. The next one comes first. */
  readonly writers: WireWriter[];
  latest: Packet | null;
  /** The packet whose answers come next; null while none has been submitted to `pg`. */
  reading: Packet | null;
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
  const outbox = outboxes.get(client) ?? openOutbox(client);
  const packet = new Packet(statements, outbox);
  // `pg` would submit it only after the answer to the one before.
  if (outbox.latest?.isInFlight === true) packet.write();
  outbox.latest = packet;
  client.query(packet);
  return packet.reply;
}

function openOutbox(client: Client): Outbox {
  const connection = connectionOf(client);
  const writers = Array.from({ length: PACKETS_IN_FLIGHT }, () => new WireWriter());
  const outbox: Outbox = {
    connection,
    writers,
    latest: null,
    reading: null,
    prepared: new Set(),
  };
  outboxes.set(client, outbox);
  readInPlaceOfPg(connection, OF_ANSWERS, (messages) => {
    outbox.reading?.read(messages);
    return outbox.reading !== null;
  });
  return outbox;
}

/** Types of the messages that answer a statement which goes through. */
const OF_ANSWERS = [PARSE_COMPLETE, BIND_COMPLETE, CLOSE_COMPLETE, DATA_ROW, COMMAND_COMPLETE];

/** Like `sendUnchecked`, and throws the first error. */
export async function send(
  client: Client,
  statements: readonly Statement[],
): Promise<readonly Answer[]> {
  const { answers, error } = await sendUnchecked(client, statements);
  if (error !== null) throw error;
  return answers;
}

/** A packet in the form of a `pg` query that writes its own messages and reads their answers. */
class Packet implements Submittable {
  readonly reply: Promise<Reply>;
  readonly #statements: readonly Statement[];
  readonly #outbox: Outbox;
  readonly #answers: Answer[] = [];
  #fields: Answer['fields'] | null = null;
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

  submit(): void {
    this.#outbox.reading = this;
    if (!this.#isWritten) this.write();
  }

  write(): void {
    this.#isWritten = true;
    const { connection, writers, prepared } = this.#outbox;
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

  /** Reads whole messages of OF_ANSWERS. */
  read(messages: Buffer): void {
    for (let at = 0; at < messages.length; at = endOfMessage(messages, at)) {
      const type = messages[at];
      if (type === COMMAND_COMPLETE) this.#answer(countOf(messages, endOfMessage(messages, at)));
      else if (type === DATA_ROW) this.#fields ??= fieldsOf(messages, at);
    }
  }

  #answer(count: number): void {
    const statement = this.#statements[this.#answers.length];
    if (statement !== undefined) this.#outbox.prepared.add(statement.name);
    this.#answers.push({ count, fields: this.#fields ?? NONE });
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
    if (this.#outbox.reading === this) this.#outbox.reading = null;
    this.#resolve({ answers: this.#answers, error });
  }
}

const NONE: Answer['fields'] = [];
/** Reads every row of every answer: none is kept. */
const row = new DataRow();

function fieldsOf(messages: Buffer, at: number): Answer['fields'] {
  row.take(messages, at);
  return Array.from({ length: row.length }, (_, column) => row.text(column));
}

const ZERO = 0x30;

/** The number at the end of a command tag, which ends with a zero byte: `INSERT 0 50` → 50, `COMMIT` → 0. */
function countOf(messages: Buffer, end: number): number {
  let count = 0;
  let unit = 1;
  for (let at = end - 2; ; at--) {
    const digit = messages[at]! - ZERO;
    if (digit < 0 || digit > 9) return count;
    count += digit * unit;
    unit *= 10;
  }
}
