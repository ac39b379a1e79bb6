import { Worker } from 'node:worker_threads';
import { threadOptions } from '../../lib/thread-options.js';
import type { IntakeOptions } from '../../sources/intake.js';
import type { QueuedLineTaker } from '../../sources/ndjson/line-taker.js';
import type { Scope } from '../../sources/scope.js';
import { BlockPlayer, type PrintedSink } from './event-block.js';
import type { IntakeAnswer, IntakeRequest, IntakeTask } from './protocol.js';

/** Bundled into one file, as all workers are. */
const ENTRY = new URL('../../../workers/intake.cjs', import.meta.url);

/**
 * Requests on their way, of one read each: some 40 ms of work, so that the other thread does not run out of lines while
 * this one collects garbage.
 */
const MOST_PENDING = 8;
/** The buffers of requests have lengths that are multiples of this: a read and the beginning of a line before it. */
const ROOM_STEP = 1 << 21;
/**
 * V8's young generation of the thread, in megabytes. A third of it is filled between two collections, each of which costs
 * the same: nothing of an event outlives its block.
 */
const YOUNG_MB = 24;

/** The buffers of a request and its block, which are used again. */
interface Room {
  readonly bytes: ArrayBuffer;
  readonly events: ArrayBuffer;
}

/** Decodes lines on a thread of its own, and makes the calls of their events to a sink on this one. */
export class IntakeThread implements QueuedLineTaker {
  readonly #sink: PrintedSink;
  readonly #worker: Worker;
  readonly #player: BlockPlayer;
  readonly #rooms: Room[] = [];
  #pending = 0;
  #answered = false;
  #failure: { readonly error: unknown } | null = null;
  #waiters: (() => void)[] = [];
  #closed = false;

  /** @param version of the ledger, from 1 */
  constructor(sink: PrintedSink, scope: Scope, options: IntakeOptions, version: number) {
    const { tables, places } = scope;
    const task: IntakeTask = {
      specs: tables.map((table) => ({ ...table, parent: null })),
      changing: tables.record(({ changing }) => changing),
      places,
      options,
      version,
    };
    this.#sink = sink;
    this.#player = new BlockPlayer(tables, sink);
    this.#worker = new Worker(ENTRY, {
      workerData: task,
      ...threadOptions(YOUNG_MB),
    });
    this.#worker.on('message', (answer: IntakeAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => {
      if (!this.#closed) this.#fail(new Error(`the thread that decodes ended with ${code}`));
    });
  }

  /** True from the first lines until the first events: it is loading. */
  get isStarting(): boolean {
    return this.#failure === null && this.#pending > 0 && !this.#answered;
  }

  lines(bytes: Buffer, receivedAt: number): void {
    this.#send('lines', bytes, receivedAt);
  }

  tooLong(): void {
    this.#send('tooLong', new Uint8Array(), 0);
  }

  rest(bytes: Buffer, receivedAt: number, mayBeCut: boolean): void {
    this.#send('rest', bytes, receivedAt, mayBeCut);
  }

  async ready(): Promise<void> {
    await this.#fallTo(MOST_PENDING - 1);
    await this.#sink.ready();
  }

  settled(): Promise<void> {
    return this.#fallTo(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker.terminate();
  }

  #send(call: IntakeRequest['call'], lines: Uint8Array, receivedAt: number, mayBeCut = false) {
    const { length } = lines;
    const { bytes: old, events: room } = this.#rooms.pop() ?? noRoom();
    const bytes = old.byteLength < length ? new ArrayBuffer(roomFor(length)) : old;
    new Uint8Array(bytes).set(lines);
    const request: IntakeRequest = { call, bytes, length, receivedAt, mayBeCut, room };
    this.#worker.postMessage(request, [bytes, room]);
    this.#pending++;
  }

  #take({ bytes, block }: IntakeAnswer): void {
    if (this.#failure !== null) return;
    this.#pending--;
    try {
      this.#player.play(block);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#answered = true;
    this.#rooms.push({ bytes, events: block.room });
    this.#wake();
  }

  /** Waits until no more requests than these are on their way. */
  async #fallTo(most: number): Promise<void> {
    while (this.#failure === null && this.#pending > most) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

function noRoom(): Room {
  return { bytes: new ArrayBuffer(0), events: new ArrayBuffer(0) };
}

function roomFor(length: number): number {
  return Math.ceil(length / ROOM_STEP) * ROOM_STEP;
}
