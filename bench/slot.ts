import type { VerificationDocument } from '../src/verify/verdict/document.js';
import { type Finding, Measurements } from './measure.js';
import { findTool, libpqEnvironment, run } from './peers.js';
import type { BenchServer } from './server.js';

const PUBLICATION = 'bench';
/** Made before the run, and never read. */
const FIRST_SLOT = 'bench_first';
/** With four workers and the default mix, a batch of this size changes some 100 rows. */
const BATCH = 100;
/** Those of `verify` with a slot: the peer asks for the same bytes. */
const PLUGIN_OPTIONS = ['proto_version=1', `publication_names=${PUBLICATION}`, 'messages=true'];

export interface SlotOptions {
  readonly rounds: number;
  /** Events of the history. */
  readonly events: number;
}

/** A run in the WAL, from the position of `FIRST_SLOT` on. */
export interface History {
  readonly run: string;
  readonly events: number;
  readonly transactions: number;
  /** An LSN after the run's last transaction. */
  readonly end: string;
}

/** Reads a slot up to the end of the history. Returns the seconds of the whole process. */
export type Reader = (slot: string) => Promise<number>;

/**
 * `verify` of a slot beside `pg_recvlogical`, which writes the same messages to /dev/null: events of the history divided
 * by the time of the whole process, from its start to its end. The server decodes the WAL anew for each of them.
 */
export async function benchSlot(
  server: BenchServer,
  { rounds, events }: SlotOptions,
): Promise<Finding[]> {
  const history = await writeHistory(server, events);
  const readers = readersOf(server, history);
  const rates = new Measurements('events/s');
  for (let round = 0; round < rounds; round++) {
    // The contender that runs first in a round runs second in the next one.
    const turns = round % 2 === 0 ? readers : readers.toReversed();
    for (const [name, read] of turns) {
      const seconds = await withCopiedSlot(server, `bench_${round}`, read);
      rates.note(name, history.events / seconds);
    }
  }
  return [
    {
      what: `verify slot:, ${history.transactions} transactions, ${history.events} events`,
      ours: rates.series('verify', 'verify'),
      peer: rates.series('pg_recvlogical', 'pg_recvlogical to /dev/null'),
      least: 0.95,
    },
  ];
}

/** Makes the publication and the first slot, then writes a run of so many events with a ledger. */
export async function writeHistory(server: BenchServer, events: number): Promise<History> {
  await server.reset();
  await server.cli(['seed', '--scale', '10'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  await server.settle();
  await server.query(`CREATE PUBLICATION ${PUBLICATION} FOR ALL TABLES`);
  await server.query('SELECT pg_create_logical_replication_slot($1, $2)', [FIRST_SLOT, 'pgoutput']);
  const { run_id, transactions } = await server.stream([
    ...['--rate', 'max', '--workers', '4', '--batch-size', String(BATCH)],
    ...['--max-events', String(events)],
  ]);
  // The peer ends at the first message at or after this LSN; a message outside of transactions is sent at once.
  const [row] = await server.query<{ end: string }>(
    `SELECT pg_logical_emit_message(false, 'bench', '')::text AS "end"`,
  );
  await server.settle();
  return { run: run_id, events, transactions: transactions.committed, end: row?.end ?? '' };
}

/** The contenders by name. `pg_recvlogical` is left out where it is not installed. */
export function readersOf(
  server: BenchServer,
  { run: id, events, end }: History,
): [string, Reader][] {
  const verify: Reader = async (slot) => {
    const args = ['verify', id, '--source', `slot:${slot}`, '--publication', PUBLICATION, '--json'];
    const { seconds, stdout } = await server.cli(args);
    const found = JSON.parse(stdout) as VerificationDocument;
    if (found.verdict !== 'exact' || found.events.delivered !== events) {
      throw new Error(`of ${events} events, the slot has: ${stdout}`);
    }
    return seconds;
  };
  const tool = findTool('pg_recvlogical');
  if (tool === null) return [['verify', verify]];
  const receive: Reader = async (slot) => {
    const options = PLUGIN_OPTIONS.flatMap((option) => ['--option', option]);
    const args = ['--slot', slot, '--start', '--file', '/dev/null', '--endpos', end, ...options];
    const env = libpqEnvironment(server.target);
    const { seconds } = await run(tool, [...args, '--dbname', server.target.database], { env });
    return seconds;
  };
  return [
    ['verify', verify],
    ['pg_recvlogical', receive],
  ];
}

/** Each reader has a copy of the slot, and so the same history from its beginning. */
export async function withCopiedSlot<T>(
  server: BenchServer,
  slot: string,
  read: (slot: string) => Promise<T>,
): Promise<T> {
  await server.query('SELECT pg_copy_logical_replication_slot($1, $2)', [FIRST_SLOT, slot]);
  try {
    return await read(slot);
  } finally {
    await server.query('SELECT pg_drop_replication_slot($1)', [slot]);
  }
}
