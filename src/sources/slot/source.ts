import { EXIT, OperatorError } from '../../errors.js';
import type { ReconnectPolicy } from '../../lib/back-off.js';
import { BackOff } from '../../lib/back-off.js';
import { Wakeable } from '../../lib/wakeable.js';
import { withConnection } from '../../postgres/connect.js';
import { describeFailure } from '../../postgres/failures.js';
import { formatLsn } from '../../postgres/lsn.js';
import { addressOf, type ConnectionTarget } from '../../postgres/target.js';
import type { Tables } from '../../schema/tables.js';
import type { Scope } from '../scope.js';
import type { Sink, Source } from '../source.js';
import { DecodeError } from './byte-reader.js';
import { dropPublication, findPublications, makePublication } from './publication.js';
import { SlotRows } from './rows.js';
import { isInUse, requirePgoutput } from './slot-session.js';
import { PreparedBefore } from './unfinished.js';
import { WalReceiver } from './wal-receiver.js';

/** Messages between two waits for the sink, where there are more. */
const BATCH = 512;
/** Between two requests for the server's position, which bounds the delay of `idle`. */
const ASK_MS = 100;

export interface SlotSourceOptions {
  /** The run's, which a publication must have. */
  readonly tables: Tables;
  readonly target: ConnectionTarget;
  readonly slot: string;
  /**
   * True: makes a temporary slot of that name, and drops it at the end. A killed process leaves only its publication,
   * which the next one of the same name takes over. False: reads an existing slot from its confirmed position.
   */
  readonly create: boolean;
  /** Null: those with tables of the run; with `create`, a temporary one of the slot's name. */
  readonly publications: readonly string[] | null;
  /** Has the server send parts of large transactions before their end; they are delivered whole nevertheless. */
  readonly streaming?: boolean;
  /** Bytes of transactions in memory that are kept until their commit; more go to files. */
  readonly unfinishedBytes?: number;
  /** With `create`: the publication has TRUNCATE, too. */
  readonly truncates?: boolean;
  /** Retries after a lost connection, with which a temporary slot ends. */
  readonly reconnect: ReconnectPolicy;
  /** Called before each attempt to connect again, with the error that made it necessary. */
  readonly onReconnect?: (error: unknown, waitMs: number) => void;
}

/** The reference consumer: reads a replication slot directly. */
export class SlotSource implements Source {
  readonly partitions = 1;
  readonly #options: SlotSourceOptions;
  readonly #abort = new AbortController();
  /** Ended by `stop`, and with it the waits for the server. */
  readonly #stop = new Wakeable();
  readonly #backOff: BackOff;
  #publications: readonly string[] = [];
  #receiver: WalReceiver | null = null;
  /** Whether there may be a publication that is ours to drop. */
  #published = false;
  #closing: Promise<void> | null = null;
  #position = 0;
  /** The end of the last delivered transaction, or the last position. */
  #reached = 0n;
  #reported = 0n;
  /** Stream Starts of earlier connections. */
  #streamStarts = 0;

