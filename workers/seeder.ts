import '../src/messages/english.js';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Patient, References } from '../src/legacy/events/event.js';
import { EVENTS } from '../src/legacy/events/index.js';
import { LinkPlan } from '../src/legacy/links.js';
import { RowMaker } from '../src/legacy/rows.js';
import { type Row, TABLE_CODES, type TableName } from '../src/legacy/tables.js';
import { withConnection } from '../src/postgres/connect.js';
import { describeFailure } from '../src/postgres/failures.js';
import { RNG_PURPOSE, Rng } from '../src/random/rng.js';
import { ChunkQueue } from '../src/seed/chunk-queue.js';
import { copyCommand, csvChunks } from '../src/seed/csv.js';
import { joinSeed } from '../src/seed/locks.js';
import { ParentList } from '../src/seed/parents.js';
import type { SeedChunk } from '../src/seed/plan.js';
import type { SeederResult, SeederTask } from '../src/seed/protocol.js';

/** The Piscina entry of `seed`: claims chunk after chunk, makes their rows, streams them by COPY. */
export default async function seed(task: SeederTask): Promise<SeederResult> {
  const queue = new ChunkQueue(task.queue);
  try {
    return await withConnection(task.target, async (client) => {
      await joinSeed(client);
      return copyChunks(client, task, queue);
    });
  } catch (error) {
    queue.stop();
    return { ended: 'failed', failure: describeFailure(error) };
  }
}

async function copyChunks(
  client: Client,
  task: SeederTask,
  queue: ChunkQueue,
): Promise<SeederResult> {
  const rows = new SeedRows(task);
  for (;;) {
    if (queue.stopped) return { ended: 'stopped' };
    const chunk = task.chunks[queue.claim()];
    if (chunk === undefined) return { ended: 'finished' };
    await copyChunk(client, rows, chunk, (count) => queue.wrote(task.worker, count));
  }
}

async function copyChunk(
  client: Client,
  rows: SeedRows,
  chunk: SeedChunk,
  onRows: (rows: number) => void,
): Promise<void> {
  const csv = csvChunks(chunk.count, (index) => rows.at(chunk, index), onRows);
  await pipeline(Readable.from(csv), client.query(copyFrom(copyCommand(chunk.table))));
}

/** The seeded rows: each a function of the seed number, the table, the id and the parents. */
class SeedRows {
  readonly #task: SeederTask;
  readonly #maker: RowMaker;
  readonly #rng: Rng;
  readonly #pacientes: ParentList;
  readonly #medicos: ParentList;
  readonly #convenios: ParentList;
  readonly #linkable: ParentList;
  readonly #links: LinkPlan;
  /** Both are filled anew for each row: millions of objects would be made otherwise. */
  readonly #linked = { id: 0, since: 0 };
  readonly #references: { -readonly [K in keyof References]: References[K] } = {
    paciente: { id: 0, since: 0 },
    medicoId: 0,
    convenioId: 0,
  };

  constructor(task: SeederTask) {
    this.#task = task;
    this.#maker = new RowMaker(task.rng, task.pools);
    this.#rng = new Rng(task.rng);
    this.#pacientes = new ParentList(task.parents.pacientes);
    this.#medicos = new ParentList(task.parents.medicos);
    this.#convenios = new ParentList(task.parents.convenios);
    this.#linkable = new ParentList(task.linkable);
    this.#links = new LinkPlan(task.rng, this.#linkable.count, this.#convenios.count);
  }

  /** The row at a position of a chunk. */
  at({ table, first, rank }: SeedChunk, index: number): Row {
    const id = first + index;
    const { reference } = this.#task;
    const references = this.#references;
    switch (table) {
      case 'pacientes':
        return this.#maker.paciente(id, this.#maker.patientSince(id, reference));
      case 'medicos':
        return this.#maker.medico(id);
      case 'convenios':
        return this.#maker.convenio(id);
      case 'pacientes_convenios': {
        const { patient, convenio } = this.#links.slot(rank + index);
        references.paciente = this.#linked;
        this.#linked.id = this.#linkable.id(patient);
        references.convenioId = this.#convenios.id(convenio);
        return EVENTS.vinculo.insert(this.#maker, id, references, reference);
      }
      case 'consultas':
        references.paciente = this.#patient(table, id);
        references.medicoId = this.#medicos.id(this.#rng.below(this.#medicos.count));
        return EVENTS.consulta.insert(this.#maker, id, references, reference);
      case 'exames':
        references.paciente = this.#patient(table, id);
        return EVENTS.exame.insert(this.#maker, id, references, reference);
      case 'internacoes':
        references.paciente = this.#patient(table, id);
        return EVENTS.internacao.insert(this.#maker, id, references, reference);
    }
  }

  #patient(table: TableName, id: number): Patient {
    const rng = this.#rng.at(RNG_PURPOSE.seedPicks, id, 1 + TABLE_CODES[table]);
    const index = rng.below(this.#pacientes.count);
    const patient = this.#pacientes.id(index);
    const since = this.#pacientes.since(index);
    return { id: patient, since: since ?? this.#maker.patientSince(patient, this.#task.reference) };
  }
}
