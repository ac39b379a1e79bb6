import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseFacts } from '../database/facts.js';
import type { ServerIdentity } from '../postgres/identity.js';
import { type FactsHeader, type FactsRecord, LEDGER_VERSION, readSeal, seal } from './format.js';

/** What a run found in its database. */
export interface LedgerFacts {
  readonly server: ServerIdentity;
  readonly begin: DatabaseFacts;
  /** Null: the run did not come to look again. */
  readonly end: DatabaseFacts | null;
}

/** The file about the database, inside a ledger's folder. */
export function factsFile(ledger: string): string {
  return join(ledger, 'database.ndjson');
}

/** Writes what a run found when it began. Throws what the file system throws. */
export function writeFacts(
  ledger: string,
  run: string,
  server: ServerIdentity,
  database: DatabaseFacts,
): void {
  const header = seal({ ledger: LEDGER_VERSION, run, server }, 0);
  const record = seal({ found: 'begin', database }, header.chain);
  writeFileSync(factsFile(ledger), header.line + record.line);
}

/** Adds what it found when it ended. Throws what the file system throws. */
export function addFacts(ledger: string, database: DatabaseFacts): void {
  const path = factsFile(ledger);
  const last = readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  const { said } = readSeal(last, 0);
  writeFileSync(path, seal({ found: 'end', database }, said ?? 0).line, { flag: 'a' });
}

/** Null: there is no such file, as in version 1, or it is not what was written (`damaged`). */
export function readFacts(ledger: string): {
  readonly facts: LedgerFacts | null;
  readonly damaged: boolean;
} {
  const path = factsFile(ledger);
  if (!existsSync(path)) return { facts: null, damaged: false };
  let chain = 0;
  let header: FactsHeader | null = null;
  const found: Partial<Record<FactsRecord['found'], DatabaseFacts>> = {};
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const { said, is } = readSeal(line, chain);
    // What a process that was killed had begun to write.
    if (said === null) continue;
    if (said !== is) return { facts: null, damaged: true };
    chain = said;
    const record = JSON.parse(line) as FactsHeader | FactsRecord;
    if ('ledger' in record) header = record;
    else found[record.found] = record.database;
  }
  const { begin, end = null } = found;
  if (header === null || begin === undefined) return { facts: null, damaged: true };
  return { facts: { server: header.server, begin, end }, damaged: false };
}
