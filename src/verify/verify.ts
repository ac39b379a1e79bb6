import type { ClockOffset } from '../intake/clock-offset.js';
import type { Malformed, Source } from '../intake/event.js';
import type { Scope } from '../intake/scope.js';
import { sleep } from '../threads/clock.js';
import { Inbox } from './inbox.js';
import { KeyStates } from './key-states.js';
import { Latency, type LatencyPoint } from './latency.js';
import { Matcher } from './matcher.js';
import { TAPE_BYTES_PER_EVENT } from './tape.js';

/** How often it is looked whether everything has come. */
const LOOK_MS = 25;
/** Of the memory, what replays are recognized by; the rest follows rows. */
const TAPE_SHARE = 0.5;
/** After the last expected event of a run that was watched, this long for what should not come. */
const LINGER_MS = 500;

export interface VerificationTask {
  /** Folder of the run's ledger. */
  readonly ledger: string;
  readonly source: Source;
  readonly scope: Scope;
  /** An LSN: what was committed before is not expected. */
  readonly from: number;
  /** Whether the run goes on. */
  readonly isUnderWay: () => boolean;
  /** How far the server's WAL is, as LSN, where the source tells how far it has come; else null. */
  readonly serverPosition: (() => Promise<number>) | null;
  /** Without an event for this long, a run that is over is taken to have sent all. */
  readonly quietMs: number;
  /** Bytes for what is remembered of events and rows. */
  readonly memoryBytes: number;
  /** Share of rows to follow, 0 to 1. */
  readonly sample: number;
  readonly skipMalformed: boolean;
  readonly offset: ClockOffset;
  /** When it began to listen, by this machine's clock: microseconds since 1970. */
  readonly since: number;
  readonly onPoint: (point: LatencyPoint) => void;
  readonly onMalformed: (problem: Malformed) => void;
  /** Told now and then how far it is. */
  readonly onProgress: (progress: VerificationProgress) => void;
  readonly interrupted: AbortSignal;
}

export interface VerificationProgress {
  readonly events: number;
  readonly delivered: number;
  readonly waiting: number;
  readonly runOver: boolean;
}

/** A stream that was held against a ledger. */
export interface Verification {
  readonly matcher: Matcher;
  readonly inbox: Inbox;
  readonly states: KeyStates;
  readonly latency: Latency;
  readonly interrupted: boolean;
}

/** Input that is no event, and is not to be passed over. */
export class MalformedInput extends Error {
  readonly problem: Malformed;

  constructor(problem: Malformed) {
    super(problem.reason);
    this.problem = problem;
  }
}

/**
 * Takes a source's events until all that the run committed has come, or nothing more comes, and holds them
 * against the ledger. Rejects with what the source failed of, or with `MalformedInput`.
 */
export async function verify(task: VerificationTask): Promise<Verification> {
  const { source } = task;
  const latency = new Latency(task.offset, task.since, task.onPoint);
  const states = new KeyStates(task.memoryBytes * (1 - TAPE_SHARE), task.sample);
  const matcher = new Matcher({
    ledger: task.ledger,
    streams: source.streams,
    ...(source.topics === undefined ? {} : { topics: source.topics }),
    tapeEvents: (task.memoryBytes * TAPE_SHARE) / TAPE_BYTES_PER_EVENT,
    from: task.from,
    listener: {
      onChange: (event, contents, own) => {
        if (own) latency.record(event);
        const detail = states.fold(event, contents);
        // What others write is followed, and not judged: nobody knows what of it is a replay.
        if (detail !== null && own) matcher.noteInconsistent(detail, event);
      },
      isKnown: (table, key) => states.knows(table, key),
    },
  });
  let refused: Malformed | null = null;
  const inbox = new Inbox(matcher, (problem) => {
    task.onMalformed(problem);
    if (task.skipMalformed || refused !== null) return;
    refused = problem;
    source.stop();
  });
  try {
    const whole = await takeAll(task, matcher, inbox, () => refused !== null);
    if (refused !== null) throw new MalformedInput(refused);
    latency.finish();
    matcher.finish(whole);
    return { matcher, inbox, states, latency, interrupted: task.interrupted.aborted };
  } finally {
    inbox.close();
    matcher.feed.close();
  }
}

/** Whether the source is known to have given out everything. */
async function takeAll(
  task: VerificationTask,
  matcher: Matcher,
  inbox: Inbox,
  isRefused: () => boolean,
): Promise<boolean> {
  const { source, interrupted } = task;
  const watched = task.isUnderWay();
  let ended = false;
  let failure: { readonly error: unknown } | null = null;
  const running = source
    .run(inbox, task.scope)
    .catch((error: unknown) => {
      failure = { error };
    })
    .finally(() => {
      ended = true;
    });
  let over = false;
  let goal: number | null = null;
  let whole = false;
  try {
    while (!interrupted.aborted && !isRefused()) {
      if (!over && !task.isUnderWay()) {
        over = true;
        matcher.feed.end();
        inbox.drain();
        goal = (await task.serverPosition?.()) ?? null;
      }
      const quietMs = inbox.quietMs();
      const { rows: events, waiting } = inbox;
      const { delivered } = matcher.events;
      task.onProgress({ events, delivered, waiting, runOver: over });
      if (ended && (over || failure !== null)) break;
      if (over && goal !== null) {
        whole = waiting === 0 && inbox.reached >= goal;
        if (whole) break;
      } else if (over) {
        if (quietMs >= task.quietMs) break;
        const lingered = !watched || quietMs >= LINGER_MS;
        if (inbox.isIdle && lingered && !matcher.hasMore()) break;
      }
      await (ended ? sleep(LOOK_MS) : Promise.race([running, sleep(LOOK_MS)]));
    }
  } finally {
    source.stop();
    await running;
  }
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  inbox.drain();
  return whole;
}
