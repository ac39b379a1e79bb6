import { monotonicMs, sleep } from '../src/lib/clock.js';
import { withConnection } from '../src/postgres/connect.js';
import type { VerificationDocument } from '../src/verify/verdict/document.js';
import { type Finding, Measurements } from './measure.js';
import { findTool, libpqEnvironment, type Ran, run } from './peers.js';
import type { BenchServer } from './server.js';

const OURS = 'verify';
const PEER = 'pg_recvlogical';
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
interface History {
  readonly run: string;
  readonly events: number;
  readonly transactions: number;
  /** An LSN after the run's last transaction. */
  readonly end: string;
}

/** Reads a slot up to the end of the history. */
type Reader = (slot: string) => Promise<Ran>;

/** Milliseconds between two looks at a slot. */
const LOOK_MS = 50;

/**
 * `verify` of a slot beside `pg_recvlogical`, which writes the same messages to /dev/null: events of the history divided
 * by the time from the start of the process until the server has no reader any more, and by that of the whole process.
 * After reading, `verify` compares the rows with the tables. The server decodes the WAL anew for each reader.
 */
export async function benchSlot(
  server: BenchServer,
  { rounds, events }: SlotOptions,
): Promise<Finding[]> {
  const history = await writeHistory(server, events);
  const readers = readersOf(server, history);
  const reading = new Measurements('events/s');
  const whole = new Measurements('events/s, whole process');
  for (let round = 0; round < rounds; round++) {
    // The contender that runs first in a round runs second in the next one.
    const turns = round % 2 === 0 ? readers : readers.toReversed();
    for (const [name, read] of turns) {
      const took = await withCopiedSlot(server, `bench_${round}`, read);
      reading.note(name, events / took.reading);
      whole.note(name, events / took.whole);
    }
  }
  const input = `${history.transactions} transactions, ${events} events`;
  const peer = 'pg_recvlogical to /dev/null';
  return [
    {
      what: `verify slot: to the end of the slot, ${input}`,
      ours: reading.series(OURS, OURS),
      peer: reading.series(PEER, peer),
      least: 0.95,
    },
    {
      what: 'the same, with the comparison of the tables at the end',
      ours: whole.series(OURS, OURS),
      peer: whole.series(PEER, peer),
    },
  ];
}

/** Makes the publication and the first slot, then writes a run of so many events with a ledger. */
async function writeHistory(server: BenchServer, events: number): Promise<History> {
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
function readersOf(server: BenchServer, { run: id, events, end }: History): [string, Reader][] {
  const verify: Reader = async (slot) => {
    const args = ['verify', id, '--source', `slot:${slot}`, '--publication', PUBLICATION, '--json'];
    const ran = await server.cli(args);
    const found = JSON.parse(ran.stdout) as VerificationDocument;
    if (found.verdict !== 'exact' || found.events.delivered !== events) {
      throw new Error(`of ${events} events, the slot has: ${ran.stdout}`);
    }
    return ran;
  };
  const tool = findTool('pg_recvlogical');
  if (tool === null) return [[OURS, verify]];
  const receive: Reader = (slot) => {
    const options = PLUGIN_OPTIONS.flatMap((option) => ['--option', option]);
    const until = ['--file', '/dev/null', '--endpos', end];
    const env = libpqEnvironment(server.target);
    // It does not take the database from the environment.
    const from = ['--dbname', server.target.database, '--slot', slot];
    return run(tool, [...from, '--start', ...until, ...options], { env });
  };
  return [
    [OURS, verify],
    [PEER, receive],
  ];
}

/**
 * Has a copy of the slot read, so that each reader has the same history from its beginning. Returns the seconds from the
 * reader's start until the server has let it go, and until its process has ended.
 */
async function withCopiedSlot(server: BenchServer, slot: string, read: Reader) {
  await server.query('SELECT pg_copy_logical_replication_slot($1, $2)', [FIRST_SLOT, slot]);
  try {
    const ran = read(slot);
    const [reading, { seconds }] = await Promise.all([secondsRead(server, slot, ran), ran]);
    return { reading, whole: seconds };
  } finally {
    await server.query('SELECT pg_drop_replication_slot($1)', [slot]);
  }
}

/** The seconds until the slot was last seen with a reader, while the reader's process runs. */
function secondsRead(server: BenchServer, slot: string, ran: Promise<unknown>): Promise<number> {
  const began = monotonicMs();
  let ended = false;
  const end = () => {
    ended = true;
  };
  ran.then(end, end);
  return withConnection(server.target, async (client) => {
    let ms = 0;
    while (!ended) {
      const at = monotonicMs() - began;
      const text = 'SELECT active FROM pg_replication_slots WHERE slot_name = $1';
      const { rows } = await client.query<{ active: boolean }>(text, [slot]);
      if (rows[0]?.active === true) ms = at;
      await sleep(LOOK_MS);
    }
    return ms / 1000;
  });
}
