import { send } from '../../src/postgres/packet.js';
import { largeRows, parseNumbers } from '../../src/postgres/statements.js';
import { ALWAYS } from '../../src/schema/event.js';
import { idOf } from '../../src/schema/table.js';
import type { Host } from './batch-hazards.js';
import { wroteAny } from './new-rows.js';
import type { HazardTransaction } from './transaction.js';

/** Candidates that are looked at, and those of them with large values that are updated at most. */
const LOOKED_AT = 16;
const MOST_UPDATES = 3;

/** Updates rows whose large values are stored out of line, and leaves these alone. */
export async function leaveLargeValues(
  transaction: HazardTransaction,
  { candidates }: Host,
): Promise<void> {
  const { client, schema, maker, now } = transaction.tools;
  const { unchangedToast: type } = schema.hazards;
  const kept = type === null ? undefined : candidates.get(type);
  if (type === null || kept === undefined) return;
  const spec = schema.event(type);
  const table = schema.tables.get(spec.table);
  const taken = kept.take(LOOKED_AT);
  // Each stays one for later: nothing of its state hinders another update.
  if (spec.change.open === ALWAYS) kept.keep(taken);
  const byId = new Map(taken.map((candidate) => [idOf(candidate.key), candidate]));
  const [found] = await send(client, [largeRows(table, [...byId.keys()])]);
  const large = parseNumbers(found?.fields[0] ?? null).slice(0, MOST_UPDATES);
  if (large.length === 0) return;
  const updated = large.sort((a, b) => a - b).map((id) => byId.get(id)!);
  const rows = updated.map((candidate) => [
    idOf(candidate.key),
    ...spec.change.values(maker, candidate, now),
  ]);
  const update = { table, operation: 'update', rows, candidates: updated, spec } as const;
  if (wroteAny(await transaction.write([update]))) transaction.note('unchanged-toast');
}
