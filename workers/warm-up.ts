import type { Client } from 'pg';
import { WorkerIds } from '../src/ids/worker-ids.js';
import { recordText } from '../src/ledger/record-text.js';
import { sealText } from '../src/ledger/sealed-lines.js';
import { intentOf } from '../src/ledger/writer.js';
import { monotonicMs } from '../src/lib/clock.js';
import { Curve } from '../src/load/curve.js';
import type { PaceSpec } from '../src/load/pacer.js';
import { send } from '../src/postgres/packet.js';
import { BEGIN, lockParents } from '../src/postgres/statements.js';
import { WireWriter } from '../src/postgres/wire.js';
import { RNG_PURPOSE, Rng } from '../src/random/rng.js';
import { Control } from '../src/run/control.js';
import type { ProducerTask, Returning } from '../src/run/protocol.js';
import { WorkerStats } from '../src/run/worker-stats.js';
import type { EventType } from '../src/schema/event.js';
import type { Schema } from '../src/schema/schema.js';
import type { Tables } from '../src/schema/tables.js';
import { BatchBuilder } from './batch-builder.js';
import type { BatchOutcome } from './batch-result.js';
import { candidatesOf } from './candidates.js';
import { expectedOutcomes, packetDepth } from './pipelined-commit.js';
import type { Session } from './session.js';
import { cascadesOf, isPredictable, readBackBy, statementOf, type Write } from './writes.js';

/**
 * Events that a worker builds for practice: by then V8 has compiled most of the code that a run repeats, on
 * threads of its own. Without it a run at 60 % of two cores' capacity starts 60 to 80 ms late.
 */
const PRACTICE_EVENTS = 20_000;
/** A run practises no more events than it will send in so many milliseconds. */
const FIRST_MS = 10_000;
/** The workers of a thread practise no longer than this: an operator waits for the run. */
const MOST_MS = 500;

/** The event types that a worker of this thread has practised: their code is compiled. */
const practised = new Set<EventType>();

/**
 * Runs the code of a run before its clock starts, so that the first batches are no slower than the later
 * ones: builds and encodes batches that are thrown away, and sends the server their statements without a
 * row, so that it reads its catalogs and makes its plans. Nothing is written, no id is taken, and no
 * random number of the run is drawn.
 */
export async function warmUp(
  schema: Schema,
  task: ProducerTask,
  session: Pick<Session, 'client' | 'serverNow'>,
): Promise<void> {
  const { client } = session;
  const control = new Control(task.control);
  const now = session.serverNow();
  const { rng, worker, ids, batchSize } = task;
  const picks = new Rng(rng).at(RNG_PURPOSE.workerPicks, worker);
  const random = () => picks.unit();
  const specs = task.share.events.map(({ type }) => schema.event(type));
  const candidates = candidatesOf(
    specs.map(({ type }) => type),
    random,
  );
  let built = 0;
  const inserted = new Set(specs.flatMap(({ table, parents }) => [table, ...parents]));
  const known = new WorkerIds(schema.tables, ids, random, inserted, batchSize, () => undefined);
  const builder = new BatchBuilder(schema, task, known, candidates, random);
  const wire = new WireWriter();
  const stats = new WorkerStats(schema);
  const planned = new Set<string>();
  const isNew = specs.some(({ type }) => !practised.has(type));
  for (const { type } of specs) practised.add(type);
  const enough = isNew ? practiceFor(task.pace) : 0;
  const end = monotonicMs() + MOST_MS / task.aThread;
  do {
    for (const spec of specs) {
      wire.reset();
      for (let i = 0; i < packetDepth(batchSize); i++) {
        for (const table of [spec.table, ...spec.parents]) known.lend(table, built, batchSize + 1);
        built += batchSize;
        const writes = builder.build(spec, batchSize, now);
        const unplanned = writes.filter((write) => !planned.has(statementOf(write, 'exact').name));
        if (unplanned.length > 0) await plan(client, schema.tables, unplanned, task.returning);
        for (const write of unplanned) planned.add(statementOf(write, 'exact').name);
        const [outcome] = expectedOutcomes([{ spec, writes }]);
        if (outcome === undefined || outcome.pending === null) continue;
        stats.intend(outcome.pending, outcome.rows, outcome.events);
        // A partial update is entered as its stored row, and nothing is stored here.
        const isEntered = writes.every((write) => readBackBy(write, {}) === 'ids');
        if (task.ledger !== null && isEntered) practiceLedger(schema.tables, outcome);
        for (const write of writes) wire.execute(statementOf(write, 'exact'));
        stats.settle('committed');
        candidates.get(spec.type)?.keep(outcome.candidates);
      }
    }
  } while (built < enough && monotonicMs() < end && control.state === 'waiting');
}

/** Encodes a transaction for the ledger, and writes it nowhere. */
function practiceLedger(tables: Tables, { changes, lsn, subtransactions }: BatchOutcome): void {
  const record = intentOf(tables, { xid: null, lsn, changes, subtransactions }, 1, 0);
  sealText(recordText(record), 0);
}

/** How many events a worker of this pace builds for practice. */
function practiceFor(pace: PaceSpec): number {
  if (pace.kind === 'max') return PRACTICE_EVENTS;
  if (pace.kind === 'cycle') return 0;
  const first = new Curve(pace.segments).eventsBy(FIRST_MS) * (pace.shares[pace.worker] ?? 0);
  return Math.min(first, PRACTICE_EVENTS);
}

/** Has the server plan the statements of writes, on no rows: in their `exact` form and as read back. */
async function plan(
  client: Client,
  tables: Tables,
  writes: readonly Write[],
  returning: Returning,
): Promise<void> {
  const empty = writes.map((write) => ({ ...write, rows: [] }));
  await send(client, [
    BEGIN,
    ...empty.flatMap(({ table }) => {
      return table.links === null ? [] : [lockParents(table, table.links, [])];
    }),
    ...empty.map((write) => statementOf(write, readBackBy(write, returning))),
    ...empty.flatMap((write) => cascadesOf(tables, write).map(({ statement }) => statement)),
    ...empty
      .filter((write) => isPredictable(write, returning))
      .map((write) => statementOf(write, 'exact')),
  ]);
  await client.query('ROLLBACK');
}
