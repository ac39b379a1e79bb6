import { connect, cut } from './connect.js';
import type { Client } from './driver.js';
import type { ConnectionTarget } from './target.js';

/** Questions that are answered with null after a failure, without asking the server. */
const QUESTIONS_SKIPPED = 5;
/** Limit for a connection, and for an answer. */
const PATIENCE_SECONDS = 5;

/**
 * A connection beside the workers', for questions to the server that may fail. It is opened by the first question,
 * and again after a loss. One question at a time: another one meanwhile gets null.
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

  /** The answer; null without one: the server does not answer, or the role may not ask. */
  async ask<T>(question: (client: Client) => Promise<T>): Promise<T | null> {
    if (this.#closed || this.#asking || this.#skip-- > 0) return null;
    this.#skip = 0;
    this.#asking = true;
    const patience = setTimeout(() => this.#cut(), PATIENCE_SECONDS * 1000);
    try {
      this.#client ??= await connect(this.#target);
      return await question(this.#client);
    } catch {
      this.#skip = QUESTIONS_SKIPPED;
      this.#cut();
      return null;
    } finally {
      clearTimeout(patience);
      this.#asking = false;
      if (this.#closed) this.#cut();
    }
  }

  close(): void {
    this.#closed = true;
    this.#cut();
  }

  /** Closes the socket: an orderly end would wait for a server that hangs. */
  #cut(): void {
    const client = this.#client;
    this.#client = null;
    if (client !== null) cut(client);
  }
}
