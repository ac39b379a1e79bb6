import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { initDb } from '../../../src/database/scripts.js';
import { readFacts } from '../../../src/ledger/facts-file.js';
import { withConnection } from '../../../src/postgres/connect.js';
import type { ConnectionTarget } from '../../../src/postgres/target.js';
import { schemaWith } from '../../../src/schemas/index.js';
import { Intake } from '../../../src/sources/intake.js';
import { tableScope } from '../../../src/sources/scope.js';
import { compareFinalState } from '../../../src/verify/rows/final-state.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { runCli } from '../../helpers/cli.js';
import { TEMPLATE_DATABASE } from '../../helpers/cluster-template.js';
import type { TestServer } from '../../helpers/server.js';
import { envOf } from '../../helpers/test-target.js';
import { ListSource, scriptDocument, verifySource } from '../../helpers/verify-script.js';
import {
  type Change,
  type LineForm,
  linesOf,
  REFERENCE,
  readChanges,
  type Steps,
} from './consumer.js';
import type { Fault } from './faults.js';
import { type NamedRow, namedRow } from './named-row.js';

const DATABASE = 'hard_rows';
const EXTENSIONS = ['prontuario'];
const SCHEMA = schemaWith(EXTENSIONS);
/** Bytes: enough to follow every row of these runs. */
const MEMORY_BYTES = 2 ** 24;

/** Two workers; rare values are those of items and vital signs. */
const SETTINGS = {
  SCHEMA_EXTENSIONS: EXTENSIONS.join(),
  STREAM_WORKERS: '2',
  STREAM_WEIGHTS:
    'consulta=8,exame=5,internacao=3,novo_paciente=3,vinculo=3,prontuario=9,sinal_vital=25,prescricao=10,auditoria=10,item_conta=40',
};

/** Makes rare values of seeded rows frequent, where updates leave them alone. */
const PREPARATION = `
  UPDATE prontuarios SET anexo = decode(noise, 'hex'), estrutura = to_jsonb(noise)
    FROM (SELECT string_agg(md5(i::text), '') AS noise FROM generate_series(1, 200) AS i) AS long
    WHERE id % 2 = 0;
  UPDATE sinais_vitais SET peso = 'NaN' WHERE paciente_id % 8 = 0;
  UPDATE faturamento."Itens da Conta" SET "Competência" = 'infinity' WHERE "Paciente" % 8 = 0;
  UPDATE faturamento."Itens da Conta" SET "Competência" = '-infinity' WHERE "Paciente" % 8 = 1`;

/** A way of publishing the run, and of writing its lines. */
interface Way {
  readonly name: string;
  readonly publication: string;
  readonly form: LineForm;
}

const WAYS: readonly Way[] = [
  { name: 'partitions', publication: 'FOR ALL TABLES', form: 'plain' },
  {
    name: 'roots',
    publication: 'FOR ALL TABLES WITH (publish_via_partition_root)',
    form: 'keyed',
  },
];

/** Lines of Debezium's JSON, without line feeds. */
export type Lines = readonly Buffer[];

/** How a change came about, as far as a consumer's fault may show or not by it. */
export const ORIGINS = ['insert', 'update', 'update of a seeded row', 'delete'] as const;
type Origin = (typeof ORIGINS)[number];

/** The changes of a run by one way of publishing. */
export class Sample {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly #target: ConnectionTarget;
  readonly #form: LineForm;
  readonly #ledger: string;
  readonly #lines: ReadonlyMap<Change, Lines>;
  readonly #origins = new Map<Change, Origin>();

  constructor(target: ConnectionTarget, ledger: string, way: Way, changes: readonly Change[]) {
    this.name = way.name;
    this.changes = changes;
    this.#target = target;
    this.#form = way.form;
    this.#ledger = ledger;
    this.#lines = new Map(changes.map((change) => [change, this.#linesOf(change, REFERENCE)]));
    const inserted = new Set<string>();
    for (const change of changes) {
      const { table, keys } = this.rowOf(change);
      const isOwn = keys.some((key) => inserted.has(`${table} ${key}`));
      if (change.operation !== 'delete') for (const key of keys) inserted.add(`${table} ${key}`);
      const isSeeded = change.operation === 'update' && !isOwn;
      this.#origins.set(change, isSeeded ? 'update of a seeded row' : change.operation);
    }
  }

