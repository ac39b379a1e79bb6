import assert from 'node:assert/strict';
import test from 'node:test';
import type { ConnectionTarget } from '../../src/postgres/target.js';
import { DebeziumEngine } from '../debezium/engine.js';
import { findJava, type Java } from '../debezium/java.js';
import { SHAPES, type Shape } from '../debezium/shapes.js';
import { type TestDatabase, withDatabase } from '../helpers/database.js';
import { startServers, type TestServer } from '../helpers/server.js';
import { withTempFolder } from '../helpers/temp-folder.js';
import { type MessageRow, writeEvents, writeMessages } from './files.js';
import { playScenario, prepareScenario } from './play.js';
import { LAST_ROW } from './scenario.js';

/**
 * Records the files of this folder again, from real servers and Debezium's engine. It is no test, and runs
 * only when it is asked for (README.md).
 */

/** The slot and the publication that pgoutput is read from. */
const NAME = 'golden';
/** The version that Debezium's events are of. */
const DEBEZIUM_VERSION = 18;
const HEARTBEAT_MS = 500;
/** More of them say nothing new. */
const HEARTBEATS = 2;
const LINES_BEHIND = 3;

const SETTINGS = {
  'snapshot.mode': 'initial',
  'skipped.operations': 'none',
  'heartbeat.interval.ms': String(HEARTBEAT_MS),
};

const { java } = await findJava();
assert.ok(java, 'the files are recorded where there is Java and Maven');
const servers = await startServers({ settings: { wal_level: 'logical' } });

for (const server of servers) {
  test(`${server.version}: the scenario is recorded`, () =>
    withTempFolder((folder) =>
      withDatabase(server, async (db) => {
        await prepareScenario(db.target);
        await db.query(`CREATE PUBLICATION ${NAME} FOR ALL TABLES`);
        await db.query(`SELECT pg_create_logical_replication_slot('${NAME}', 'pgoutput')`);
        if (server.version === DEBEZIUM_VERSION) await recordEvents(java, db.target, folder);
        else await playScenario(db.target);
        writeMessages(server.version, await messagesOf(db));
        await dropSlots(server);
      }),
    ));
}

/** All shapes capture at once, so that their events are of the same transactions. */
async function recordEvents(java: Java, target: ConnectionTarget, folder: string): Promise<void> {
  const engines = new Map<Shape, DebeziumEngine>();
  try {
    for (const shape of SHAPES) {
      const options = { java, target, folder, name: `hospital_${shape}`, shape };
      engines.set(shape, await DebeziumEngine.start({ ...options, settings: SETTINGS }));
    }
    await playScenario(target);
    for (const [shape, engine] of engines) {
      const lines = await engine.until(isComplete, `all events in the shape ${shape}`);
      assert.equal(engine.errors, '');
      writeEvents(
        shape,
        select(shape, lines, { [engine.name]: 'hospital', [target.database]: 'hospital_oltp' }),
      );
    }
  } finally {
    for (const engine of engines.values()) await engine.stop();
  }
}

/** The last row is followed by the end of its transaction and a heartbeat. */
function isComplete(lines: readonly string[]): boolean {
  const last = lines.findIndex((line) => line.includes(LAST_ROW));
  return last >= 0 && lines.length >= last + LINES_BEHIND;
}

/** Without the heartbeats that are too many; `names` that are of this recording only become others. */
function select(
  shape: Shape,
  lines: readonly string[],
  names: Readonly<Record<string, string>>,
): string[] {
  let heartbeats = 0;
  const kept = lines
    .slice(0, lines.findIndex((line) => line.includes(LAST_ROW)) + LINES_BEHIND)
    .filter((line) => {
      if (!isHeartbeat(shape, line)) return true;
      return ++heartbeats <= HEARTBEATS;
    })
    .map((line) =>
      Object.entries(names).reduce((text, [from, to]) => text.replaceAll(from, to), line),
    );
  return shape === 'schema' ? oneOfEach(kept) : kept;
}

/** Schemas are long: of each kind of event in each table one is enough. */
function oneOfEach(lines: readonly string[]): string[] {
  const seen = new Set<string>();
  return lines.filter((line) => {
    const { payload } = JSON.parse(line) ?? {};
    const kind = [payload?.source?.table, payload?.op, payload?.status, payload === null].join();
    if (seen.has(kind)) return false;
    seen.add(kind);
    return true;
  });
}

function isHeartbeat(shape: Shape, line: string): boolean {
  if (shape === 'entry') return line.includes('"topic":"__debezium-heartbeat');
  return /^(\{"schema":.*"payload":)?\{"ts_ms":\d+\}+$/.test(line);
}

function messagesOf(db: TestDatabase): Promise<MessageRow[]> {
  return db.query<MessageRow>(
    `SELECT lsn::text, xid::text, encode(data, 'hex') AS hex
       FROM pg_logical_slot_peek_binary_changes('${NAME}', NULL, NULL,
              'proto_version', '1', 'publication_names', '${NAME}', 'messages', 'true')`,
  );
}

async function dropSlots(server: TestServer): Promise<void> {
  await server.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
}
