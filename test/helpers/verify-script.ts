import { setImmediate } from 'node:timers/promises';
import { firstHeader } from '../../src/cli/commands/verify-ledger.js';
import type { DatabaseFacts } from '../../src/database/facts.js';
import { readFacts } from '../../src/ledger/facts-file.js';
import type { Tables } from '../../src/schema/tables.js';
import { schemaWith } from '../../src/schemas/index.js';
import type { Scope } from '../../src/sources/scope.js';
import type {
  Ignored,
  MessageEvent,
  Sink,
  Source,
  TruncateEvent,
} from '../../src/sources/source.js';
import type { FinalState } from '../../src/verify/rows/final-state.js';
import { documentOf, type VerificationDocument } from '../../src/verify/verdict/document.js';
import { type Verification, verify } from '../../src/verify/verify.js';
import { requireSum } from './accounting.js';
import { anyScope } from './any-scope.js';
import { columnsOf, type ReceivedRow } from './received-row.js';

/** The output of a source, in its order. */
export type Script = readonly (ReceivedRow | 'idle' | Ignored)[];

/** The same with events that change no row. */
export type AnyScript = readonly (Script[number] | TruncateEvent | MessageEvent)[];

export interface ScriptOptions {
  /** Left out: the hospital's. */
  readonly tables?: Tables;
  /** An LSN after everything: the source reports that it has come so far. Left out: it reports no position. */
  readonly end?: number | null;
  /** Ordered streams. */
  readonly streams?: number;
  /** The topic of each stream; left out: the source has no topics. */
  readonly topics?: readonly string[];
  /** An LSN: transactions committed before it are not expected. */
  readonly from?: number;
  /** Memory for events and rows. */
  readonly memoryBytes?: number;
  readonly partial?: boolean;
  /** The database's facts at the end, and the publications that the source reads. */
  readonly now?: DatabaseFacts | null;
  readonly publications?: readonly string[] | null;
  /** Which events are the run's; left out: all that have a table's name. */
  readonly scope?: Scope;
}

const HOSPITAL = schemaWith([]).tables;
/** Small: the buffers for long streams are made anew for each verification. */
const MEMORY_BYTES = 2 ** 20;
/** Longer than any test: these sources end, or say how far they are. */
const QUIET_MS = 600_000;
const BATCH = 200;

/** Gives out a list; with an end, as a slot does: it says how far it has come, and ends when asked to. */
export class ListSource<T> implements Source {
  readonly partitions: number;
  readonly topics?: readonly string[];
  readonly #items: readonly T[];
  readonly #giving: (sink: Sink, scope: Scope) => (item: T) => void | Promise<void>;
  readonly #end: number | null;
  #stop = () => {};
  readonly #stopped = new Promise<void>((resolve) => {
    this.#stop = resolve;
  });

  /** @param giving gives an item to a sink; made once for all items */
  constructor(
    items: readonly T[],
    giving: (sink: Sink, scope: Scope) => (item: T) => void | Promise<void>,
    { end = null, streams = 1, topics }: ScriptOptions,
  ) {
    if (topics !== undefined) this.topics = topics;
    this.#items = items;
    this.#giving = giving;
    this.#end = end;
    this.partitions = streams;
  }

  async run(sink: Sink, scope: Scope): Promise<void> {
    const give = this.#giving(sink, scope);
    for (const [i, item] of this.#items.entries()) {
      const given = give(item);
      if (given !== undefined) await given;
      if (i % BATCH === 0) await sink.ready();
    }
    if (this.#end === null) return;
    sink.progress(this.#end);
    await this.#stopped;
  }

  stop(): void {
    this.#stop();
  }
}

/** Gives an item of a script to a sink. */
function giveTo(sink: Sink) {
  return (item: AnyScript[number]): void | Promise<void> => {
    if (typeof item === 'object') giveEvent(sink, item);
    else if (item !== 'idle') sink.ignored(item, null);
    else {
      sink.idle();
      return setImmediate();
    }
  };
}

function giveEvent(sink: Sink, event: Exclude<AnyScript[number], string>): void {
  if ('content' in event) sink.message(event);
  else if ('operation' in event) sink.row(event, columnsOf(event));
  else sink.truncate(event);
}

/** Compares a script with the ledger of a run that is over. */
export function verifyScript(
  ledger: string,
  script: AnyScript,
  options: ScriptOptions = {},
): Promise<Verification> {
  return verifySource(ledger, new ListSource(script, giveTo, options), options);
}

/** Compares the output of a source with the ledger of a run that is over. */
export function verifySource(
  ledger: string,
  source: Source,
  options: ScriptOptions & { readonly scope?: Scope } = {},
): Promise<Verification> {
  const { end = null, from = 0, memoryBytes = MEMORY_BYTES, partial = false } = options;
  const { tables = HOSPITAL, now = null, publications = null, scope = anyScope } = options;
  return verify({
    tables,
    ledger,
    source,
    scope,
    from,
    partial,
    version: firstHeader(ledger)?.ledger ?? 2,
    shared: () => readFacts(ledger).schema?.shared ?? {},
    facts: () => readFacts(ledger).facts,
    now,
    publications,
    isUnderWay: () => false,
    serverPosition: end === null ? null : async () => setImmediate(end),
    quietMs: QUIET_MS,
    memoryBytes,
    sample: 1,
    skipMalformed: false,
    offset: { offset: 0, error: 0 },
    since: 0,
    onPoint: () => undefined,
    onMalformed: () => undefined,
    onProgress: () => undefined,
    interrupted: new AbortController().signal,
  });
}

/** The document of a verification, without times. */
export function scriptDocument(
  verification: Verification,
  finalState: FinalState | null = null,
): VerificationDocument {
  const names = { runId: 'run', source: 'script' };
  const document = documentOf({
    ...names,
    verification,
    finalState,
    offset: null,
    began: new Date(0),
    seconds: 0,
  });
  requireSum(document);
  return document;
}
