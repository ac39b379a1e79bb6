import type { TableName } from '../../../src/schema/table.js';
import { hospital } from '../../helpers/hospital.js';
import type { ReceivedRow } from '../../helpers/received-row.js';
import type { OwnGroup, Sample } from '../mutants/sample.js';
import type { Decoration, Trial } from './decoration.js';
import { type Item, isHome, isSeam } from './item.js';
import { incrementOf, type Marks, snapshotOf } from './past.js';

/** Transactions of the run that remain for a harm after a snapshot. */
const FEWEST_LEFT = 6;
const MOST_CHUNKS = 3;
const MOST_ROWS = 20;
/** Transactions by which a blocking snapshot may be ahead of the stream. */
const MOST_AHEAD = 5;

function whole(marks: Marks) {
  return (trial: Trial): boolean => {
    const rows = trial.past.at(0).values();
    trial.begin.push(...placed(trial, snapshotOf(rows, trial.past.lsnAt(0), marks)));
    return true;
  };
}

/** The stream begins with a snapshot, taken between two transactions of the run. */
function within(marks: Marks, interrupted: boolean) {
  return (trial: Trial): boolean => {
    const { sample, past, rng } = trial;
    const seams = sample.groups.filter(({ begin }) => begin > 0).map(({ begin }) => begin);
    const latest = sample.own.at(-FEWEST_LEFT)?.begin ?? 0;
    const fitting = seams.filter((begin) => begin <= latest);
    if (fitting.length === 0) return false;
    const at = rng.pick(fitting);
    const rows = past.at(at);
    const expected = expectationOf(sample, at, rows);
    if (expected === null) return false;
    if (interrupted) {
      const first = rng.pick([0, ...fitting.filter((begin) => begin <= at)]);
      const all = snapshotOf(past.at(first).values(), past.lsnAt(first), marks);
      trial.begin.push(...placed(trial, all.slice(0, rng.between(1, all.length - 1))));
    }
    trial.begin.push(...placed(trial, snapshotOf(rows.values(), past.lsnAt(at), marks)));
    trial.view = sample.withEvents(sample.events.slice(at));
    trial.excused += expected.excused;
    if (expected.unclear > 0) trial.expected = 'indeterminate';
    return true;
  };
}

/**
 * The numbers of changes that a snapshot excuses and of those that it cannot decide about: another writer has changed
 * their rows in a column that the ledger has. Null: another writer deleted or reset a row of the run.
 */
function expectationOf(
  sample: Sample,
  end: number,
  rows: ReadonlyMap<string, ReceivedRow>,
): { excused: number; unclear: number } | null {
  // Their events cannot be told apart here.
  const isUnidentified = ({ fate, xid, lsn }: OwnGroup['recorded']) =>
    fate === 'committed' && (xid === null || lsn === null);
  if (sample.facts.transactions.some(isUnidentified)) return null;
  const versions = new Map<string, ReceivedRow[]>();
  for (const group of sample.own.filter((own) => own.end <= end)) {
    for (const event of sample.eventsOf(group)) {
      const { table, operation, key } = event;
      if (!group.recorded.rows.has(`${table} ${operation} ${key}`)) continue;
      const row = `${table} ${key}`;
      versions.set(row, [...(versions.get(row) ?? []), event]);
    }
  }
  let excused = 0;
  let unclear = 0;
  for (const [row, own] of versions) {
    const found = rows.get(row);
    const gone = own.findLastIndex(({ operation }) => operation === 'delete');
    if (found === undefined) {
      if (gone !== own.length - 1) return null;
      excused += own.length;
      continue;
    }
    const held = own.findLastIndex((_, last) => isHeld(sample, own.slice(0, last + 1), found));
    // The row equals an older version.
    if (held !== -1 && held < own.length - 1) return null;
    if (held === -1) unclear += own.length;
    else excused += own.length;
  }
  return { excused, unclear };
}

