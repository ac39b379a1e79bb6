import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../src/report/summary.js';
import type { Finding, Series } from './measure.js';
import { findTool, libpqEnvironment, run } from './peers.js';
import type { BenchServer } from './server.js';

/** Connections of every contender. */
const CONNECTIONS = 4;
const BATCH = 50;

export interface StreamOptions {
  readonly rounds: number;
  /** Seconds that each contender runs in each round. */
  readonly seconds: number;
}

const PICK = `\\set p random(1, :patients)
\\set m random(1, :doctors)
`;
const VALUES = "(:p, :m, now()::timestamp, 'Consulta de rotina', 'agendada')";
const COLUMNS = '(paciente_id, medico_id, data, motivo, status)';

/** What the peers run. The first two bounds are :patients and :doctors. */
const SCRIPTS = {
  floor: `INSERT INTO consultas ${COLUMNS}
SELECT 1 + floor(random() * :patients)::bigint, 1 + floor(random() * :doctors)::bigint, now()::timestamp, 'Consulta de rotina', 'agendada'
FROM generate_series(1, ${BATCH});
`,
  pipelined: `\\startpipeline
BEGIN;
${Array.from({ length: BATCH }, (_, i) => `INSERT INTO consultas ${COLUMNS} VALUES (:p${i}, :m${i}, now()::timestamp, 'Consulta de rotina', 'agendada');`).join('\n')}
COMMIT;
\\endpipeline
`,
  single: `${PICK}INSERT INTO consultas ${COLUMNS} VALUES ${VALUES};
`,
};

function pipelinedScript(): string {
  const picks = Array.from(
    { length: BATCH },
    (_, i) => `\\set p${i} random(1, :patients)\n\\set m${i} random(1, :doctors)\n`,
  ).join('');
  return picks + SCRIPTS.pipelined;
}

/** `stream --rate max` beside pgbench, on the same tables. */
export async function benchStream(
  server: BenchServer,
  { rounds, seconds }: StreamOptions,
): Promise<Finding[]> {
  await server.reset();
  await server.cli(['seed', '--scale', '10'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  const [bounds] = await server.query<{ patients: number; doctors: number }>(
    'SELECT (SELECT max(id) FROM pacientes)::int AS patients, (SELECT max(id) FROM medicos)::int AS doctors',
  );
  const pgbench = findTool('pgbench');

  const peer = async (name: string, script: string, rowsPerTransaction: number) => {
    if (pgbench === null) return Number.NaN;
    const file = join(server.folder, `${name}.sql`);
    writeFileSync(file, script);
    await restore(server);
    const { stdout } = await run(
      pgbench,
      [
        '-n',
        '-M',
        'prepared',
        '-c',
        String(CONNECTIONS),
        '-j',
        '2',
        '-T',
        String(seconds),
        '-D',
        `patients=${bounds?.patients}`,
        '-D',
        `doctors=${bounds?.doctors}`,
        '-f',
        file,
      ],
      { env: libpqEnvironment(server.target) },
    );
    const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    return tps * rowsPerTransaction;
  };
  const ours = async (batch: number, extra: readonly string[]) => {
    await restore(server);
    const { stdout } = await server.cli([
      'stream',
      '--json',
      '--rate',
      'max',
      '--workers',
      String(CONNECTIONS),
      '--batch-size',
      String(batch),
      '--duration',
      `${seconds}s`,
      ...extra,
    ]);
    return (JSON.parse(stdout) as RunSummary).achieved_rate;
  };
  const consultas = ['--only', 'consulta', '--update-ratio', '0', '--delete-ratio', '0'];

  const values: Record<string, number[]> = {};
  const note = (name: string, value: number) => {
    values[name] = [...(values[name] ?? []), value];
    process.stderr.write(`  ${name}: ${Math.round(value)} rows/s\n`);
  };
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`round ${round + 1}\n`);
    note('ours50', await ours(BATCH, consultas));
    note('floor', await peer('floor', SCRIPTS.floor, BATCH));
    note('pipelined', await peer('pipelined', pipelinedScript(), BATCH));
    note('ours1', await ours(1, consultas));
    note('single', await peer('single', SCRIPTS.single, 1));
  }
  const series = (name: string, label: string): Series => ({
    name: label,
    unit: 'rows/s',
    values: values[name] ?? [],
  });
  return [
    {
      what: 'stream, consultas, batch 50',
      ours: series('ours50', 'stream'),
      peer: series('floor', 'pgbench INSERT … SELECT'),
      least: 0.92,
    },
    {
      what: 'stream, consultas, batch 50',
      ours: series('ours50', 'stream'),
      peer: series('pipelined', 'pgbench, 50 INSERTs in a pipeline'),
      least: 1.5,
    },
    {
      what: 'stream, consultas, batch 1',
      ours: series('ours1', 'stream'),
      peer: series('single', 'pgbench, one INSERT'),
      least: 0.95,
    },
  ];
}

/** The tables as the round before found them. */
async function restore(server: BenchServer): Promise<void> {
  await server.query('DELETE FROM consultas WHERE id > (SELECT 40000)');
  await server.query('VACUUM consultas');
  await server.settle();
}
