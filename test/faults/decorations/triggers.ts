import type { ReceivedRow } from '../../helpers/received-row.js';
import type { Sample } from '../mutants/sample.js';
import type { Decoration, Trial } from './decoration.js';
import { type Item, isHome } from './item.js';

/** Rows that triggers wrote in transactions of the run, by the run's event that they follow. */
export class TriggerRows {
  readonly #following = new Map<ReceivedRow['position'], ReceivedRow[]>();
  readonly #rows = new Set<ReceivedRow>();
  readonly #xids = new Map<ReceivedRow['position'], number | null>();

  constructor(sample: Sample) {
    if (!sample.derives) return;
    for (const group of sample.own) {
      let last: ReceivedRow | null = null;
      for (const event of sample.eventsOf(group)) {
        const { table, operation, key } = event;
        if (group.recorded.rows.has(`${table} ${operation} ${key}`)) last = event;
        else if (last === null) throw new Error(`${table} ${key} comes before any of the run`);
        else {
          this.#rows.add(event);
          this.#following.set(last.position, [
            ...(this.#following.get(last.position) ?? []),
            event,
          ]);
          this.#xids.set(last.position, last.xid);
        }
      }
    }
  }

  /** Removes them from a stream, because the ledger cannot show a harm to them. */
  takeOut(sample: Sample): Sample {
    if (this.#rows.size === 0) return sample;
    return sample.withEvents(sample.events.filter((event) => !this.#rows.has(event)));
  }

  /** Puts them back to their places. */
  putBack(items: readonly Item[], streamOf: Trial['streamOf']): Item[] {
    if (this.#rows.size === 0) return [...items];
    return items.flatMap((item) => {
      if (!isHome(item) || this.#xids.get(item.position) !== item.xid) return [item];
      const rows = this.#following.get(item.position) ?? [];
      return [item, ...rows.map((row) => ({ ...row, partition: streamOf(row) }))];
    });
  }
}

/** Adds the rows that a trigger copies into a table of the same name in another schema, each after its original. */
function archive(trial: Trial): boolean {
  let found = false;
  trial.items = trial.items.flatMap((item) => {
    if (!isHome(item) || item.operation !== 'delete' || item.table !== 'consultas') return [item];
    found = true;
    const values = [String(item.key), ...Array<null>(7).fill(null)];
    return [item, { ...item, operation: 'insert', values, from: { schema: 'arquivo' } }];
  });
  return found;
}

export const TRIGGERS: readonly Decoration[] = [
  { name: 'rows that a trigger wrote', family: 'triggers', fits: ({ derives }) => derives },
  {
    name: 'rows that a trigger copied into another schema',
    family: 'triggers',
    fits: ({ derives }) => derives,
    after: archive,
    others: true,
  },
  {
    name: 'rows that a trigger changed',
    family: 'triggers',
    fits: (sample) => sample.readsBack('consultas'),
  },
];
