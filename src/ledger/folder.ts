import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where a run keeps its ledger, inside its folder. */
export function ledgerFolder(runFolder: string): string {
  return join(runFolder, 'ledger');
}

/** The file of a worker's nth connection (both from 1): names sort by worker, then by connection. */
export function ledgerFile(folder: string, worker: number, connection: number): string {
  const name = `worker-${String(worker).padStart(3, '0')}-${String(connection).padStart(5, '0')}`;
  return join(folder, `${name}.ndjson`);
}

const NAME = /^worker-(\d+)-(\d+)\.ndjson$/;

/** Whose file this is, by its name. */
export function filePlace(path: string): { worker: number; connection: number } {
  const [, worker, connection] = NAME.exec(basename(path)) ?? [];
  return { worker: Number(worker), connection: Number(connection) };
}

/** The files of a ledger, in the order of workers and of their connections; none when there is none. */
export function ledgerFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => join(folder, name));
}
