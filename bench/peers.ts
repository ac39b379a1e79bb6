import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionTarget } from '../src/postgres/target.js';

/** Debian's folder with the programs of each version of PostgreSQL. */
const DEBIAN = '/usr/lib/postgresql';

/** Path of a tool of PostgreSQL, of the newest installed version; null if there is none. */
export function findTool(name: 'psql' | 'pgbench' | 'pg_recvlogical'): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = [
    ...versions
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}

/** Environment of a libpq program that connects to a server. */
export function libpqEnvironment(target: ConnectionTarget): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGPASSWORD: target.password ?? '',
    PGDATABASE: target.database,
  };
}

/** A program that ended. */
export interface Ran {
  readonly seconds: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and times the whole process. Rejects unless it exits with 0. */
export function run(
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string; cwd?: string } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const child = spawn(program, args, {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = Number(process.hrtime.bigint() - began) / 1e9;
      if (code === 0) resolve({ seconds, stdout, stderr });
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stderr}`));
    });
    child.stdin.end(options.input ?? '');
  });
}