/** Whether a row equals the last of these versions; columns that an update does not set are the earlier version's. */
function isHeld(sample: Sample, versions: readonly ReceivedRow[], row: ReceivedRow): boolean {
  const last = versions.at(-1)!;
  if (last.operation === 'delete') return false;
  const { table } = last;
  const changing = [...hospital.events.values()]
    .filter((spec) => spec.table === table)
    .flatMap(({ change }) => change.columns);
  const full = versions.findLast(
    ({ operation }) => operation === 'insert' || sample.readsBack(table),
  );
  return hospital.tables.get(table).columns.every(({ name }, at) => {
    const version = changing.includes(name as never) ? last : full;
    return version === undefined || version.values?.[at] === row.values?.[at];
  });
}

function placed({ streamOf }: Trial, rows: readonly ReceivedRow[]): ReceivedRow[] {
  return rows.map((row) => ({ ...row, partition: streamOf(row) }));
}

/** The number of the sample's events before this place. */
function countBefore({ past }: Trial, items: readonly Item[], at: number): number {
  for (let i = at - 1; i >= 0; i--) {
    const item = items[i]!;
    const count = typeof item === 'object' ? past.countTo(item) : null;
    if (count !== null) return count;
  }
  return 0;
}

/** Chunks of rows as the tables have them at that moment. */
function incremental(trial: Trial): boolean {
  const { past, rng } = trial;
  for (let chunks = rng.between(1, MOST_CHUNKS); chunks > 0; chunks--) {
    const seams = trial.items.map((_, at) => at).filter((at) => isSeam(trial.items, at));
    const at = seams.length === 0 ? trial.items.length : rng.pick(seams);
    const all = [...past.at(countBefore(trial, trial.items, at)).values()];
    // Rows that the stream changed are the last ones.
    const recent = rng.chance(0.5) ? all.slice(-5 * MOST_ROWS) : all;
    const rows = Array.from({ length: rng.between(1, MOST_ROWS) }, () => rng.pick(recent));
    const before = trial.items[at - 1];
    const lsn = typeof before === 'object' ? before.lsn : null;
    trial.items = trial.items.toSpliced(at, 0, ...placed(trial, incrementOf(rows, lsn)));
  }
  return true;
}

/** Some tables, read again in the middle of the stream, and somewhat ahead of it. */
function blocking(marks: Marks) {
  return (trial: Trial): boolean => {
    const { sample, past, rng, items } = trial;
    const begun = items.findIndex((item) => isHome(item) && item.operation !== 'snapshot');
    if (begun === -1) return false;
    const seams = items.map((_, at) => at).filter((at) => at > begun && isSeam(items, at));
    const at = seams.length === 0 ? items.length : rng.pick(seams);
    const count = countBefore(trial, items, at);
    const ends = sample.groups.map(({ end }) => end).filter((end) => end >= count);
    const ahead = ends[rng.below(Math.min(MOST_AHEAD, ends.length))] ?? count;
    const tables = new Set<TableName>();
    for (let i = rng.between(1, 3); i > 0; i--) tables.add(rng.pick(hospital.tables.names));
    const rows = [...past.at(ahead).values()].filter(({ table }) => tables.has(table));
    if (rows.length === 0) return false;
    const snapshot = placed(trial, snapshotOf(rows, past.lsnAt(ahead), marks));
    trial.items = items.toSpliced(at, 0, ...snapshot);
    return true;
  };
}

const beginning = (name: string, before: (trial: Trial) => boolean): Decoration => ({
  name,
  family: 'beginning',
  before,
});
const inside = (name: string, after: (trial: Trial) => boolean): Decoration => ({
  name,
  family: 'snapshot',
  after,
});

export const SNAPSHOTS: readonly Decoration[] = [
  beginning('a snapshot from before the run', whole('places')),
  beginning('the same, its rows unmarked', whole('plain')),
  beginning('a snapshot from during the run', within('places', false)),
  beginning('the same, its rows unmarked, from during the run', within('plain', false)),
  beginning('a snapshot that was started again', within('places', true)),
  beginning('the same, its rows unmarked, started again', within('plain', true)),
  inside('an incremental snapshot', incremental),
  inside('a blocking snapshot', blocking('places')),
  inside('a blocking snapshot, its rows unmarked', blocking('plain')),
];
