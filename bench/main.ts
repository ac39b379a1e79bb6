import '../src/messages/english.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '../src/errors.js';
import { packageRoot } from '../src/lib/package-root.js';
import { countSignals } from '../src/lib/signals.js';
import { formatTable } from '../src/lib/text-table.js';
import { benchLedger } from './ledger.js';
import { benchLedgerCheck } from './ledger-check.js';
import { type Finding, holds, ratiosOf, round, spreadOf, spreadText } from './measure.js';
import { benchMemory } from './memory.js';
import { benchPacing } from './pacing.js';
import { benchRows } from './rows.js';
import { benchSeed } from './seed.js';
import { BenchServer } from './server.js';
import { benchShapes } from './shapes.js';
import { benchSlot } from './slot.js';
import { benchStartUp } from './start-up.js';
import { benchStream } from './stream.js';
import { benchVerify } from './verify.js';

/** The benches by name; all of them run without one. */
const BENCHES: Readonly<Record<string, (server: BenchServer) => Promise<Finding[]>>> = {
  seed: (server) =>
    benchSeed(server, { rounds: 3, rows: 3_000_000, sizes: [300_000, 3_000_000, 10_000_000] }),
  stream: (server) => benchStream(server, { rounds: 3, seconds: 20 }),
  ledger: (server) => benchLedger(server, { rounds: 4, seconds: 20 }),
  pacing: (server) => benchPacing(server, { rounds: 1, seconds: 60 }),
  shapes: (server) => benchShapes(server, { workers: [1, 3, 8], batchSize: 50, seconds: 12 }),
  slot: (server) => benchSlot(server, { rounds: 3, events: 1_900_000 }),
  'ledger-check': (server) => benchLedgerCheck(server, { rounds: 5, changes: 1_900_000 }),
  verify: () => benchVerify({ rounds: 5, transactions: 60_000, most: 1_000_000 }),
  rows: () => benchRows({ rounds: 3, rows: 2_000_000 }),
  'start-up': (server) => benchStartUp(server, { rounds: 3, patients: 10_000_000, workers: 64 }),
  memory: (server) =>
    benchMemory(server, {
      rounds: 3,
      seconds: 20,
      patients: [10_000, 10_000_000],
      workers: [4, 64],
    }),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  process.stderr.write(
    `no bench ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exit(2);
}
let server: Promise<BenchServer> | null = null;
let stopping = false;
const onSignal = countSignals((times) => {
  stopping = true;
  // The server has a session of its own: nothing else would end it.
  const stopped = times === 1 ? server?.then((started) => started.stop()) : null;
  Promise.resolve(stopped)
    .catch(() => undefined)
    .finally(() => process.exit(EXIT.forced));
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
const findings: Finding[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stderr.write(`${name}\n`);
  server = BenchServer.start();
  const started = await server;
  try {
    findings.push(...(await bench(started)));
  } catch (error) {
    // A bench fails when its server is stopped; the process is about to end.
    if (stopping) await new Promise(() => undefined);
    throw error;
  } finally {
    await started.stop();
    server = null;
  }
}
process.stdout.write(
  formatTable([['what', 'ours', 'peer', 'ratio', 'asked', 'holds'], ...findings.map(rowOf)]),
);
save(findings);

function rowOf(finding: Finding): string[] {
  const { what: label, ours, peer, least, most } = finding;
  const asked = least !== undefined ? `≥ ${least}` : most !== undefined ? `≤ ${most}` : '';
  const own =
    ours.values.length === 0 ? 'skipped' : `${spreadText(spreadOf(ours.values))} ${ours.unit}`;
  if (peer === null) return [label, own, '', '', asked, verdict(finding)];
  if (peer.values.length === 0)
    return [label, own, `${peer.name}: skipped, not installed`, '', asked, ''];
  const other = `${peer.name} ${spreadText(spreadOf(peer.values))}`;
  return [label, own, other, spreadText(ratiosOf(ours, peer)), asked, verdict(finding)];
}

function verdict(finding: Finding): string {
  const held = holds(finding);
  return held === null ? '' : held ? 'yes' : 'NO';
}

/** Writes the findings to `results/`, with the machine that they were measured on. */
function save(results: readonly Finding[]): void {
  const folder = join(packageRoot(), 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gib: round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const file = join(folder, `${at.replaceAll(':', '-').slice(0, 19)}.json`);
  writeFileSync(file, `${JSON.stringify({ at, machine, findings: results }, null, 2)}\n`);
  process.stderr.write(`${file}\n`);
}
