import type { ConnectionTarget } from '../../../src/postgres/target.js';
import type { TableName } from '../../../src/schemas/hospital/tables.js';
import { SlotSource, type SlotSourceOptions } from '../../../src/sources/slot/source.js';
import type {
  Ignored,
  KeylessEvent,
  Malformed,
  RowColumns,
  RowEvent,
  Sink,
  Source,
  Unstated,
} from '../../../src/sources/source.js';
import { publicScope } from '../../helpers/any-scope.js';
import { type ReceivedRow, receivedRow } from '../../helpers/received-row.js';

/** Keeps what a source gives out, in order. */
export class Collector implements Sink {
  readonly rows: ReceivedRow[] = [];
  /** `insert pacientes 1`, `truncate exames`, `aside message`: everything but the positions. */
  readonly told: string[] = [];
  readonly problems: Malformed[] = [];
  readonly untoldFacts: Unstated[] = [];
  readonly positions: number[] = [];
  idles = 0;
  /** How often `ready` was asked. */
  asked = 0;
  /** While set, the sink is not ready. */
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | null = null;

  row(event: RowEvent, columns: RowColumns | null): void {
    this.rows.push(receivedRow(event, columns));
    this.told.push(`${event.operation} ${event.table} ${event.key}`);
  }

  deleteWithoutKey({ operation, table, position }: KeylessEvent): void {
    this.told.push(`${operation} ${table} without its id, place ${position}`);
  }

  truncate(table: TableName, _stream: number, _place: number): void {
    this.told.push(`truncate ${table}`);
  }

  unstated(what: Unstated): void {
    this.untoldFacts.push(what);
  }

  ignored(kind: Ignored): void {
    this.told.push(`aside ${kind}`);
  }

  malformed(problem: Malformed): void {
    this.problems.push(problem);
    this.told.push(`malformed ${problem.reason}`);
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

  /** Takes nothing more until `open`. */
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

/** Attempts follow each other fast, and there are enough for a server that starts. */
export const PATIENT = { attempts: 200, baseMs: 20, maxMs: 100, failFast: true };

export function slotSource(
  target: ConnectionTarget,
  slot: string,
  options: Partial<SlotSourceOptions> = {},
): SlotSource {
  return new SlotSource({
    target,
    slot,
    create: false,
    publications: null,
    reconnect: PATIENT,
    ...options,
  });
}

/** Lets a source run while `body` does something, then stops it; returns what it gave out. */
export async function collecting(
  source: Source,
  body: (sink: Collector) => Promise<void>,
  sink = new Collector(),
): Promise<Collector> {
  const running = source.run(sink, publicScope);
  // Seen to below, once the body is through.
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
