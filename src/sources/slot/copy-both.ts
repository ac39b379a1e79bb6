import type { Client, Connection, Submittable } from 'pg';

/** What a stream tells its owner. After `ended` nothing more comes. */
export interface CopyBothEvents {
  /** A message; its bytes are valid during the call. */
  readonly onData: (chunk: Buffer) => void;
  /** The stream is over: by an error, or (null) because the server or we ended it. */
  readonly onEnd: (error: unknown) => void;
}

/** Not in the typings: what a connection has for COPY. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** A stream of COPY in both directions, as `pg` sees it: a query that answers with it. */
export class CopyBoth implements Submittable {
  readonly #command: string;
  readonly #events: CopyBothEvents;
  #connection: CopyConnection | null = null;
  #ended = false;
  #started: { resolve: () => void; reject: (error: unknown) => void } | null = null;

  private constructor(command: string, events: CopyBothEvents) {
    this.#command = command;
    this.#events = events;
  }

  /** Sends the command and waits until the server streams. Throws what the server says instead. */
  static async start(client: Client, command: string, events: CopyBothEvents): Promise<CopyBoth> {
    const copy = new CopyBoth(command, events);
    await new Promise<void>((resolve, reject) => {
      copy.#started = { resolve, reject };
      client.query(copy);
    });
    return copy;
  }

  /** Reads no more until `resume`: what the server sends then waits with the kernel, and later the server. */
  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  send(chunk: Buffer): void {
    if (!this.#ended) this.#connection?.sendCopyFromChunk(chunk);
  }

  /** Sends nothing more; the server answers by its own end. */
  finish(): void {
    if (!this.#ended) this.#connection?.endCopyFrom();
  }

  submit(connection: Connection): void {
    this.#connection = connection as CopyConnection;
    connection.once('replicationStart', () => {
      this.#started?.resolve();
      this.#started = null;
    });
    connection.query(this.#command);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    if (!this.#ended) this.#events.onData(chunk);
  }

  handleCommandComplete(): void {
    // A server that is shut down says so, and closes the connection without being ready again.
  }

  handleReadyForQuery(): void {
    this.#end(null);
  }

  handleError(error: unknown): void {
    this.#end(error);
  }

  #end(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#started === null) this.#events.onEnd(error);
    else this.#started.reject(error ?? new Error('the server did not start to stream'));
    this.#started = null;
  }
}
