import { type KnownId, knownIdOf } from '../src/ids/known-id.js';
import type { WorkerIds } from '../src/ids/worker-ids.js';
import type { Candidate, EventSpec, Patient, References } from '../src/legacy/events/event.js';
import type { EventType } from '../src/legacy/events/index.js';
import { RowMaker } from '../src/legacy/rows.js';
import { rowProblem } from '../src/legacy/rules.js';
import type { ParentTable, Row, TableName } from '../src/legacy/tables.js';
import type { ProducerTask } from '../src/run/protocol.js';
import type { Candidates } from './candidates.js';
import type { Write } from './writes.js';

/** Picks after which a batch of links stops looking for a patient that it does not have yet. */
const DISTINCT_TRIES = 8;

/** Stands where an event type references no patient. */
const NO_PATIENT: Patient = { id: 0, since: 0 };

type BuilderTask = Pick<ProducerTask, 'rng' | 'pools' | 'updateRatio' | 'deleteRatio'>;

/**
 * Builds the rows of a batch: mostly inserts, some updates and deletes of candidates, and first a patient,
 * doctor or convênio where a table to reference is empty. Sends nothing; its ids must have been reserved.
 */
export class BatchBuilder {
  readonly #maker: RowMaker;
  readonly #updateRatio: number;
  readonly #deleteRatio: number;
  readonly #ids: Pick<WorkerIds, 'next' | 'pick'>;
  readonly #candidates: ReadonlyMap<EventType, Candidates>;
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(
    { rng, pools, updateRatio, deleteRatio }: BuilderTask,
    ids: Pick<WorkerIds, 'next' | 'pick'>,
    candidates: ReadonlyMap<EventType, Candidates>,
    random: () => number,
  ) {
    this.#maker = new RowMaker(rng, pools);
    this.#updateRatio = updateRatio;
    this.#deleteRatio = deleteRatio;
    this.#ids = ids;
    this.#candidates = candidates;
    this.#random = random;
  }

  /** The writes of a batch of `size` events of one type. `now`: ms since 1970, by the server's clock. */
  build(spec: EventSpec, size: number, now: number): Write[] {
    let updates = 0;
    let deletes = 0;
    for (let i = 0; i < size; i++) {
      const draw = this.#random();
      if (draw < this.#deleteRatio) deletes++;
      else if (draw < this.#deleteRatio + this.#updateRatio) updates++;
    }
    const open = this.#candidates.get(spec.type);
    const updated = byId(open?.take(updates) ?? []);
    const deleted = byId(open?.take(deletes) ?? []);
    return [
      ...(updated.length > 0 ? [this.#update(spec, updated, now)] : []),
      ...(deleted.length > 0 ? [remove(spec, deleted)] : []),
      ...this.inserts(spec, size - updated.length - deleted.length, now),
    ];
  }

  /** `count` inserts of the type; the first ones make a parent of each table that has none. */
  inserts(spec: EventSpec, count: number, now: number): Write[] {
    const made = new Map<ParentTable, KnownId>();
    const writes: Write[] = [];
    for (const table of spec.parents) {
      if (writes.length === count || this.#ids.pick(table) !== null) continue;
      const { write, known } = this.#parent(table, now);
      writes.push(write);
      made.set(table, known);
    }
    const rows: Row[] = [];
    const patients = new Set<number>();
    for (let i = writes.length; i < count; i++) {
      const references = this.#references(spec, made, patients);
      if (references === null) break;
      const id = this.#ids.next(spec.table);
      const row = spec.insert(this.#maker, id, references, now);
      requireRules(
        spec.table,
        row,
        spec.parents.includes('pacientes') ? references.paciente : null,
      );
      rows.push(row);
    }
    if (rows.length > 0) writes.push(insert(spec.table, rows));
    return writes;
  }

  /** `count` new patients: the fallback of a batch when no patient has room for a link. */
  patients(count: number, now: number): Write[] {
    const rows = Array.from({ length: count }, () =>
      this.#maker.paciente(this.#ids.next('pacientes'), now),
    );
    return [insert('pacientes', rows)];
  }

  #parent(table: ParentTable, now: number): { write: Write; known: KnownId } {
    const row = this.#maker.parent(table, this.#ids.next(table), now);
    return { write: insert(table, [row]), known: knownIdOf(table, row) };
  }

  /** Existing rows to reference; null where a batch of links finds no patient that it does not have yet. */
  #references(
    spec: EventSpec,
    made: ReadonlyMap<ParentTable, KnownId>,
    patients: Set<number>,
  ): References | null {
    const pick = (table: ParentTable) => this.#ids.pick(table) ?? made.get(table);
    const needs = (table: ParentTable) => spec.parents.includes(table);
    let paciente = NO_PATIENT;
    if (needs('pacientes')) {
      // A batch of links needs a different patient for each, so that each link can be judged alone.
      const distinct = spec.table === 'pacientes_convenios';
      for (let attempt = 0; ; attempt++) {
        const picked = pick('pacientes');
        if (picked === undefined || attempt === DISTINCT_TRIES) return null;
        if (distinct && patients.has(picked.id)) continue;
        if (distinct) patients.add(picked.id);
        paciente = picked;
        break;
      }
    }
    const medico = needs('medicos') ? pick('medicos') : undefined;
    const convenio = needs('convenios') ? pick('convenios') : undefined;
    return { paciente, medicoId: medico?.id ?? 0, convenioId: convenio?.id ?? 0 };
  }

  #update(spec: EventSpec, candidates: readonly Candidate[], now: number): Write {
    const rows = candidates.map((candidate) => [
      candidate.id,
      ...spec.change.values(this.#maker, candidate, now),
    ]);
    return { table: spec.table, operation: 'update', rows, candidates, spec };
  }
}

/** Throws where a row breaks a rule of the hospital: a defect of the program, which must not be sent. */
function requireRules(table: TableName, row: Row, patient: Patient | null): void {
  const broken = rowProblem(table, row, patient?.since ?? null);
  if (broken !== null) throw new Error(`a generated row of ${table} breaks the rule ${broken}`);
}

function insert(table: TableName, rows: readonly Row[]): Write {
  return { table, operation: 'insert', rows, candidates: [], spec: null };
}

function remove(spec: EventSpec, candidates: readonly Candidate[]): Write {
  const rows = candidates.map(({ id }) => [id]);
  return { table: spec.table, operation: 'delete', rows, candidates, spec };
}

/** In the order of ids, so that two writers of the same rows cannot deadlock. */
function byId(candidates: readonly Candidate[]): Candidate[] {
  const sorted = [...candidates].sort((a, b) => a.id - b.id);
  // After a lost connection a row may be a candidate twice.
  return sorted.filter(({ id }, i) => id !== sorted[i - 1]?.id);
}
