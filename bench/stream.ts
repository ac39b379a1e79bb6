import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../src/report/summary.js';
import { Collector, type Finding } from './measure.js';
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

const ROW = "now()::timestamp, 'Consulta de rotina', 'agendada'";
const COLUMNS = '(paciente_id, medico_id, data, motivo, status)';

/** One consulta in a transaction of its own. Wants `:patients` and `:doctors`. */
export const SINGLE_INSERT = `\\set p random(1, :patients)
\\set m random(1, :doctors)
INSERT INTO consultas ${COLUMNS} VALUES (:p, :m, ${ROW});
`;

/** A batch that the server makes up by itself: no work for a client at all. */
const FLOOR = `INSERT INTO consultas ${COLUMNS}
SELECT 1 + floor(random() * :patients)::bigint, 1 + floor(random() * :doctors)::bigint, ${ROW}
FROM generate_series(1, ${BATCH});
`;

/** A batch of single inserts, sent in one go. */
const PIPELINED = `${times(BATCH, (i) => `\\set p${i} random(1, :patients)\n\\set m${i} random(1, :doctors)`)}
\\startpipeline
BEGIN;
${times(BATCH, (i) => `INSERT INTO consultas ${COLUMNS} VALUES (:p${i}, :m${i}, ${ROW});`)}
COMMIT;
\\endpipeline
`;

/** The shares of the default weights, updates and deletes, as pgbench runs them side by side. */
const MIX: readonly { readonly weight: number; readonly script: string }[] = [
  {
    weight: 40,
    script: `INSERT INTO consultas ${COLUMNS}
SELECT 1 + floor(random() * :patients)::bigint, 1 + floor(random() * :doctors)::bigint, ${ROW}
FROM generate_series(1, 42);
UPDATE consultas SET status = 'realizada', data = now()::timestamp
 WHERE id IN (SELECT 1 + floor(random() * 40000)::bigint FROM generate_series(1, 8));
`,
  },
  {
    weight: 25,
    script: `INSERT INTO exames (paciente_id, tipo_exame, data)
SELECT 1 + floor(random() * :patients)::bigint, 'hemograma', now()::timestamp FROM generate_series(1, 42);
UPDATE exames SET resultado = 'normal'
 WHERE id IN (SELECT 1 + floor(random() * 35000)::bigint FROM generate_series(1, 8));
`,
  },
  {
    weight: 10,
    script: `INSERT INTO internacoes (paciente_id, data_entrada, motivo)
SELECT 1 + floor(random() * :patients)::bigint, now()::timestamp, 'observação' FROM generate_series(1, 42);
UPDATE internacoes SET data_saida = data_entrada + interval '5 days'
 WHERE id IN (SELECT 1 + floor(random() * 12000)::bigint FROM generate_series(1, 8));
`,
  },
  {
    weight: 15,
    script: `INSERT INTO pacientes (nome, nascimento, cpf, telefone, endereco)
SELECT 'Maria da Silva', '1980-01-01', left(gen_random_uuid()::text, 14), '(11) 91234-5678', 'Rua A, 1'
FROM generate_series(1, 42) ON CONFLICT DO NOTHING;
UPDATE pacientes SET telefone = '(11) 91234-5679'
 WHERE id IN (SELECT 1 + floor(random() * :patients)::bigint FROM generate_series(1, 8));
`,
  },
  {
    weight: 10,
    script: `INSERT INTO pacientes_convenios (paciente_id, convenio_id, numero_carteira, validade)
SELECT 1 + floor(random() * :patients)::bigint, 1 + floor(random() * 1000)::bigint, '123', '2027-01-01'
FROM generate_series(1, 42) ON CONFLICT DO NOTHING;
UPDATE pacientes_convenios SET validade = '2028-01-01'
 WHERE id IN (SELECT 1 + floor(random() * 25000)::bigint FROM generate_series(1, 8));
`,
  },
];

