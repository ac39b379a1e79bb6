import { en } from '../../../src/messages/en.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { SlotSource, type SlotSourceOptions } from '../../../src/sources/slot/source.js';
import type {
  Ignored,
  KeylessEvent,
  Malformed,
  MessageEvent,
  RowColumns,
  RowEvent,
  Sink,
  Source,
  TruncateEvent,
  Unstated,
} from '../../../src/sources/source.js';
import { HOSPITAL_TABLES, publicScope } from '../../helpers/any-scope.js';
import { type ReceivedRow, receivedRow } from '../../helpers/received-row.js';

/** Keeps the events of a source, in order. */
export class Collector implements Sink {
  readonly rows: ReceivedRow[] = [];
  /** `insert pacientes 1`, `truncate exames`, `ignored message`: every call but `progress`. */
  readonly received: string[] = [];
  readonly problems: Malformed[] = [];
  readonly unstatedFacts: Unstated[] = [];
  readonly positions: number[] = [];
  idles = 0;
  /** Calls of `ready`. */
  asked = 0;
  /** While set, `ready` waits. */
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | null = null;

  row(event: RowEvent, columns: RowColumns | null): void {
    this.rows.push(receivedRow(event, columns));
    this.received.push(`${event.operation} ${event.table} ${event.key}`);
  }

  changeWithoutKey({ operation, table, position }: KeylessEvent): void {
    this.received.push(`${operation} ${table} without its id, position ${position}`);
  }

  truncate({ table }: TruncateEvent): void {
    this.received.push(`truncate ${table}`);
  }

  message({ content }: MessageEvent): void {
    this.received.push(`message ${content}`);
  }

  unstated(part: Unstated): void {
    this.unstatedFacts.push(part);
  }

  ignored(kind: Ignored): void {
    this.received.push(`ignored ${kind}`);
  }

  malformed(problem: Malformed): void {
    this.problems.push(problem);
    this.received.push(`malformed ${problem.reason(en)}`);
  }

  progress(lsn: number): void {
    this.positions.push(lsn);
  }

  idle(): void {
    this.idles++;
  }

  async ready(): Promise<void> {
    this.asked++;
    await this.#gate?.opened;
  }

  /** Has `ready` wait until `open`. */
  shut(): void {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { opened, open };
  }

  open(): void {
    this.#gate?.open();
    this.#gate = null;
  }

  get at(): number {
    return this.positions.at(-1) ?? 0;
  }
}

/** Fast retries, enough of them for a server that starts. */
export const PATIENT = { attempts: 200, baseMs: 20, maxMs: 100, failFast: true };

export function slotSource(
  target: ConnectionTarget,
  slot: string,
  options: Partial<SlotSourceOptions> = {},
): SlotSource {
  return new SlotSource({
    tables: HOSPITAL_TABLES,
    target,
    slot,
    create: false,
    publications: null,
    reconnect: PATIENT,
    ...options,
  });
}

/** Runs a source during `body`, then stops it; returns its events. */
export async function collecting(
  source: Source,
  body: (sink: Collector) => Promise<void>,
  sink = new Collector(),
): Promise<Collector> {
  const running = source.run(sink, publicScope);
  // Awaited below, after the body.
  running.catch(() => undefined);
  try {
    await Promise.race([body(sink), running.then(() => Promise.reject(new Error('it ended')))]);
  } finally {
    sink.open();
    source.stop();
    await running.catch(() => undefined);
  }
  await running;
  return sink;
}
