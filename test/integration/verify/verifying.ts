import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { schemaWith } from '../../../src/schemas/index.js';
import { SlotSource } from '../../../src/sources/slot/source.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { requireSum } from '../../helpers/accounting.js';
import { publicScope } from '../../helpers/any-scope.js';
import { type CliResult, startCli } from '../../helpers/cli.js';
import { CollectingSink } from '../../helpers/collecting-sink.js';
import { debeziumLine, HOME, type LineFormat, PLAIN } from '../../helpers/debezium-lines.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { Streamed } from '../../helpers/stream-run.js';
import { run, type Workspace } from '../../helpers/workspace.js';

/** The tables of a run without an extension. */
export const HOSPITAL = schemaWith([]).tables;

/** Does not wait for a stream that lacks events. */
export const SOON = ['--wait', '0.1'];
const RECONNECT = { attempts: 1, baseMs: 10, maxMs: 10, failFast: true };

let slots = 0;

/** A slot name that no other test of the file has: slots are the server's, not the database's. */
export function newSlot(): string {
  return `verify_${++slots}`;
}

/** Reads the first events of a slot, as lines of Debezium's JSON. The publication has the slot's name. */
export async function readLines(
  workspace: Workspace,
  slot: string,
  events: number,
  publication = slot,
): Promise<string[]> {
  const rows = await readRows(workspace, slot, events, publication);
  return rows.map((row) => lineOf(workspace, row));
}

/** A row as a line of a connector of the workspace's database. */
export function lineOf(
  { db }: Workspace,
  row: ReceivedRow,
  format: Partial<LineFormat> = {},
): string {
  return debeziumLine(row, { ...PLAIN, ...format }, { ...HOME, database: db.name });
}

/** Reads the first events of the hospital's tables in `public` from a slot. */
export async function readRows(
  { db }: Workspace,
  slot: string,
  events: number,
  publication: string,
): Promise<readonly ReceivedRow[]> {
  const sink = new CollectingSink();
  const source = new SlotSource({
    tables: publicScope.tables,
    target: db.target,
    slot,
    create: false,
    publications: [publication],
    reconnect: RECONNECT,
  });
  sink.idle = () => {
    if (sink.rows.length >= events) source.stop();
  };
  await source.run(sink, publicScope);
  return sink.rows;
}

/** Writes lines into a file of the workspace, compressed by its extension, and returns it as a source. */
export function writeLines(
  { cwd }: Pick<Workspace, 'cwd'>,
  name: string,
  lines: readonly string[],
) {
  const file = join(cwd, name);
  const text = lines.map((line) => `${line}\n`).join('');
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text);
  return `ndjson:${file}`;
}

/** Runs `verify next` in a workspace while `body` runs something, and returns its output. */
export async function verifyNext(
  workspace: Workspace,
  args: readonly string[],
  body: () => Promise<unknown>,
  code = 0,
): Promise<{ document: VerificationDocument; stderr: string }> {
  const cli = startCli(['verify', 'next', '--json', ...args], {
    cwd: workspace.cwd,
    env: workspace.env,
  });
  try {
    await cli.until(/waiting for the next run/);
    await body();
    return requireDocument(await cli.ended(), code);
  } finally {
    cli.child.kill('SIGKILL');
    await cli.ended();
  }
}

/** Runs `verify` of a run that is over. */
export async function verifyAfter(
  workspace: Workspace,
  args: readonly string[],
  code = 0,
): Promise<{ document: VerificationDocument; stderr: string }> {
  return requireDocument(await run(workspace, ['verify', '--json', ...args]), code);
}

/** Parses the document of `verify --json`, with any verdict, and checks its sum. */
export function requireDocument({ code, stdout, stderr }: CliResult, wanted: number) {
  assert.equal(code, wanted, `${stdout}\n${stderr}`);
  const document = JSON.parse(stdout) as VerificationDocument;
  assert.equal(document.exit_code, wanted);
  requireSum(document);
  return { document, stderr };
}

/** Requires an exact verdict, and as many events as in the run's summary. */
export function assertExact(document: VerificationDocument, { summary }: Streamed): void {
  assert.equal(document.verdict, 'exact');
  assert.deepEqual(document.doubts, {});
  assert.deepEqual(document.examples, []);
  assert.equal(document.accounting.committed, summary.events);
  assert.equal(document.accounting.delivered, summary.events);
  assert.equal(document.transactions.expected, summary.transactions.committed);
  assert.equal(document.transactions.delivered, summary.transactions.committed);
}

/** Creates a permanent slot and a publication: by default of the hospital's tables. */
export async function makeSlot(
  { db }: Workspace,
  slot: string,
  publication = `FOR TABLE ${HOSPITAL.names.join(', ')}`,
): Promise<void> {
  await db.query(`CREATE PUBLICATION ${slot} ${publication}`);
  await db.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
}

/** Creates permanent slots in the workspace's database; their publications may follow. */
export async function makeSlots({ db }: Workspace, ...slots: readonly string[]): Promise<void> {
  for (const slot of slots) {
    await db.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  }
}

/** The LSN that a slot's reader has confirmed. */
export async function confirmed({ query }: Workspace['db'], slot: string): Promise<string | null> {
  const [row] = await query<{ lsn: string }>(
    'SELECT confirmed_flush_lsn::text AS lsn FROM pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
  return row?.lsn ?? null;
}

export async function dropSlot({ db }: Workspace, slot: string): Promise<void> {
  await db.query(`SELECT pg_drop_replication_slot('${slot}')`);
}

/** Drops every slot of the workspace's database, so that it can be dropped. */
export async function dropSlots({ db }: Workspace): Promise<void> {
  await db.query(
    'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1',
    [db.name],
  );
}
