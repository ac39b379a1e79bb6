import type { DatabaseFacts } from '../database/facts.js';
import type { LedgerFacts } from '../ledger/facts-file.js';
import { machineMicros, sleep } from '../lib/clock.js';
import { onAbort, unlessStuck } from '../lib/signals.js';
import type { ClockOffset } from '../sources/clock-offset.js';
import type { Scope } from '../sources/scope.js';
import type { Malformed, Source } from '../sources/source.js';
import { Inbox } from './inbox.js';
import { Publishing } from './ledger/publishing.js';
import { ConnectorStates } from './match/connector-states.js';
import { type Judging, Matcher } from './match/matcher.js';
import { TAPE_BYTES_PER_EVENT } from './match/replay-window.js';
import { ServerEffects } from './rows/server-effects.js';
import type { RowTracker } from './rows/tracker.js';
import { Latency, type LatencyPoint } from './verdict/latency.js';

/** How often it is looked whether everything has come. */
const LOOK_MS = 25;
/** Of the memory, what replays are recognized by, what follows rows, and what a snapshot's rows may take. */
const TAPE_SHARE = 0.4;
const STATES_SHARE = 0.4;
const SNAPSHOT_SHARE = 0.2;
/** After the last expected event of a run that was watched, this long for what should not come. */
const LINGER_MS = 500;

export interface VerificationTask {
  /** Folder of the run's ledger. */
  readonly ledger: string;
  readonly source: Source;
  /** An LSN: what was committed before is not expected. */
  readonly from: number;
  /** What precedes the source is left out of the verdict. */
  readonly partial: boolean;
  /** Tells which table an event means. */
  readonly scope: Scope;
  /** Of the ledger: 1 or 2. */
  readonly version: number;
  /** What the ledger says of the database so far; more once the run is over. */
  readonly facts: () => LedgerFacts | null;
  /** What the database says of itself now; null: it was not asked. */
  readonly now: DatabaseFacts | null;
  /** Those that the source reads; null: not known. */
  readonly publications: readonly string[] | null;
  /** Whether the run goes on. */
  readonly isUnderWay: () => boolean;
  /** How far the server's WAL is, as LSN, where the source tells how far it has come; else null. */
  readonly serverPosition: (() => Promise<number>) | null;
  /** Without a change of the run for this long, one that is over is taken to have sent all. */
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
  readonly states: RowTracker;
  readonly latency: Latency;
  readonly judging: Judging;
  readonly partial: boolean;
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
  const { source, memoryBytes } = task;
  const latency = new Latency(task.offset, task.since, task.onPoint);
  const connectors = new ConnectorStates(memoryBytes * STATES_SHARE, task.sample);
  const judging = (): Judging => {
    const facts = task.facts();
    return {
      effects: new ServerEffects(facts),
      publishing: new Publishing(facts, task.now, task.publications),
    };
  };
  const matcher = new Matcher({
    ledger: task.ledger,
    streams: source.partitions,
    ...(source.topics === undefined ? {} : { topics: source.topics }),
    tapeEvents: (memoryBytes * TAPE_SHARE) / TAPE_BYTES_PER_EVENT,
    snapshotBytes: memoryBytes * SNAPSHOT_SHARE,
    from: task.from,
    partial: task.partial,
    judging: judging(),
    listener: {
      onChange: (event, contents, own) => {
        if (own) latency.record(event);
        const detail = connectors.of(event.origin).fold(event, contents);
        // What others write is followed, and not judged: it may be a replay.
        return own ? detail : null;
      },
      onUnsent: (event, contents) => {
        const states = connectors.of(event.origin);
        const repeats = event.operation === 'update' && states.holds(event, contents);
        return states.fold(event, contents) ?? (repeats ? 'repeats' : null);
      },
      onSettled: (origin) => connectors.settle(origin),
    },
  });
  let refused: Malformed | null = null;
  const inbox = new Inbox(matcher, task.version, (problem) => {
    task.onMalformed(problem);
    if (task.skipMalformed || refused !== null) return;
    refused = problem;
    source.stop();
  });
  try {
    const whole = await takeAll(task, matcher, inbox, () => refused !== null);
    if (refused !== null) throw new MalformedInput(refused);
    latency.finish();
    const last = judging();
    // From version 2 on, a run that has a ledger has written down what it found.
    if (task.version > 1 && task.facts() === null) matcher.noteLedgerProblem();
    const elsewhere = (inbox.ignoredCounts.other_schema ?? 0) > 0 && matcher.events.delivered === 0;
    matcher.finish({
      judging: last,
      whole,
      interrupted: task.interrupted.aborted,
      schemaUnknown: elsewhere && task.version === 1 && task.facts() === null,
    });
    return {
      matcher,
      inbox,
      states: connectors.own,
      latency,
      judging: last,
      partial: task.partial,
    };
  } finally {
    inbox.close();
    matcher.feed.close();
  }
}

/** Where the server is once the run is over; null where it cannot be asked, or not in time. */
async function positionOf({
  serverPosition,
  interrupted,
}: VerificationTask): Promise<number | null> {
  if (serverPosition === null || interrupted.aborted) return null;
  const asking = serverPosition();
  asking.catch(() => undefined);
  await Promise.race([asking, new Promise<void>((resolve) => onAbort(interrupted, resolve))]);
  return interrupted.aborted ? null : asking;
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
        inbox.noteRunOver(machineMicros() + task.offset.offset);
        matcher.feed.end();
        inbox.drain();
        goal = await positionOf(task);
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
    await unlessStuck(interrupted, running);
  }
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  inbox.drain();
  return whole;
}
