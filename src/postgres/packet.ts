import type { Client, Connection, Submittable } from 'pg';
import { type Statement, WireWriter } from './wire.js';

/** What the server answered to one statement. */
export interface Answer {
  /** Rows that it wrote or returned, by its command tag; 0 where the tag has no number. */
  readonly count: number;
  /** The first row of its result, as text. */
  readonly fields: readonly (string | null)[];
}

/** What the server answered to a packet. */
export interface Reply {
  /** Of the statements that went through: all of them, or those before the one that failed. */
  readonly answers: readonly Answer[];
  /** What the server or the connection threw; null when every statement went through. */
  readonly error: unknown;
}

/** What a connection needs for its packets. */
interface Outbox {
  readonly writer: WireWriter;
  /** Names of the statements that it has prepared. */
  readonly prepared: Set<string>;
}

const outboxes = new WeakMap<Client, Outbox>();

/**
 * Sends statements in one go and waits for all answers: one system call and one round trip on either
 * side, whatever their number. A statement that fails takes the rest of the packet with it. They are
 * no transaction by themselves: BEGIN and COMMIT are statements, and there may be several of each.
 * Never rejects. A connection takes one packet at a time.
 */
export function sendUnchecked(client: Client, statements: readonly Statement[]): Promise<Reply> {
  let outbox = outboxes.get(client);
  if (outbox === undefined) {
    outbox = { writer: new WireWriter(), prepared: new Set() };
    outboxes.set(client, outbox);
  }
  const packet = new Packet(statements, outbox);
  client.query(packet);
  return packet.reply;
}

/** Like `exchange`, of what must go through: throws what failed. */
export async function send(
  client: Client,
  statements: readonly Statement[],
): Promise<readonly Answer[]> {
  const { answers, error } = await sendUnchecked(client, statements);
  if (error !== null) throw error;
  return answers;
}

/** The packet as `pg` sees it: a query that writes its own messages. */
class Packet implements Submittable {
  readonly reply: Promise<Reply>;
  readonly #statements: readonly Statement[];
  readonly #outbox: Outbox;
  readonly #answers: Answer[] = [];
  #fields: readonly (string | null)[] | null = null;
  #resolve: (reply: Reply) => void = () => undefined;

  constructor(statements: readonly Statement[], outbox: Outbox) {
    this.#statements = statements;
    this.#outbox = outbox;
    this.reply = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  submit(connection: Connection): void {
    const { writer, prepared } = this.#outbox;
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
    this.#resolve({ answers: this.#answers, error });
  }

  handleReadyForQuery(): void {
    this.#resolve({ answers: this.#answers, error: null });
  }
}

/** `INSERT 0 50` → 50, `COMMIT` → 0. */
function countOf(tag: string): number {
  const count = Number(tag.slice(tag.lastIndexOf(' ') + 1));
  return Number.isNaN(count) ? 0 : count;
}
