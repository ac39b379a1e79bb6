import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { HAZARD_NAMES, type HazardName } from '../../src/hazards/hazards.js';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';
import { startServers } from '../helpers/server.js';
import { EXTENSION, withExtendedWorkspace } from '../helpers/workspace.js';
import type { DebeziumEngine } from './engine.js';
import { findJava } from './java.js';
import { throughDebezium } from './through-debezium.js';

/** `npm run hazards` asks for 60. */
const SECONDS = Number(process.env.DEBEZIUM_SECONDS ?? 10);
const RATE = Number(process.env.DEBEZIUM_RATE ?? 150);
/** The engine is killed after so many lines: amid the run. */
const KILL_AFTER = (RATE * SECONDS) / 2;

/** Dials at which each hazard happens several times in a few seconds. */
const DIALS: Readonly<Record<HazardName, string>> = {
  rollback: '10%',
  savepoints: '10%',
  'hot-keys': '20%',
  'same-row': '10%',
  'out-of-order': '20%',
  copy: '10%',
  'unchanged-toast': '30%',
  'two-phase': '10%',
  message: '10%',
  'key-change': '1s',
  huge: '5000/5s',
  long: '2s/4s',
  truncate: '3s',
  quiet: '1s/6s',
  ddl: '1s',
  // The one that the engine makes.
  publication: 'dbz_json/3s',
};

/** Histories that Debezium itself gets wrong when it is killed: `known-faults.test.ts` has the smallest ones. */
const KNOWN_FAULTS: readonly HazardName[] = ['copy', 'key-change'];

const SETTINGS = {
  'skipped.operations': 'none',
  'decimal.handling.mode': 'string',
  'interval.handling.mode': 'string',
};

const { java, skip } = await findJava();
const servers =
  skip === false
    ? await startServers(
        { settings: { wal_level: 'logical', max_prepared_transactions: '20' } },
        [18],
      )
    : [];
if (servers.length === 0) test('hazards are verified through Debezium', { skip }, () => undefined);

for (const server of servers) {
  assert.ok(java);

  test(`${SECONDS} s with every hazard are exact through Debezium`, () =>
    withExtendedWorkspace(server, async (workspace) => {
      const { document, output } = await throughDebezium(workspace, {
        java,
        load: { rate: RATE, seconds: SECONDS, options: options(HAZARD_NAMES) },
        settings: SETTINGS,
      });
      assert.equal(document.verdict, 'exact', textOf(document, output));
      requireAll(document, HAZARD_NAMES);
    }));

  test(`${SECONDS} s with hazards are exact or repeated where its engine is killed`, () =>
    withExtendedWorkspace(server, async (workspace) => {
      const names = HAZARD_NAMES.filter((name) => !KNOWN_FAULTS.includes(name));
      const { document, output } = await throughDebezium(workspace, {
        java,
        load: { rate: RATE, seconds: SECONDS, options: options(names) },
        settings: SETTINGS,
        disturb: killOnce,
      });
      assert.ok(['exact', 'duplicates'].includes(document.verdict), textOf(document, output));
      requireAll(document, names);
    }));
}

function options(names: readonly HazardName[]): string[] {
  return [...EXTENSION, ...names.flatMap((name) => ['--hazard', `${name}=${DIALS[name]}`])];
}

async function killOnce(engine: DebeziumEngine): Promise<void> {
  await engine.until(KILL_AFTER, 'half of the events');
  await engine.kill();
  await engine.restart();
}

/** A hazard that did not happen proves nothing. `quiet` writes nothing that is recorded. */
function requireAll({ hazards }: VerificationDocument, names: readonly HazardName[]): void {
  const absent = names.filter((name) => name !== 'quiet' && (hazards?.[name] ?? 0) === 0);
  assert.deepEqual(absent, []);
}

function textOf(document: VerificationDocument, output: string): string {
  return `${JSON.stringify(document, null, 2)}\n${readFileSync(output, 'utf8').slice(-2_000)}`;
}