  /** Throws where the change is another sample's. */
  originOf(change: Change): Origin {
    const origin = this.#origins.get(change);
    if (origin === undefined) throw new Error('not a change of this sample');
    return origin;
  }

  /** Whether another transaction follows: the lines of the last one could go on, so its events are never missing. */
  isFollowed({ xid }: Change): boolean {
    return xid !== this.changes.at(-1)?.xid;
  }

  /** The lines of a consumer with a fault, by the changes that it shows in. */
  spoiledBy({ spoil, losses }: Fault): ReadonlyMap<Change, Lines> {
    const lost = losses?.(this.changes);
    const steps = spoil?.(REFERENCE);
    const spoiled = new Map<Change, Lines>();
    for (const [change, right] of this.#lines) {
      if (lost?.has(change)) spoiled.set(change, []);
      if (steps === undefined) continue;
      const lines = this.#linesOf(change, steps);
      if (lines.some((line, i) => !line.equals(right[i]!))) spoiled.set(change, lines);
    }
    return spoiled;
  }

  /** The lines of all changes; those of some are replaced. */
  lines(replaced: ReadonlyMap<Change, Lines> = new Map()): Lines {
    return this.changes.flatMap((change) => replaced.get(change) ?? this.#lines.get(change)!);
  }

  #linesOf(change: Change, steps: Steps): Lines {
    const lines = linesOf(change, { form: this.#form, steps }, this.#target.database);
    return lines.map((line) => Buffer.from(line));
  }

  /** The row of a change, as the verdict names it. */
  rowOf(change: Change): NamedRow {
    return namedRow(SCHEMA.tables, change);
  }

  /** The verifier's document of lines. `tables`: the rows' last events are compared with the database. */
  async judge(lines: Lines, tables = false): Promise<VerificationDocument> {
    const { facts } = readFacts(this.#ledger);
    assert.ok(facts !== null);
    const { server, begin } = facts;
    const scope = tableScope(SCHEMA.tables, { database: server.database, tables: begin.tables });
    const options = { tables: SCHEMA.tables, scope, memoryBytes: MEMORY_BYTES };
    const source = new ListSource(
      lines,
      (sink) => {
        const intake = new Intake(sink, scope);
        let position = 0;
        return (line) => intake.line(line, 0, ++position, 0);
      },
      options,
    );
    const verification = await verifySource(this.#ledger, source, options);
    if (!tables) return scriptDocument(verification);
    return withConnection(this.#target, async (client) =>
      scriptDocument(verification, await compareFinalState(client, verification)),
    );
  }
}

/** Carries out a run with the extension in a new database, and reads it in each way. */
export async function takeSamples(
  server: TestServer,
  folder: string,
  events: number,
): Promise<Sample[]> {
  const cwd = join(folder, String(server.version));
  await mkdir(cwd);
  await server.query(`CREATE DATABASE ${DATABASE} TEMPLATE ${TEMPLATE_DATABASE}`);
  const target = server.target(DATABASE);
  const env = { ...envOf(target), ...SETTINGS };
  const execute = async (...args: string[]) => {
    const { code, stderr } = await runCli(args, { cwd, env });
    assert.equal(code, 0, stderr);
  };
  await withConnection(target, (client) => initDb(client, target, SCHEMA));
  await execute('seed', '--scale', '0.1');
  await withConnection(target, async (client) => {
    await client.query(PREPARATION);
    for (const { name, publication } of WAYS) {
      await client.query(`CREATE PUBLICATION ${name} ${publication}`);
      await client.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [name]);
    }
  });
  const ratios = ['--update-ratio', '0.3', '--delete-ratio', '0.05'];
  const size = ['--max-events', String(events), '--batch-size', '10', '--rate', 'max'];
  await execute('stream', ...size, ...ratios);
  const runs = join(cwd, 'logs', 'runs');
  const [run = ''] = readdirSync(runs);
  const samples: Sample[] = [];
  for (const way of WAYS) {
    const changes = await readChanges(target, way.name);
    const named = { ...way, name: `${way.name} of ${server.version}` };
    samples.push(new Sample(target, join(runs, run, 'ledger'), named, changes));
  }
  return samples;
}
