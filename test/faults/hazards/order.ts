import type { Rng } from '../../../src/random/rng.js';
import { isPrepared } from '../../../src/verify/ledger/expected.js';
import {
  changed,
  type Fault,
  followed,
  inserted,
  MISSING,
  moved,
  type Planted,
  pickOf,
  rowOf,
  rowsOf,
  shown,
  tableOf,
  without,
} from './fault.js';
import { grouped } from './grouped.js';
import type { RowDelivered, Transaction } from './reader.js';
import type { Line, Sample } from './sample.js';

/** From so many events on, a transaction is huge. */
const HUGE = 500;

/** Transactions that another one overtakes, or that overtake it. */
const MOST_OVERTAKEN = 5;

function keysOf(lines: readonly Line[], table: string) {
  return rowsOf(lines)
    .map(rowOf)
    .filter((row) => row.table === table)
    .flatMap(({ keys }) => keys);
}

/** A huge transaction, and those that follow it. */
function hugeOne(sample: Sample, rng: Rng) {
  const all = followed(sample);
  const huge = all.flatMap(([, lines], at) => (lines.length > HUGE ? [at] : []));
  const at = pickOf(huge, rng);
  if (at === null) return null;
  const [, lines] = all[at]!;
  return { lines, next: all.slice(at + 1).map(([, each]) => each) };
}

/** The first line after a place at which an event begins. */
function cutOf(lines: readonly Line[], rng: Rng): number {
  return rng.between(1, lines.length - 1);
}

const TORN = [shown('reordered', 'transaction_torn')];

/** Two transactions that updated a hot row one after the other, by different connections. */
function hotPair(sample: Sample, rng: Rng) {
  const latest = new Map<string, RowDelivered>();
  const pairs: { first: RowDelivered; second: RowDelivered }[] = [];
  for (const event of sample.rows) {
    const row = rowOf(event);
    if (!sample.isShared(row)) continue;
    const name = `${row.table} ${row.keys[0]}`;
    const first = latest.get(name);
    latest.set(name, event);
    if (first === undefined || first.of === event.of) continue;
    const [a, b] = [sample.expectedOf(first.of), sample.expectedOf(event.of)];
    if (a?.worker !== b?.worker) pairs.push({ first, second: event });
  }
  return pickOf(pairs, rng);
}

/** Delivers the first of two transactions right after the second. */
function swapped(
  sample: Sample,
  first: Transaction,
  second: Transaction,
  withMarks: boolean,
): Line[] {
  const [one, two] = [sample.committed.get(first)!, sample.committed.get(second)!];
  const lines = moved(sample.lines, one, { after: two.at(-1)! });
  if (withMarks) return lines;
  // As if the WAL had them in this order: each has the other's mark of the last COMMIT.
  const marks = new Map([
    [first, second.lastCommit],
    [second, first.lastCommit],
  ]);
  const done = new Set<unknown>();
  return lines.flatMap((line) => {
    const { event } = line;
    const lastCommit = event === null ? undefined : marks.get(event.of);
    if (event === null || lastCommit === undefined) return [line];
    if (done.has(event)) return [];
    done.add(event);
    const of = { ...event.of, lastCommit };
    return sample.linesOf(
      event.kind === 'row' ? { ...changed(event, { lastCommit }), of } : { ...event, of },
    );
  });
}

function swapsHot(form: string, withMarks: boolean): Fault {
  return {
    ...{ fault: 'swaps two transactions of a hot row', form },
    shown: [shown('reordered', 'hot_row')],
    plant(sample, rng) {
      const pair = hotPair(sample, rng);
      if (pair === null) return null;
      const { first, second } = pair;
      const { table } = rowOf(first);
      const both = new Set(keysOf(sample.committed.get(second.of)!, table));
      const keys = keysOf(sample.committed.get(first.of)!, table).filter((key) => both.has(key));
      return { lines: swapped(sample, first.of, second.of, withMarks), table, keys };
    },
  };
}

