import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { TABLE_NAMES } from '../../../src/hospital/tables.js';
import type { VerificationDocument } from '../../../src/verify/document.js';
import { requireSum } from '../../helpers/accounting.js';
import { type CliResult, startCli } from '../../helpers/cli.js';
import { run, type Streamed, stream, type Ward } from '../stream/streaming.js';

/** A slot name that no other test has: slots are the server's, not the database's. */
export function newSlot(): string {
  return `verify_${randomBytes(4).toString('hex')}`;
}

/** Runs `verify next` in a ward while `body` runs something, and returns what it says. */
export async function verifyNext(
  ward: Ward,
  args: readonly string[],
  body: () => Promise<unknown>,
  code = 0,
): Promise<{ said: VerificationDocument; stderr: string }> {
  const cli = startCli(['verify', 'next', '--json', ...args], { cwd: ward.cwd, env: ward.env });
  try {
    await cli.until(/waiting for the next run/);
    await body();
    return saidBy(await cli.ended(), code);
  } finally {
    cli.child.kill('SIGKILL');
    await cli.ended();
  }
}

/** Runs `verify` of a run that is over. */
export async function verifyAfter(
  ward: Ward,
  args: readonly string[],
  code = 0,
): Promise<{ said: VerificationDocument; stderr: string }> {
  return saidBy(await run(ward, ['verify', '--json', ...args]), code);
}

function saidBy({ code, stdout, stderr }: CliResult, wanted: number) {
  assert.equal(code, wanted, `${stdout}\n${stderr}`);
  const said = JSON.parse(stdout) as VerificationDocument;
  assert.equal(said.exit_code, wanted);
  requireSum(said);
  return { said, stderr };
}

/** Nothing wrong, nothing unknown, and as many events as the run's summary has. */
export function assertExact(said: VerificationDocument, { summary }: Streamed): void {
  assert.equal(said.verdict, 'exact');
  assert.deepEqual(said.doubts, {});
  assert.deepEqual(said.examples, []);
  assert.equal(said.accounting.committed, summary.events);
  assert.equal(said.accounting.delivered, summary.events);
  assert.equal(said.transactions.expected, summary.transactions.committed);
  assert.equal(said.transactions.delivered, summary.transactions.committed);
}

/** Makes a permanent slot and a publication of the hospital's tables; both go with the server. */
export async function makeSlot({ db }: Ward, slot: string): Promise<void> {
  await db.query(`CREATE PUBLICATION ${slot} FOR TABLE ${TABLE_NAMES.join(', ')}`);
  await db.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
}

export async function dropSlot({ db }: Ward, slot: string): Promise<void> {
  await db.query(`SELECT pg_drop_replication_slot('${slot}')`);
}

export { stream };
