import { connect, cut } from './connect.js';
import type { Client } from './driver.js';
import type { ConnectionTarget } from './target.js';

/** After a failure the server is left alone for so many questions. */
const QUESTIONS_SKIPPED = 5;
/** A server that does not answer is not asked again by another question. */
const PATIENCE_SECONDS = 5;

/**
 * A connection beside the work, for looks at the server that may fail: opened by the first question, kept, and
 * opened again when it was lost. One question at a time.
 */
export class SideConnection {
  readonly #target: ConnectionTarget;
  #client: Client | null = null;
  #skip = 0;
  #asking = false;
  #closed = false;

  constructor(target: ConnectionTarget) {
    this.#target = { ...target, connectTimeoutSeconds: PATIENCE_SECONDS };
  }

  /** The answer; null when there is none now: the server is away, or the role may not ask. */
  async ask<T>(question: (client: Client) => Promise<T>): Promise<T | null> {
    if (this.#closed || this.#asking || this.#skip-- > 0) return null;
    this.#skip = 0;
    this.#asking = true;
    const patience = setTimeout(() => this.#leave(), PATIENCE_SECONDS * 1000);
    try {
      this.#client ??= await connect(this.#target);
      return await question(this.#client);
    } catch {
      this.#skip = QUESTIONS_SKIPPED;
      this.#leave();
      return null;
    } finally {
      clearTimeout(patience);
      this.#asking = false;
      if (this.#closed) this.#leave();
    }
  }

  close(): void {
    this.#closed = true;
    this.#leave();
  }

  /** Cuts the connection: a polite end would wait for a server that hangs. */
  #leave(): void {
    const client = this.#client;
    this.#client = null;
    if (client !== null) cut(client);
  }
}