/** The four changes of one key in a transaction: insert, update, delete, insert. */
function foursOf(sample: Sample): RowDelivered[][] {
  const groups = grouped(sample.rows, (event) => {
    const { table, keys } = rowOf(event);
    return `${event.of.xid} ${table} ${keys[0]}`;
  });
  return [...groups.values()].filter(
    (events) =>
      events.map(({ change }) => change.operation).join() === 'insert,update,delete,insert',
  );
}

/** Delivers the four changes of a key in another order. `withLsns`: each keeps its LSN. */
function reorders(form: string, withLsns: boolean, shownAs: Fault['shown']): Fault {
  return {
    ...{ fault: 'reorders the changes of a key', form, shown: shownAs },
    plant(sample, rng) {
      const four = pickOf(foursOf(sample), rng);
      if (four === null) return null;
      const at = rng.below(four.length - 1);
      const order = four.with(at, four[at + 1]!).with(at + 1, four[at]!);
      const lines = four.map((event, i) => {
        const other = order[i]!;
        const { lsn } = withLsns ? other : event;
        return [event, sample.linesOf(changed({ ...other, lsn }, { lsn }))] as const;
      });
      const others = new Map<unknown, readonly Line[]>(lines);
      return {
        lines: sample.lines.flatMap((line) => others.get(line.event) ?? [line]),
        ...rowOf(four[0]!),
      };
    },
  };
}

/** A prepared transaction, and the first line of one that was committed a little earlier. */
function overtaking(sample: Sample, rng: Rng) {
  const all = followed(sample);
  const places = all.flatMap(([of, lines], at) => {
    const expected = sample.expectedOf(of);
    const [first] = all[at - rng.between(1, MOST_OVERTAKEN)]?.[1] ?? [];
    if (expected === undefined || !isPrepared(expected)) return [];
    return first === undefined || first.event?.kind === 'message' ? [] : [{ lines, first }];
  });
  return pickOf(places, rng);
}

