import assert from 'node:assert/strict';
import test from 'node:test';
import { type Hazards, QUIET_SCHEMA } from '../../src/hazards/hazards.js';
import { monotonicMs } from '../../src/lib/clock.js';
import { schemaWith } from '../../src/schemas/index.js';
import type { TestDatabase } from '../helpers/database.js';
import { withHazardRun } from '../helpers/hazard-run.js';
import { startServer } from '../helpers/server.js';
import { waitFor } from '../helpers/wait-for.js';
import { withPlainWorkspace } from '../helpers/workspace.js';

const schema = schemaWith([]);
const server = await startServer(18, { durable: true, settings: { wal_level: 'logical' } });

/** Ctrl+C ends a run within this. */
const STOP_MS = 2_000;
const WORKERS = 2;
/** Deaths of a thread without progress after which a run fails. */
const MAX_STILLBORN = 3;
/** A thread of a hazard that lived so long is not one of these. */
const WAITED_MS = 1_500;
const LONG: Hazards = { long: { everyMs: 900, lengthMs: 60_000 } };
const HUGE: Hazards = { huge: { everyMs: 900, rows: 1_000_000 } };

/** A transaction that is open for longer than any batch. */
function openFor(db: TestDatabase, ms: number): () => Promise<boolean> {
  return async () => {
    const sessions = await db.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database()
          AND pid <> pg_backend_pid() AND now() - xact_start > $1 * interval '1 ms'`,
      [ms],
    );
    return sessions.length > 0;
  };
}

for (const [name, hazards] of [
  ['long', LONG],
  ['huge', HUGE],
] as const) {
  test(`a stop amid ${name} commits what is written, within two seconds`, () =>
    withPlainWorkspace(server, async ({ db, cwd }) => {
      await withHazardRun(db, cwd, schema, hazards, {}, async ({ engine, reports }) => {
        const running = engine.start();
        await waitFor(openFor(db, 500));
        const stopped = monotonicMs();
        engine.stop();
        const outcome = await running;
        const took = monotonicMs() - stopped;
        assert.ok(took < STOP_MS, `${took} ms`);
        assert.deepEqual([outcome.stoppedBy, outcome.cutOff], ['signal', false]);
        assert.deepEqual(outcome.hazards, { [name]: 1 });
        assert.equal(reports.length, 1);
        return outcome;
      });
    }));

  test(`a pause amid ${name} keeps it open, and writes nothing`, () =>
    withPlainWorkspace(server, async ({ db, cwd }) => {
      await withHazardRun(db, cwd, schema, hazards, {}, async ({ engine }) => {
        const running = engine.start();
        await waitFor(openFor(db, 500));
        engine.pause();
        await waitFor(async () => {
          const before = await walOf(db);
          await waitFor(openFor(db, 700));
          return (await walOf(db)) === before;
        });
        assert.ok(await openFor(db, 700)(), 'it is open');
        engine.resume();
        engine.stop();
        return running;
      });
    }));
}

async function walOf(db: TestDatabase): Promise<string> {
  const [row] = await db.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  return row?.lsn ?? '';
}

test('threads of hazards that are killed are replaced, and what they did is known', () =>
  withPlainWorkspace(server, async ({ db, cwd }) => {
    const hazards: Hazards = {
      'key-change': { everyMs: 100 },
      huge: { everyMs: 400, rows: 2_000 },
      long: { everyMs: 400, lengthMs: 200 },
    };
    await withHazardRun(db, cwd, schema, hazards, {}, async (run) => {
      const { engine, deaths, reports } = run;
      const running = engine.start();
      // Each happens between two deaths: a thread that dies three times without progress ends the run.
      const names = Object.keys(hazards);
      const allHappen = async () => {
        const before = reports.length;
        const happened = () => new Set(reports.slice(before).map(({ name }) => name));
        await waitFor(() => happened().size === names.length, { what: 'each hazard' });
      };
      for (let death = 0; death < 6; death++) {
        const inPlace = () => run.ready() === WORKERS + names.length + deaths.length;
        await waitFor(inPlace, { what: 'the thread in its place' });
        await allHappen();
        const before = deaths.length;
        const threads = engine.hazardThreads;
        await threads[death % threads.length]?.terminate();
        await waitFor(() => deaths.length > before, { what: 'the report of its death' });
      }
      await allHappen();
      engine.stop();
      return running;
    });
  }));

test('a thread that is killed again and again while it waits for its moment does not end the run', () =>
  withPlainWorkspace(server, async ({ db, cwd }) => {
    const hazards: Hazards = { 'key-change': { everyMs: 3_600_000 } };
    await withHazardRun(db, cwd, schema, hazards, {}, async ({ engine, deaths, ready }) => {
      const running = engine.start();
      for (let death = 0; death < MAX_STILLBORN; death++) {
        await waitFor(() => ready() === WORKERS + 1 + death);
        const readyAt = monotonicMs();
        await waitFor(() => monotonicMs() - readyAt > WAITED_MS);
        await engine.hazardThreads.at(-1)?.terminate();
        await waitFor(() => deaths.length > death);
      }
      await waitFor(() => ready() === WORKERS + 1 + MAX_STILLBORN);
      engine.stop();
      return running;
    });
  }));

test('the clock goes on when the thread that holds it is killed', () =>
  withPlainWorkspace(server, async ({ db, cwd }) => {
    const hazards: Hazards = { quiet: { everyMs: 900, lengthMs: 60_000 } };
    await withHazardRun(db, cwd, schema, hazards, {}, async ({ engine, deaths }) => {
      const running = engine.start();
      await waitFor(() => engine.sample().state === 'paused');
      await engine.hazardThreads.at(-1)?.terminate();
      await waitFor(() => deaths.length === 1);
      const { events } = engine.sample();
      await waitFor(() => engine.sample().events > events);
      await waitFor(() => engine.sample().state === 'paused');
      // The operator's own pause outlasts a hazard's.
      assert.equal(engine.pause(), true);
      await engine.hazardThreads.at(-1)?.terminate();
      await waitFor(() => deaths.length === 2);
      assert.equal(engine.sample().state, 'paused');
      assert.equal(engine.resume(), true);
      assert.equal(engine.sample().state, 'running');
      engine.stop();
      const outcome = await running;
      assert.deepEqual(outcome.hazards, { quiet: 0 });
      await db.query(`DROP SCHEMA IF EXISTS ${QUIET_SCHEMA} CASCADE`);
      return outcome;
    });
  }));

test('a server that crashes amid long and huge transactions: they come again, and the ledger is exact', () =>
  withPlainWorkspace(server, async ({ db, cwd }) => {
    const hazards: Hazards = {
      'key-change': { everyMs: 100 },
      huge: { everyMs: 600, rows: 2_000 },
      long: { everyMs: 1_500, lengthMs: 1_000 },
    };
    const load = { rate: 300 };
    await withHazardRun(db, cwd, schema, hazards, load, async ({ engine, reports }) => {
      const running = engine.start();
      for (let crash = 0; crash < 2; crash++) {
        await waitFor(openFor(db, 400));
        await server.stop('immediate');
        await server.start();
        const goal = reports.length + 10;
        await waitFor(() => reports.length >= goal, { what: 'hazards' });
      }
      await waitFor(() => reports.some(({ name }) => name === 'long'));
      engine.stop();
      return running;
    });
  }));