  constructor(options: SlotSourceOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.reconnect);
  }

  /**
   * Opens the slot. Returns the LSN, in bytes, from which every committed transaction comes, and before which none does;
   * null: `stop` was called meanwhile. Must be followed by `run` or `close`, also when it failed. Throws an OperatorError
   * when the slot or the publications cannot be read or made.
   */
  async start(): Promise<{ readonly from: number } | null> {
    const { tables, target, slot, create, publications, truncates = false } = this.#options;
    // Before the publications: making those would not help a slot of another plugin.
    if (!create) await withConnection(target, (client) => requirePgoutput(client, target, slot));
    if (publications !== null) this.#publications = publications;
    else if (!create) this.#publications = await findPublications(tables, target);
    else {
      // Set before: it may be made, and the answer lost.
      this.#published = true;
      await makePublication(tables, target, slot, truncates);
      this.#publications = [slot];
    }
    this.#receiver = await this.#open();
    return this.#receiver === null ? null : { from: Number(this.#receiver.from) };
  }

  /** The publications that it reads; known after `start`. */
  get publications(): readonly string[] {
    return this.#publications;
  }

  /** The count of Stream Starts: parts of transactions that the server sent before their end. */
  get streamStarts(): number {
    return this.#streamStarts + (this.#receiver?.streamStarts ?? 0);
  }

  /** Reads the slot until `stop`. However it ends, it drops the slot and the publication that it made. */
  async run(sink: Sink, scope: Scope): Promise<void> {
    try {
      if (this.#receiver === null) await this.start();
      while (this.#receiver !== null) {
        const error = await this.#read(this.#receiver, sink, scope);
        if (error === null) return;
        const before = this.#receiver;
        this.#receiver = await this.#reopen(before, error);
        this.#streamStarts += before.streamStarts;
      }
    } finally {
      await this.close();
    }
  }

  stop(): void {
    this.#abort.abort();
    this.#stop.end();
    this.#receiver?.finish();
  }

  /** Ends the connection, and drops the slot and the publication that it made. `run` does it at its end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { tables, target, slot } = this.#options;
    const receiver = this.#receiver;
    // Before the slot is dropped: without it, another process may take the publication for a leftover.
    const held = receiver !== null && !receiver.ended;
    const dropped = this.#published
      ? dropPublication(tables, target, slot, held)
      : Promise.resolve();
    const [result] = await Promise.allSettled([dropped]);
    await receiver?.close();
    // Where the server is lost, its own error says more.
    if (held && result.status === 'rejected') throw result.reason;
  }

  /** Null when `stop` was called. */
  async #open(): Promise<WalReceiver | null> {
    const { target, slot, create, streaming = false, unfinishedBytes } = this.#options;
    const { signal } = this.#abort;
    if (signal.aborted) return null;
    try {
      return await WalReceiver.open(target, {
        slot,
        publications: this.#publications,
        temporary: create,
        messages: true,
        streaming,
        unfinishedBytes,
        signal,
      });
    } catch (error) {
      if (signal.aborted) return null;
      throw error;
    }
  }

  /** Delivers events until the stream ends; returns the error that ended it, or null. */
  async #read(receiver: WalReceiver, sink: Sink, scope: Scope): Promise<unknown> {
    const rows = new SlotRows(sink, scope, this.#position);
    const asking = setInterval(() => receiver.askPosition(), ASK_MS);
    if (this.#abort.signal.aborted) receiver.finish();
    try {
      await this.#deliver(receiver, rows, sink);
      return null;
    } catch (error) {
      return error ?? new Error('nothing was thrown');
    } finally {
      clearInterval(asking);
      this.#position = rows.position;
    }
  }

  async #deliver(receiver: WalReceiver, rows: SlotRows, sink: Sink): Promise<void> {
    /** Messages since the last wait for the sink, and the LSN up to which they may be acknowledged after it. */
    let given = 0;
    let done = 0n;
    /** The server's last position, if no message followed: the same position again means that it has no more. */
    let resting = -1n;
    let idle = false;
    for (;;) {
      let received = given < BATCH ? receiver.take() : null;
      if (received === null) {
        if (given > 0) {
          await sink.ready();
          given = 0;
          if (done > 0n) receiver.acknowledge(done);
          done = 0n;
          continue;
        }
        received = await receiver.next();
        if (received === null) return;
      }
      if (received.tag === 'position') {
        const { lsn } = received;
        this.#report(sink, lsn);
        if (lsn === resting && !idle) sink.idle();
        idle = lsn === resting;
        resting = lsn;
        continue;
      }
      given++;
      resting = -1n;
      idle = false;
      rows.take(received);
      const { message } = received;
      if (message.tag === 'commit') done = message.endLsn;
      else if (message.tag === 'message' && !message.transactional) done = message.lsn;
      else continue;
      if (done > this.#reached) this.#proved(done);
    }
  }

  /** Reports the position, unless it fell: after a reconnect the server sends transactions again. */
  #report(sink: Sink, lsn: bigint): void {
    if (lsn <= this.#reported) return;
    this.#reported = lsn;
    sink.progress(Number(lsn));
    if (lsn > this.#reached) this.#proved(lsn);
  }

  #proved(lsn: bigint): void {
    this.#reached = lsn;
    this.#backOff.proved();
  }

  /** Connects again; null when `stop` was called. Throws an error that will not pass. */
  async #reopen(before: WalReceiver, failure: unknown): Promise<WalReceiver | null> {
    let error = failure;
    if (!mayPass(error)) throw this.#errorOf(error);
    await before.close();
    if (this.#options.create) throw this.#errorOf(error);
    for (;;) {
      const waitMs = this.#backOff.next();
      if (waitMs === null) throw error;
      this.#options.onReconnect?.(error, waitMs);
      await this.#stop.sleep(waitMs);
      let receiver: WalReceiver | null;
      try {
        receiver = await this.#open();
      } catch (again) {
        if (!mayPass(again)) throw this.#errorOf(again);
        error = again;
        continue;
      }
      if (receiver !== null) await this.#requireSame(before, receiver);
      return receiver;
    }
  }

  /** The operator's error for a failure that ended the stream for good. */
  #errorOf(error: unknown): unknown {
    const { target, slot, create } = this.#options;
    const where = addressOf(target);
    if (error instanceof DecodeError) {
      const { message } = error;
      return new OperatorError(EXIT.state, (m) => m.sources.unreadable({ slot, where, message }), {
        cause: error,
      });
    }
    if (error instanceof PreparedBefore) {
      const { gid } = error;
      return new OperatorError(EXIT.state, (m) => m.sources.preparedBefore({ slot, where, gid }), {
        cause: error,
      });
    }
    if (!create || !mayPass(error)) return error;
    const { message } = describeFailure(error);
    return new OperatorError(
      EXIT.unreachable,
      (m) => m.sources.temporarySlotLost({ slot, where, message }),
      { cause: error },
    );
  }

  /** Throws where another reader moved the slot: its transactions do not come again, and would seem missing. */
  async #requireSame(before: WalReceiver, now: WalReceiver): Promise<void> {
    const { target, slot } = this.#options;
    const where = addressOf(target);
    const moved = now.from > before.confirmed;
    if (before.system === now.system && !moved) return;
    await now.close();
    const range = { from: formatLsn(before.confirmed), to: formatLsn(now.from) };
    throw new OperatorError(EXIT.state, (m) =>
      before.system === now.system
        ? m.sources.slotMoved({ slot, where, ...range })
        : m.sources.otherServer({ slot, where }),
    );
  }
}

/** Whether a failure may pass: the server is away, or still holds the slot for our connection before. */
function mayPass(error: unknown): boolean {
  if (isInUse(error)) return true;
  if (error instanceof OperatorError && error.cause === undefined) {
    return error.exitCode === EXIT.unreachable;
  }
  return describeFailure(error).class === 'critical';
}
