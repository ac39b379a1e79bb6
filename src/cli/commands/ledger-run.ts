import { basename, resolve } from 'node:path';
import { EXIT, OperatorError } from '../../errors.js';
import { ledgerFiles, ledgerFolder } from '../../ledger/folder.js';
import type { LedgerHeader } from '../../ledger/format.js';
import { compareServers, type ServerIdentity } from '../../postgres/identity.js';
import { isUnderWay } from '../../runs/folder.js';
import { findRun } from '../../runs/record.js';
import type { CommandContext } from './context.js';

/** A run that has a ledger. */
export interface LedgerRun {
  readonly runId: string;
  readonly folder: string;
  /** Of the ledger. */
  readonly ledger: string;
}

/** The run that the command's only name means, or the newest one. */
export function findLedger({ settings, cwd, names }: CommandContext): LedgerRun {
  const folder = findRun(resolve(cwd, settings.logging.dir), names[0], cwd);
  const runId = basename(folder);
  const ledger = ledgerFolder(folder);
  if (ledgerFiles(ledger).length === 0) {
    throw new OperatorError(EXIT.usage, (m) => m.ledger.none({ run: runId }));
  }
  return { runId, folder, ledger };
}

/** The same, of a run that has ended: what is still being written can't be judged. */
export function findEndedLedger(context: CommandContext): LedgerRun {
  const found = findLedger(context);
  if (isUnderWay(found.folder)) {
    throw new OperatorError(EXIT.state, (m) => m.ledger.underWay({ run: found.runId }));
  }
  return found;
}

/** Throws when a ledger is of another server or database than the one that is asked now. */
export function requireOwnServer(
  run: string,
  { server }: Pick<LedgerHeader, 'server'>,
  now: ServerIdentity,
): void {
  if (compareServers(server, now) !== 'other') return;
  const names = { before: server.database, now: now.database };
  throw new OperatorError(EXIT.state, (m) => m.ledger.otherServer({ run, ...names }));
}
