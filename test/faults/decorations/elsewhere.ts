import type { LineRow, RowPlace } from '../../helpers/debezium-lines.js';
import { hospital } from '../../helpers/hospital.js';
import { changeValue } from '../mutants/changes.js';
import type { Decoration, Trial } from './decoration.js';
import { scatter } from './decoration.js';
import { isHome } from './item.js';
import { snapshotOf } from './past.js';

const MOST = 25;
/** Events that make the run's connector known before another one's events. */
const KNOWN = 3;

/** A row of the same name elsewhere, similar to one of the run's. */
function another(trial: Trial, from: Partial<RowPlace>, faithful: boolean): LineRow {
  const { sample, rng } = trial;
  const { events, taken, facts } = sample;
  const group = rng.pick(sample.own);
  const event = events[rng.between(group.begin, group.end - 1)]!;
  const xid = rng.between(1, 5_000);
  const lsn = rng.chance(0.5) ? event.lsn : rng.below(taken.end);
  const values = [String(event.key), ...Array<null>(9).fill(null)];
  switch (rng.below(faithful ? 6 : 5)) {
    case 0:
      return { ...event, operation: 'delete', values: null, xid, from };
    case 1: {
      const unused = hospital.tables.names.filter(
        (table) => (facts.unused.get(table)?.length ?? 0) > 0,
      );
      if (unused.length === 0) return { ...event, xid, lsn, from };
      const table = rng.pick(unused);
      const key = rng.pick(facts.unused.get(table)!);
      const row = [String(key), ...Array<null>(8).fill(null)];
      return { ...event, operation: 'insert', table, key, values: row, xid, lsn, from };
    }
    case 2:
      return { ...snapshotOf([rng.pick(taken.rows)], lsn, 'plain')[0]!, from };
    case 3:
      return { ...event, operation: 'update', values: event.values ?? values, xid, lsn, from };
    case 4:
      return { ...changeValue(event, 1, rng), xid, lsn, from };
    default:
      return { ...event, from };
  }
}

function some(from: Partial<RowPlace>) {
  return (trial: Trial): boolean => {
    const { rng } = trial;
    const pieces = Array.from({ length: rng.between(1, MOST) }, () => [another(trial, from, true)]);
    trial.items = scatter(trial, pieces);
    return true;
  };
}

const OTHER_CONNECTOR: Partial<RowPlace> = { origin: 'outro' };

/** After the run's connector is known. */
function connectorLater(trial: Trial): boolean {
  const { rng, items, view } = trial;
  const own = new Set(view.own.flatMap((group) => view.eventsOf(group)));
  let known = 0;
  const since = items.findIndex((item) => isHome(item) && own.has(item) && ++known >= KNOWN);
  if (since === -1) return false;
  const pieces = Array.from({ length: rng.between(1, MOST) }, () => [
    another(trial, OTHER_CONNECTOR, true),
  ]);
  trial.items = scatter(trial, pieces, (at) => at > since);
  return true;
}

/** Before the run's connector is known; no event is exactly as the ledger has it. */
function connectorFirst(trial: Trial): boolean {
  const { rng } = trial;
  const pieces = Array.from({ length: rng.between(1, MOST) }, () => [
    another(trial, OTHER_CONNECTOR, false),
  ]);
  const [first = [], ...more] = pieces;
  trial.items = [...first, ...scatter(trial, more)];
  return true;
}

/** The whole snapshot of another server, whose tables equal the run's at its beginning. */
function connectorSnapshot(trial: Trial): boolean {
  const { past } = trial;
  const rows = snapshotOf(past.at(0).values(), past.lsnAt(0), 'places');
  const otherRows = rows.map((row) => ({ ...row, from: OTHER_CONNECTOR }));
  trial.items = trial.rng.chance(0.5)
    ? [...otherRows, ...trial.items]
    : scatter(trial, [otherRows]);
  return true;
}

export const ELSEWHERE: readonly Decoration[] = [
  {
    name: 'rows of another schema',
    family: 'elsewhere',
    after: some({ schema: 'arquivo' }),
    others: true,
  },
  {
    name: 'rows of another database',
    family: 'elsewhere',
    after: some({ database: 'outro' }),
    others: true,
  },
  { name: 'rows of another connector', family: 'elsewhere', after: connectorLater },
  {
    name: 'rows of another connector, from the first on',
    family: 'elsewhere',
    after: connectorFirst,
  },
  { name: "another connector's snapshot", family: 'elsewhere', after: connectorSnapshot },
];
