import { IdView } from '../src/ids/view.js';
import type { ProducerTask } from '../src/run/protocol.js';
import type { EventType } from '../src/schemas/hospital/events/index.js';
import { RowMaker } from '../src/schemas/hospital/rows.js';
import type { ParentTable, TableName } from '../src/schemas/hospital/tables.js';
import { BatchWriter, leasesFor } from './batch.js';
import { BatchBuilder, type ComposerParts } from './batch-builder.js';
import { Candidates } from './candidates.js';
import type { OnLease } from './id-lease.js';

/** Puts together what writes a worker's batches, and the candidates that it will draw from. */
export function makeWriter(
  task: ProducerTask,
  random: () => number,
  onGone: (table: ParentTable, id: number) => void,
  onLease: OnLease,
): { readonly writer: BatchWriter; readonly candidates: ReadonlyMap<EventType, Candidates> } {
  const types = task.share.events.map(({ type }) => type);
  const view = new IdView(task.ids, random);
  const candidates = new Map(types.map((type) => [type, new Candidates(random)]));
  const leases = leasesFor([...types, 'novo_paciente'], task.batchSize, onLease);
  const lease = (table: TableName) => {
    const found = leases.get(table);
    if (found === undefined) throw new Error(`no lease for ${table}`);
    return found;
  };
  const composer = makeComposer(task, { view, candidates, lease, random });
  const { returning, tables } = task;
  const writer = new BatchWriter({ composer, view, candidates, leases, returning, tables, onGone });
  return { writer, candidates };
}

/** Puts together what decides what a worker's batches hold. */
export function makeComposer(
  { rng, pools, updateRatio, deleteRatio }: ProducerTask,
  parts: Pick<ComposerParts, 'view' | 'candidates' | 'lease' | 'random'>,
): BatchBuilder {
  return new BatchBuilder({ ...parts, maker: new RowMaker(rng, pools), updateRatio, deleteRatio });
}
