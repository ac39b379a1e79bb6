import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunSummary } from '../src/runs/summary.js';
import { type Finding, Measurements } from './measure.js';
import { findTool, libpqEnvironment, run } from './peers.js';
import type { BenchServer } from './server.js';

/** Connections of every contender, unless it says otherwise. */
const CONNECTIONS = 4;
/** Connections of the contenders with one row a transaction. */
const SINGLE_CONNECTIONS = [4, 16, 64] as const;
const BATCH = 50;
/** Left out of the generator's processor time: its start, and the first compilations. */
const START_SECONDS = 5;

export interface StreamOptions {
  readonly rounds: number;
  /** Duration of each contender in each round. */
  readonly seconds: number;
}

/** Shares of a batch in the default mix, rounded: 84 % inserts, 15 % updates (and 1 % deletes). */
const INSERTS = 42;
const UPDATES = BATCH - INSERTS;

const COLUMNS = '(paciente_id, medico_id, data, motivo, status)';
/** SQL: a moment in the same two years as in our rows. */
const MOMENT = "now()::timestamp + (random() * 730 - 640) * interval '1 day'";
const ROW = `${MOMENT}, 'Consulta de rotina', 'agendada'`;
const PATIENT = '1 + floor(random() * :patients)::bigint';
const DOCTOR = '1 + floor(random() * :doctors)::bigint';

/** Script of pgbench: one consulta in a transaction. Needs `-D patients=…` and `-D doctors=…`. */
export const SINGLE_INSERT = `\\set p random(1, :patients)
\\set m random(1, :doctors)
INSERT INTO consultas ${COLUMNS} VALUES (:p, :m, ${ROW});
`;

/** A batch of rows that the server makes up: no work for a client. */
const FLOOR = `INSERT INTO consultas ${COLUMNS}
SELECT ${PATIENT}, ${DOCTOR}, ${ROW} FROM generate_series(1, ${BATCH});
`;

/** A batch of single inserts, sent in a pipeline. */
const PIPELINED = inPipeline(
  times(BATCH, (i) => `\\set p${i} random(1, :patients)\n\\set m${i} random(1, :doctors)`),
  times(BATCH, (i) => `INSERT INTO consultas ${COLUMNS} VALUES (:p${i}, :m${i}, ${ROW});`),
);

/** Changes of one event type of the default mix. */
interface MixedChanges {
  readonly weight: number;
  readonly into: string;
  /** A row, as a list of expressions; `:p` is a patient, `:c` a convênio. */
  readonly row: string;
  /** The SET list of an update. */
  readonly set: string;
  readonly table: string;
  /** Rows of the seed at scale 10, from which an update picks. */
  readonly seeded: number;
}

const MIX: readonly MixedChanges[] = [
  {
    weight: 40,
    table: 'consultas',
    into: COLUMNS,
    row: `:p, :m, ${ROW}`,
    set: "status = 'realizada', data = now()::timestamp",
    seeded: 40_000,
  },
  {
    weight: 25,
    table: 'exames',
    into: '(paciente_id, tipo_exame, data)',
    row: `:p, 'Hemograma', ${MOMENT}`,
    set: "resultado = 'normal'",
    seeded: 35_000,
  },
  {
    weight: 10,
    table: 'internacoes',
    into: '(paciente_id, data_entrada, motivo)',
    row: `:p, ${MOMENT}, 'Observação'`,
    set: "data_saida = data_entrada + interval '5 days'",
    seeded: 12_000,
  },
  {
    weight: 15,
    table: 'pacientes',
    into: '(nome, nascimento, cpf, telefone, endereco)',
    row: "'Maria da Silva', '1980-01-01', left(gen_random_uuid()::text, 14), '(11) 91234-5678', 'Rua A, 1'",
    set: "telefone = '(11) 91234-5679', endereco = 'Rua B, 2'",
    seeded: 20_000,
  },
  {
    weight: 10,
    table: 'pacientes_convenios',
    into: '(paciente_id, convenio_id, numero_carteira, validade)',
    row: ":p, :c, '123', '2027-01-01'",
    set: "validade = '2028-01-01'",
    seeded: 25_000,
  },
];

/** The changes of a batch, each in a statement of its own, sent in a pipeline. */
function oneByOne({ table, into, row, set, seeded }: MixedChanges): string {
  // Ascending, each in a range of its own: batches that lock rows in different orders would deadlock.
  const range = Math.floor(seeded / UPDATES);
  const picks = [
    times(
      INSERTS,
      (i) =>
        `\\set p${i} random(1, :patients)\n\\set m${i} random(1, :doctors)\n\\set c${i} random(1, 1000)`,
    ),
    times(UPDATES, (i) => `\\set u${i} random(${i * range + 1}, ${(i + 1) * range})`),
  ];
  const statements = [
    times(UPDATES, (i) => `UPDATE ${table} SET ${set} WHERE id = :u${i};`),
    times(INSERTS, (i) => {
      const values = row.replace(/:([pmc])\b/g, `:$1${i}`);
      return `INSERT INTO ${table} ${into} VALUES (${values}) ON CONFLICT DO NOTHING;`;
    }),
  ];
  return inPipeline(picks.join('\n'), statements.join('\n'));
}

