import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withConnection } from '../src/postgres/connect.js';
import type { TableName } from '../src/schema/table.js';
import { schemaWith } from '../src/schemas/index.js';
import { putBack, takeOff } from '../src/seed/indexes.js';
import { type Finding, Measurements } from './measure.js';
import { findTool, libpqEnvironment, run } from './peers.js';
import type { BenchServer } from './server.js';

const { tables: TABLES } = schemaWith([]);

/** Connections of every contender. */
const CONNECTIONS = 2;
/** Rows of the default volumes at scale 1, without the minimum. */
const DEFAULT_ROWS = 13_412;
/** Only the seed is timed, not the check of the rules after it. */
const SEED_ENV = { SEED_VALIDATE_FOREIGN_KEYS: 'false' };

export interface SeedOptions {
  readonly rounds: number;
  /** Rows of the comparison, approximately. */
  readonly rows: number;
  /** Rows of each of the runs that show how time per row grows. */
  readonly sizes: readonly number[];
}

/** `seed` beside `psql \copy` of the same rows. */
export async function benchSeed(server: BenchServer, options: SeedOptions): Promise<Finding[]> {
  const measured = new Measurements('rows/s');
  const scale = String(options.rows / DEFAULT_ROWS);
  const seed = async (scaled: string) => {
    await server.reset();
    const { seconds, stdout } = await server.cli(
      ['seed', '--json', '--scale', scaled, '--workers', String(CONNECTIONS)],
      SEED_ENV,
    );
    return (JSON.parse(stdout) as { written: number }).written / seconds;
  };

  const psql = findTool('psql');
  await seed(scale);
  const files = psql === null ? null : await exportRows(server, psql);
  for (let round = 0; round < options.rounds; round++) {
    measured.note('seed', await seed(scale));
    if (psql === null || files === null) continue;
    measured.note('floor', await copyBare(server, psql, files));
    measured.note('plain', await copyPlain(server, psql, files));
  }
  for (const size of options.sizes) {
    measured.note(`seed, ${size} rows`, await seed(String(size / DEFAULT_ROWS)));
  }

  const ours = measured.series('seed', 'seed');
  const label = `seed, ${options.rows} rows`;
  const smallest = options.sizes[0];
  return [
    {
      what: label,
      ours,
      peer: measured.series('floor', 'psql \\copy into bare tables, then indexes and keys'),
      least: 0.9,
    },
    {
      what: label,
      ours,
      peer: measured.series('plain', 'psql \\copy into the schema'),
      least: 3.5,
    },
    ...options.sizes.slice(1).map((size) => ({
      what: `time per row, ${size} rows`,
      ours: measured.series(`seed, ${smallest} rows`, `seed, ${smallest} rows`),
      peer: measured.series(`seed, ${size} rows`, `seed, ${size} rows`),
      // Rows a second of the small seed to those of the large one: the time per row, inverted.
      most: 1.25,
    })),
  ];
}

type Files = Readonly<Record<TableName, readonly string[]>>;

/** Writes the rows of the database to CSV files, one per table and connection. */
async function exportRows(server: BenchServer, psql: string): Promise<Files> {
  const files = TABLES.record(({ name }) =>
    Array.from({ length: CONNECTIONS }, (_, i) => join(server.folder, `${name}-${i}.csv`)),
  );
  const commands: string[] = [];
  for (const [table, parts] of Object.entries(files)) {
    for (const [i, file] of parts.entries()) {
      commands.push(
        `\\copy (SELECT ${columnsOf(table)} FROM ${table} WHERE id % ${CONNECTIONS} = ${i} ORDER BY id) TO '${file}' (FORMAT csv)`,
      );
    }
  }
  await psqlRun(server, psql, commands, 'export');
  return files;
}

/** The floor: COPY of finished rows into tables without indexes and keys, which are then built. */
async function copyBare(server: BenchServer, psql: string, files: Files): Promise<number> {
  await server.reset();
  await server.query('TRUNCATE convenios CASCADE');
  if (!(await withConnection(server.target, (client) => takeOff(client, schemaWith([]).tables))))
    throw new Error('the tables are in use');
  await server.settle();
  return timed(server, async () => {
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, i) =>
        copyFiles(server, psql, files, TABLES.names, i),
      ),
    );
    await putBack(server.target, CONNECTIONS);
  });
}

/** COPY of the same files into the finished schema, parents first. */
async function copyPlain(server: BenchServer, psql: string, files: Files): Promise<number> {
  await server.reset();
  await server.query('TRUNCATE convenios CASCADE');
  await server.settle();
  const parents = TABLES.parents.map(({ name }) => name);
  const children = TABLES.names.filter((table) => !parents.includes(table));
  return timed(server, async () => {
    for (const tables of [parents, children]) {
      await Promise.all(
        Array.from({ length: CONNECTIONS }, (_, i) => copyFiles(server, psql, files, tables, i)),
      );
    }
  });
}

async function copyFiles(
  server: BenchServer,
  psql: string,
  files: Files,
  tables: readonly TableName[],
  part: number,
): Promise<void> {
  const commands = tables.map(
    (table) => `\\copy ${table} (${columnsOf(table)}) FROM '${files[table]![part]}' (FORMAT csv)`,
  );
  await psqlRun(server, psql, commands, `copy-${part}`);
}

async function psqlRun(
  server: BenchServer,
  psql: string,
  commands: readonly string[],
  name: string,
): Promise<void> {
  const file = join(server.folder, `${name}.sql`);
  writeFileSync(file, `${commands.join('\n')}\n`);
  await run(psql, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file], {
    env: libpqEnvironment(server.target),
  });
}

/** Rows per second of a function that fills the tables. */
async function timed(server: BenchServer, work: () => Promise<void>): Promise<number> {
  const began = process.hrtime.bigint();
  await work();
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const counts = TABLES.names.map((table) => `(SELECT count(*) FROM ${table})`).join(' + ');
  const [row] = await server.query<{ rows: number }>(`SELECT (${counts})::float8 AS rows`);
  return (row?.rows ?? 0) / seconds;
}

function columnsOf(table: TableName): string {
  return TABLES.get(table)
    .columns.map(({ name }) => name)
    .join(', ');
}
