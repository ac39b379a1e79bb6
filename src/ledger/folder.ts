import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** The folder of the ledger inside a run's folder. */
export function ledgerFolder(runFolder: string): string {
  return join(runFolder, 'ledger');
}

/** The file of a worker's nth connection (both from 1): names sort by worker, then by connection. */
export function ledgerFile(folder: string, worker: number, connection: number): string {
  const name = `worker-${String(worker).padStart(3, '0')}-${String(connection).padStart(5, '0')}`;
  return join(folder, `${name}.ndjson`);
}

const NAME = /^worker-(\d+)-(\d+)\.ndjson$/;

/** The worker and the connection in a file's name. */
export function fileNumbers(path: string): { worker: number; connection: number } {
  const [, worker, connection] = NAME.exec(basename(path)) ?? [];
  return { worker: Number(worker), connection: Number(connection) };
}

/** The workers' files of a ledger, by worker and connection; empty if there is no ledger. */
export function ledgerFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => join(folder, name));
}
