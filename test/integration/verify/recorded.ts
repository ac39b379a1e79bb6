import { join } from 'node:path';
import { ledgerFolder } from '../../../src/ledger/folder.js';
import { runPath } from '../../../src/runs/folder.js';
import { NdjsonSource } from '../../../src/sources/ndjson/source.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { placeRun, type RecordedRun, recordedLines } from '../../golden/runs.js';
import { publicScope } from '../../helpers/any-scope.js';
import type { CliResult } from '../../helpers/cli.js';
import { runCli } from '../../helpers/cli.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifySource } from '../../helpers/verify-script.js';
import { requireDocument, SOON, writeLines } from './verifying.js';

/** Nothing listens there: only the ledger is compared. */
export const NOWHERE = { APP_LANG: 'en', DATABASE_URL: 'postgresql://x:y@127.0.0.1:1/none' };

/** A change of a recorded run: Debezium's envelope. */
export interface Envelope {
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  readonly op: 'c' | 'u' | 'd' | 'r';
  readonly source: {
    readonly name?: string;
    readonly schema: string;
    readonly table: string;
    readonly txId: number;
    readonly lsn: number;
    readonly sequence?: string;
    readonly snapshot: string;
  };
  readonly transaction: object | null;
}

/** A recorded run in a workspace, without a server. */
export interface Recorded {
  readonly events: readonly Envelope[];
  readonly cwd: string;
  run(args: readonly string[]): Promise<CliResult>;
  /** Verifies a stream, and checks the exit code. */
  verify(
    events: readonly Envelope[],
    code: number,
    args?: readonly string[],
  ): Promise<ReturnType<typeof requireDocument>>;
  /** The same inside this process, for many streams. */
  judge(events: readonly Envelope[]): Promise<VerificationDocument>;
}

/** Lends `body` a recorded run. */
export function withRecorded(
  format: number,
  name: RecordedRun,
  body: (recorded: Recorded) => Promise<void>,
): Promise<void> {
  return withTempFolder(async (cwd) => {
    const ledger = ledgerFolder(runPath(join(cwd, 'logs'), placeRun(format, name, cwd)));
    const events = recordedLines(format, name).map((line) => JSON.parse(line) as Envelope);
    const run = (args: readonly string[]) => runCli(args, { cwd, env: NOWHERE });
    await body({
      events,
      cwd,
      run,
      verify: async (stream, code, args = []) => {
        const source = writeLines({ cwd }, 'events.ndjson', stream.map(asLine));
        return requireDocument(
          await run(['verify', '--json', '--source', source, ...SOON, ...args]),
          code,
        );
      },
      judge: async (stream) => {
        writeLines({ cwd }, 'events.ndjson', stream.map(asLine));
        const path = join(cwd, 'events.ndjson');
        const source = new NdjsonSource({ path, follow: false });
        return scriptDocument(await verifySource(ledger, source, { scope: publicScope }));
      },
    });
  });
}

function asLine(event: Envelope): string {
  return JSON.stringify(event);
}

/** The events by transaction, in their order. */
export function transactionsOf(events: readonly Envelope[]): Envelope[][] {
  const transactions: Envelope[][] = [];
  for (const event of events) {
    const last = transactions.at(-1);
    if (last?.[0]?.source.txId === event.source.txId) last.push(event);
    else transactions.push([event]);
  }
  return transactions;
}

/** Debezium's mark of a row of a snapshot (`source.snapshot`). */
export type Mark =
  | 'first'
  | 'first_in_data_collection'
  | 'true'
  | 'last_in_data_collection'
  | 'last'
  | 'incremental';

/** The rows that a snapshot reads after these events. */
export function snapshotAfter(
  events: readonly Envelope[],
  lsn: number,
  mark: Mark = 'true',
): Envelope[] {
  const rows = new Map<string, Envelope>();
  for (const event of events) {
    const { table } = event.source;
    if (event.after === null) rows.delete(`${table} ${event.before?.id}`);
    else rows.set(`${table} ${event.after.id}`, event);
  }
  return [...rows.values()].map((event) => snapshotRow(event, lsn, mark));
}

/** The row of an event, as a snapshot reads it. */
export function snapshotRow(event: Envelope, lsn: number, mark: Mark): Envelope {
  const { sequence: _, ...source } = event.source;
  return {
    ...event,
    before: null,
    op: 'r',
    source: { ...source, txId: 1, lsn, snapshot: mark },
    transaction: null,
  };
}

/** The event with its row changed. */
export function withRow(event: Envelope, change: Readonly<Record<string, unknown>>): Envelope {
  return { ...event, after: { ...event.after, ...change } };
}

/** The event, of another database, schema or connector. */
export function withSource(event: Envelope, change: Partial<Envelope['source']>): Envelope {
  return { ...event, source: { ...event.source, ...change } };
}

const TIMES = ['data', 'data_cadastro', 'data_entrada', 'data_saida', 'created_at', 'updated_at'];

/** The event as `time.precision.mode=connect` writes it: timestamps in milliseconds. */
export function inMilliseconds(event: Envelope): Envelope {
  if (event.after === null) return event;
  const entries = Object.entries(event.after).map(([name, value]) => [
    name,
    TIMES.includes(name) && typeof value === 'number' ? Math.floor(value / 1000) : value,
  ]);
  return { ...event, after: Object.fromEntries(entries) };
}
