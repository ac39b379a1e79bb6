import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseFacts } from '../database/facts.js';
import type { ServerIdentity } from '../postgres/identity.js';
import { type FactsHeader, type FactsRecord, type LedgerSchema, ledgerVersion } from './format.js';
import { type RecordedSchema, recordedSchema, type SharedRows } from './recorded-schema.js';
import { type SealedLine, SealedLines, seal } from './sealed-lines.js';

/** The database of a run, as the run found it. */
export interface LedgerFacts {
  readonly server: ServerIdentity;
  readonly begin: DatabaseFacts;
  /** Null if the run was killed, or could not reach the server at its end. */
  readonly end: DatabaseFacts | null;
}

/** The path of the file about the database. */
export function factsFile(ledger: string): string {
  return join(ledger, 'database.ndjson');
}

/**
 * Writes the facts that a run found when it began. Throws the errors of the file system.
 *
 * @param shared the rows that all connections of a run with hazards may write; null: it has no hazards
 */
export function writeFacts(
  schema: RecordedSchema,
  ledger: string,
  run: string,
  server: ServerIdentity,
  database: DatabaseFacts,
  shared: SharedRows | null = null,
): void {
  const ledgerHeader: FactsHeader = {
    ledger: ledgerVersion(schema, shared !== null),
    run,
    server,
    schema: recordedSchema(schema, shared ?? undefined),
  };
  const header = seal(ledgerHeader, 0);
  const record = seal({ found: 'begin', database }, header.chain);
  writeFileSync(factsFile(ledger), header.line + record.line);
}

/** Appends the facts that it found when it ended. Throws the errors of the file system. */
export function addFacts(ledger: string, database: DatabaseFacts): void {
  const path = factsFile(ledger);
  const { chain } = readLines(path);
  appendFileSync(path, seal({ found: 'end', database }, chain).line);
}

/**
 * Reads the file. `facts` is null if there is no file, as in version 1, or if its seals are broken (`damaged`). `schema`
 * is null in the same cases, and if the file is older than this member. `version`: of its format; 0 in the same cases.
 */
export function readFacts(ledger: string): {
  readonly facts: LedgerFacts | null;
  readonly schema: LedgerSchema | null;
  readonly version: number;
  readonly damaged: boolean;
} {
  const path = factsFile(ledger);
  const nothing = { facts: null, schema: null, version: 0 };
  if (!existsSync(path)) return { ...nothing, damaged: false };
  let header: FactsHeader | null = null;
  const found: Partial<Record<FactsRecord['found'], DatabaseFacts>> = {};
  for (const { record, problem } of readLines(path).lines) {
    if (problem === 'broken') return { ...nothing, damaged: true };
    if (record === null) continue;
    if ('ledger' in record) header = record;
    else found[record.found] = record.database;
  }
  const { begin, end = null } = found;
  if (header === null || begin === undefined) return { ...nothing, damaged: true };
  const { server, schema = null, ledger: version } = header;
  return { facts: { server, begin, end }, schema, version, damaged: false };
}

function readLines(path: string): {
  lines: SealedLine<FactsHeader | FactsRecord>[];
  chain: number;
} {
  const file = new SealedLines(path, isFactsRecord);
  const lines = [...file.push(readFileSync(path)), ...file.finish()];
  return { lines, chain: file.chain };
}

/** Members are not checked: the seal shows that this program wrote them. */
function isFactsRecord(value: unknown): value is FactsHeader | FactsRecord {
  return typeof value === 'object' && value !== null;
}
