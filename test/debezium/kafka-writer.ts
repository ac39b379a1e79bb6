import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Java } from './java.js';

/** A record to be written. */
export interface Entry {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer;
  /** Undefined for a tombstone. */
  readonly value?: Buffer;
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** Kafka's own client in a process of its own, which writes to a broker. Whoever starts it stops it. */
export class KafkaWriter {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  readonly #ended: Promise<void>;
  #errors = '';

  constructor(java: Java, broker: string) {
    this.#child = spawn('java', [...java.arguments, 'capture.Records', broker]);
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk) => {
      this.#errors += chunk;
    });
    this.#lines = createInterface({ input: this.#child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.once('error', () => resolve());
    });
  }

  async createTopics(names: readonly string[], partitions: number): Promise<void> {
    await this.#ask('topics', String(partitions), ...names);
  }

  /** Gives a right to a topic (`READ`, `DESCRIBE`): then nobody else has one, and the user no other one. */
  async allow(user: string, operation: string, topic: string): Promise<void> {
    await this.#ask('allow', user, operation, topic);
  }

  /** Writes records, and waits until the broker has them. */
  async send(entries: readonly Entry[], compression: Compression = 'none'): Promise<void> {
    this.#writeEntries(entries);
    await this.#ask('send', compression);
  }

  /** Writes records in a transaction of their own. */
  async transaction(end: 'commit' | 'abort', entries: readonly Entry[], id: string): Promise<void> {
    this.#writeEntries(entries);
    await this.#ask(end, 'none', id);
  }

  async stop(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }

  #writeEntries(entries: readonly Entry[]): void {
    for (const { topic, partition, key, value } of entries) {
      const words = [topic, String(partition), key.toString('base64')];
      this.#write('record', ...words, value?.toString('base64') ?? '-');
    }
  }

  async #ask(...words: string[]): Promise<void> {
    this.#write(...words);
    const { value: answer } = await this.#answers.next();
    if (answer !== 'ok') throw new Error(`Kafka's client: ${answer} ${this.#errors}`);
  }

  #write(...words: string[]): void {
    this.#child.stdin.write(`${words.join('\t')}\n`);
  }
}