/** The same changes in two statements, with rows that the server makes up. */
function byTheServer({ table, into, row, set, seeded }: MixedChanges): string {
  const values = row
    .replace(/:p\b/, PATIENT)
    .replace(/:m\b/, DOCTOR)
    .replace(/:c\b/, '1 + floor(random() * 1000)::bigint');
  return `BEGIN;
UPDATE ${table} SET ${set}
 WHERE id IN (SELECT 1 + floor(random() * ${seeded})::bigint FROM generate_series(1, ${UPDATES}) ORDER BY 1);
INSERT INTO ${table} ${into} SELECT ${values} FROM generate_series(1, ${INSERTS}) ON CONFLICT DO NOTHING;
COMMIT;
`;
}

function inPipeline(picks: string, statements: string): string {
  return `${picks}\n\\startpipeline\nBEGIN;\n${statements}\nCOMMIT;\n\\endpipeline\n`;
}

/** `stream --rate max` beside pgbench, on the same tables. */
export async function benchStream(
  server: BenchServer,
  { rounds, seconds }: StreamOptions,
): Promise<Finding[]> {
  const measured = new Measurements('rows/s');
  const processorTime = new Measurements('µs an event');
  const pgbench = findTool('pgbench');
  await server.reset();
  await server.cli(['seed', '--scale', '10'], { SEED_VALIDATE_FOREIGN_KEYS: 'false' });
  await server.keep();
  const [bounds] = await server.query<{ patients: number; doctors: number }>(
    'SELECT (SELECT max(id) FROM pacientes)::int AS patients, (SELECT max(id) FROM medicos)::int AS doctors',
  );

  const ours = async (
    name: string,
    batch: number,
    more: readonly string[] = [],
    connections = CONNECTIONS,
  ) => {
    await server.restore();
    const summary = await server.stream([
      ...['--rate', 'max', '--workers', String(connections)],
      ...['--batch-size', String(batch), '--duration', `${seconds}s`, ...more],
    ]);
    measured.note(name, summary.achieved_rate);
    return summary;
  };
  const peer = async (
    name: string,
    scripts: readonly { weight: number; script: string }[],
    rowsPerTransaction: number,
    connections = CONNECTIONS,
  ) => {
    if (pgbench === null) return;
    const files = scripts.flatMap(({ weight, script }, i) => {
      const file = join(server.folder, `${name}-${i}.sql`);
      writeFileSync(file, script);
      return ['-f', `${file}@${weight}`];
    });
    await server.restore();
    const { stdout } = await run(
      pgbench,
      [
        ...['-n', '-M', 'prepared', '-c', String(connections), '-j', '2', '-T', String(seconds)],
        ...['-D', `patients=${bounds?.patients}`, '-D', `doctors=${bounds?.doctors}`, ...files],
      ],
      { env: libpqEnvironment(server.target) },
    );
    const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    measured.note(name, tps * rowsPerTransaction);
  };

  const consultas = ['--only', 'consulta', '--update-ratio', '0', '--delete-ratio', '0'];
  for (let round = 0; round < rounds; round++) {
    await ours('batch 50', BATCH, consultas);
    await peer('floor', [{ weight: 1, script: FLOOR }], BATCH);
    await peer('pipelined', [{ weight: 1, script: PIPELINED }], BATCH);
    for (const connections of SINGLE_CONNECTIONS) {
      await ours(`batch 1, ${connections}`, 1, consultas, connections);
      const script = SINGLE_INSERT;
      await peer(`single, ${connections}`, [{ weight: 1, script }], 1, connections);
    }
    processorTime.note('mix', microsAnEvent(server, await ours('mix', BATCH)));
    await peer('mix one by one', scripts(oneByOne), BATCH);
    await peer('mix by the server', scripts(byTheServer), BATCH);
  }
  const batch50 = measured.series('batch 50', 'stream');
  return [
    {
      what: 'stream, consultas, batch 50',
      ours: batch50,
      peer: measured.series('floor', 'pgbench, INSERT … SELECT'),
      least: 0.92,
    },
    {
      what: 'stream, consultas, batch 50',
      ours: batch50,
      peer: measured.series('pipelined', 'pgbench, 50 INSERTs in a pipeline'),
      least: 1.6,
    },
    ...SINGLE_CONNECTIONS.map((connections) => ({
      what: `stream, consultas, batch 1, ${connections} connections`,
      ours: measured.series(`batch 1, ${connections}`, 'stream'),
      peer: measured.series(`single, ${connections}`, 'pgbench, one INSERT'),
      least: 1,
    })),
    {
      what: 'stream, default mix, batch 50',
      ours: measured.series('mix', 'stream'),
      peer: measured.series('mix one by one', 'pgbench, the same changes in a pipeline'),
      least: 1.3,
    },
    {
      what: 'stream, default mix, batch 50',
      ours: measured.series('mix', 'stream'),
      peer: measured.series('mix by the server', 'pgbench, the same changes, rows by the server'),
    },
    {
      what: 'processor time of the generator, default mix, batch 50',
      ours: processorTime.series('mix', 'stream'),
      peer: null,
      most: 2,
    },
  ];
}

/** Processor time of the whole generator for an event once it has started, from the series of the run. */
function microsAnEvent({ folder }: BenchServer, { run_id }: RunSummary): number {
  const series = readFileSync(join(folder, 'logs', 'runs', run_id, 'series.ndjson'), 'utf8');
  const samples = series
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { committed: number; cpu_cores: number })
    .slice(START_SECONDS);
  const sum = (of: 'committed' | 'cpu_cores') =>
    samples.reduce((total, sample) => total + sample[of], 0);
  return (1e6 * sum('cpu_cores')) / sum('committed');
}

function scripts(make: (changes: MixedChanges) => string) {
  return MIX.map((changes) => ({ weight: changes.weight, script: make(changes) }));
}

function times(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}
