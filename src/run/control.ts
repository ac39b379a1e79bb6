import { monotonicMs } from '../lib/clock.js';

/** `waiting`: the workers get ready, and the clock has not started. */
const STATES = ['waiting', 'running', 'paused', 'stopping'] as const;
export type RunState = (typeof STATES)[number];

/** Bytes: the state word, padded to eight, then three doubles. */
const SIZE = 8 + 3 * 8;
const STARTED = 0;
const PAUSED_AT = 1;
const PAUSED_TOTAL = 2;

/**
 * The main thread's control of the workers: a state and times in shared memory, which it alone writes and
 * every worker reads before each batch. Time counts in *active* milliseconds: since the start,
 * without pauses, so that a pause moves the schedule instead of piling up work.
 */
export class Control {
  readonly buffer: SharedArrayBuffer;
  readonly #state: Int32Array;
  readonly #times: Float64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SIZE)) {
    this.buffer = buffer;
    this.#state = new Int32Array(buffer, 0, 1);
    this.#times = new Float64Array(buffer, 8, 3);
  }

  get state(): RunState {
    return STATES[Atomics.load(this.#state, 0)] ?? 'stopping';
  }

  get stopping(): boolean {
    return this.state === 'stopping';
  }

  /** Starts the clock. Called once, by the main thread, when the workers are ready. */
  start(): void {
    this.#times[STARTED] = monotonicMs();
    // A run may begin paused: its time counts from its start, not from the pause.
    this.#times[PAUSED_AT] = this.#time(STARTED);
    if (this.state === 'waiting') this.#set('running');
  }

  /** Active milliseconds since the start; 0 before it. */
  active(): number {
    if (this.#time(STARTED) === 0) return 0;
    const until = this.state === 'paused' ? this.#time(PAUSED_AT) : monotonicMs();
    return until - this.#time(STARTED) - this.#time(PAUSED_TOTAL);
  }

  /** Holds the clock; false where it is held already, or the run is stopping. */
  pause(): boolean {
    if (this.state !== 'running' && this.state !== 'waiting') return false;
    this.#times[PAUSED_AT] = monotonicMs();
    this.#set('paused');
    return true;
  }

  /** Lets the clock go on; false where it is not held. */
  resume(): boolean {
    if (this.state !== 'paused') return false;
    const started = this.#time(STARTED) > 0;
    if (started) this.#endPause();
    this.#set(started ? 'running' : 'waiting');
    return true;
  }

  /** Workers finish the batch they are in and return. */
  stop(): void {
    if (this.state === 'paused' && this.#time(STARTED) > 0) this.#endPause();
    this.#set('stopping');
  }

  #endPause(): void {
    // Before the state changes: a worker that sees `running` must see the pause subtracted.
    this.#times[PAUSED_TOTAL] = this.#time(PAUSED_TOTAL) + monotonicMs() - this.#time(PAUSED_AT);
  }

  #time(index: number): number {
    return this.#times[index] ?? 0;
  }

  #set(state: RunState): void {
    Atomics.store(this.#state, 0, STATES.indexOf(state));
  }
}