/** `stream --rate max` beside pgbench, on the same tables. */
export async function benchStream(
  server: BenchServer,
  { rounds, seconds }: StreamOptions,
): Promise<Finding[]> {
  const collector = new Collector('rows/s');
  const pgbench = findTool('pgbench');
  await server.reset();
  await server.cli(['seed', '--scale', '10'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  const [bounds] = await server.query<{ patients: number; doctors: number }>(
    'SELECT (SELECT max(id) FROM pacientes)::int AS patients, (SELECT max(id) FROM medicos)::int AS doctors',
  );

  const ours = async (name: string, batch: number, more: readonly string[] = []) => {
    await restore(server);
    const { stdout } = await server.cli([
      ...['stream', '--json', '--rate', 'max', '--workers', String(CONNECTIONS)],
      ...['--batch-size', String(batch), '--duration', `${seconds}s`, ...more],
    ]);
    collector.note(name, (JSON.parse(stdout) as RunSummary).achieved_rate);
  };
  const peer = async (
    name: string,
    scripts: readonly { weight: number; script: string }[],
    rowsPerTransaction: number,
  ) => {
    if (pgbench === null) return;
    const files = scripts.flatMap(({ weight, script }, i) => {
      const file = join(server.folder, `${name}-${i}.sql`);
      // pgbench runs a script of several statements as several transactions unless told otherwise.
      const one = script.split(';').length > 2 && !script.includes('BEGIN');
      writeFileSync(file, one ? `BEGIN;\n${script}COMMIT;\n` : script);
      return ['-f', `${file}@${weight}`];
    });
    await restore(server);
    const { stdout } = await run(
      pgbench,
      [
        ...['-n', '-M', 'prepared', '-c', String(CONNECTIONS), '-j', '2', '-T', String(seconds)],
        ...['-D', `patients=${bounds?.patients}`, '-D', `doctors=${bounds?.doctors}`, ...files],
      ],
      { env: libpqEnvironment(server.target) },
    );
    const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    collector.note(name, tps * rowsPerTransaction);
  };

  const consultas = ['--only', 'consulta', '--update-ratio', '0', '--delete-ratio', '0'];
  for (let round = 0; round < rounds; round++) {
    await ours('batch 50', BATCH, consultas);
    await peer('floor', [{ weight: 1, script: FLOOR }], BATCH);
    await peer('pipelined', [{ weight: 1, script: PIPELINED }], BATCH);
    await ours('batch 1', 1, consultas);
    await peer('single', [{ weight: 1, script: SINGLE_INSERT }], 1);
    await ours('mix', BATCH);
    await peer('mix of pgbench', MIX, BATCH);
  }
  const batch50 = collector.series('batch 50', 'stream');
  return [
    {
      what: 'stream, consultas, batch 50',
      ours: batch50,
      peer: collector.series('floor', 'pgbench, INSERT … SELECT'),
      least: 0.92,
    },
    {
      what: 'stream, consultas, batch 50',
      ours: batch50,
      peer: collector.series('pipelined', 'pgbench, 50 INSERTs in a pipeline'),
      least: 1.5,
    },
    {
      what: 'stream, consultas, batch 1',
      ours: collector.series('batch 1', 'stream'),
      peer: collector.series('single', 'pgbench, one INSERT'),
      least: 0.95,
    },
    {
      what: 'stream, default mix, batch 50',
      ours: collector.series('mix', 'stream'),
      peer: collector.series('mix of pgbench', 'pgbench, the same kinds of statements'),
      least: 1.2,
    },
  ];
}

/** The tables as the first round found them. */
async function restore(server: BenchServer): Promise<void> {
  for (const [table, rows] of Object.entries(SEEDED)) {
    await server.query(`DELETE FROM ${table} WHERE id > ${rows}`);
    await server.query(`VACUUM ${table}`);
  }
  await server.settle();
}

/** Rows that the seed at scale 10 writes into the tables that grow, children first. */
const SEEDED = {
  consultas: 40_000,
  exames: 35_000,
  internacoes: 12_000,
  pacientes_convenios: 25_000,
  pacientes: 20_000,
} as const;

function times(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}