/** Faults in the order of events, and in how often they come. */
export const ORDER_FAULTS: readonly Fault[] = [
  {
    ...{ fault: 'splits a huge transaction', form: "another one's events within it", shown: TORN },
    plant(sample, rng) {
      const { lines, next } = hugeOne(sample, rng) ?? {};
      const [other] = next ?? [];
      if (lines === undefined || other === undefined) return null;
      const at = cutOf(lines, rng);
      const table = tableOf(lines[at]!.event!);
      return {
        lines: moved(sample.lines, other, { before: lines[at]! }),
        ...{ table, keys: keysOf(lines.slice(at), table) },
      };
    },
  },
  {
    ...{ fault: 'splits a huge transaction', form: 'its rest after others', shown: TORN },
    plant(sample, rng) {
      const { lines, next } = hugeOne(sample, rng) ?? {};
      const other = next?.[rng.below(Math.min(MOST_OVERTAKEN, next.length))];
      if (lines === undefined || other === undefined) return null;
      const rest = lines.slice(cutOf(lines, rng));
      const table = tableOf(rest[0]!.event!);
      return {
        lines: moved(sample.lines, rest, { after: other.at(-1)! }),
        ...{ table, keys: keysOf(rest, table) },
      };
    },
  },
  {
    ...{
      fault: 'splits a huge transaction',
      form: 'its events among those of the next',
      shown: TORN,
    },
    plant(sample, rng) {
      const { lines, next } = hugeOne(sample, rng) ?? {};
      const other = next?.find((each) => each.length > 1);
      if (lines === undefined || other === undefined) return null;
      const rest = lines.slice(cutOf(lines, rng));
      const table = tableOf(rest[0]!.event!);
      return {
        lines: moved(sample.lines, rest, { before: other[1]! }),
        ...{ table, keys: keysOf(rest, table) },
      };
    },
  },
  swapsHot("with the server's marks", true),
  swapsHot('with marks of its own', false),
  {
    ...{ fault: 'collapses the changes of a key', form: 'to the last one', shown: [MISSING] },
    plant(sample, rng) {
      const four = pickOf(foursOf(sample), rng);
      if (four === null) return null;
      const lost = new Set<unknown>(four.slice(0, -1));
      return {
        lines: without(
          sample,
          sample.lines.filter(({ event }) => lost.has(event)),
        ),
        ...rowOf(four[0]!),
      };
    },
  },
  reorders('with their LSNs', true, [shown('reordered', 'lsn_falls')]),
  reorders('with LSNs that rise', false, [
    shown('inconsistent', 'exists_already', 'does_not_exist'),
  ]),
  {
    fault: 'delivers a prepared transaction when it is prepared',
    form: 'before others',
    shown: [shown('reordered', 'transaction_late')],
    plant(sample, rng) {
      const { lines, first } = overtaking(sample, rng) ?? {};
      if (lines === undefined || first === undefined) return null;
      const table = tableOf(first.event!);
      return {
        lines: moved(sample.lines, lines, { before: first }),
        ...{ table, keys: keysOf([first], table) },
      };
    },
  },
  {
    fault: 'delivers a prepared transaction when it is prepared',
    form: 'and again when it is committed',
    shown: [shown('duplicated', 'replay_skips')],
    plant(sample, rng) {
      const { lines, first } = overtaking(sample, rng) ?? {};
      const last = rowsOf(lines ?? []).at(-1);
      if (lines === undefined || first === undefined || last === undefined) return null;
      const { table } = rowOf(last);
      return { lines: inserted(sample, lines, first), table, keys: keysOf(lines, table) };
    },
  },
  {
    fault: 'delivers a truncate too late',
    form: 'after the next writer of its table',
    shown: [shown('reordered', 'across_table_lock')],
    plant(sample, rng) {
      const all = followed(sample);
      const places = all.flatMap(
        ([, lines], at): { lines: readonly Line[]; table: string; other: readonly Line[] }[] => {
          const truncate = lines.find(({ event }) => event?.kind === 'truncate')?.event;
          if (truncate === undefined || truncate === null) return [];
          const table = tableOf(truncate);
          const next = all
            .slice(at + 1)
            .find(([, each]) => rowsOf(each).some((row) => rowOf(row).table === table));
          return next === undefined ? [] : [{ lines, table, other: next[1] }];
        },
      );
      const place = pickOf(places, rng);
      if (place === null) return null;
      const { lines, table, other } = place;
      return {
        lines: moved(sample.lines, lines, { after: other.at(-1)! }),
        ...{ table, keys: [null, ...keysOf([...lines, ...other], table)] },
      };
    },
  },
  {
    fault: 'delivers a row of before a truncate after it',
    form: 'the last writer of its table',
    shown: [shown('reordered', 'across_table_lock')],
    plant(sample, rng) {
      const all = followed(sample);
      const places = all.flatMap(
        ([, lines], at): { lines: readonly Line[]; table: string; other: readonly Line[] }[] => {
          const truncate = lines.find(({ event }) => event?.kind === 'truncate')?.event;
          if (truncate === undefined || truncate === null) return [];
          const table = tableOf(truncate);
          const last = all
            .slice(0, at)
            .findLast(([, each]) => rowsOf(each).some((row) => rowOf(row).table === table));
          return last === undefined ? [] : [{ lines, table, other: last[1] }];
        },
      );
      const place = pickOf(places, rng);
      if (place === null) return null;
      const { lines, table, other } = place;
      return {
        lines: moved(sample.lines, other, { after: lines.at(-1)! }),
        ...{ table, keys: [null, ...keysOf(other, table)] },
      };
    },
  },
  ...['of a table that is not published', 'of any table'].map(
    (form, i): Fault => ({
      ...{ fault: 'delivers a change twice', form },
      shown: [shown('duplicated', 'replay_skips')],
      ...(i === 0 ? { publication: 'listed' } : {}),
      plant(sample, rng): Planted | null {
        const changes = i === 0 ? sample.unpublished : sample.rows;
        const event = pickOf(changes, rng);
        if (event === null) return null;
        const lines = sample.lines.filter((line) => line.event === event);
        const from = sample.lines.indexOf(lines.at(-1)!);
        const at = Math.min(from + rng.between(2, 200), sample.lines.length - 50);
        if (at <= from + 1) return null;
        const all = sample.lines.toSpliced(at, 0, ...lines);
        return { lines: all, ...rowOf(event) };
      },
    }),
  ),
];
