import type { HazardName } from '../../../src/hazards/hazards.js';
import type { Rng } from '../../../src/random/rng.js';
import type { Expected } from '../../../src/verify/ledger/expected.js';
import type { Change } from '../hard-rows/consumer.js';
import {
  changed,
  type Fault,
  inserted,
  type Planted,
  pickOf,
  rowOf,
  rowsOf,
  shown,
  tableOf,
} from './fault.js';
import { grouped } from './grouped.js';
import { listed, textOf, writtenAgain } from './ledger.js';
import type { RowDelivered, Transaction } from './reader.js';
import { SCHEMA } from './run.js';
import type { Line, Sample } from './sample.js';

/** Bytes between two changes that the WAL was not read for. */
const STEP = 8n;

const { tables } = SCHEMA;

/** Inserts events of rows; the verdict names one of those that the ledger has as rolled back. */
function delivering(sample: Sample, events: readonly RowDelivered[], before: Line): Planted | null {
  const [first] = events;
  if (first === undefined) return null;
  const { table } = rowOf(first);
  const own = events.map(rowOf).filter((row) => row.table === table);
  return {
    lines: inserted(
      sample,
      events.flatMap((event) => sample.linesOf(event)),
      before,
    ),
    ...{ table, keys: own.flatMap(({ keys }) => keys) },
  };
}

/** The first line of a transaction that was committed after these events were received. */
function lineAfter(sample: Sample, [event]: readonly RowDelivered[]): Line | undefined {
  const from = event === undefined ? -1 : sample.events.indexOf(event);
  const later = new Set(sample.events.slice(from + 1));
  return sample.lines.find(
    (line) => line.event !== null && later.has(line.event) && line.event.of !== event?.of,
  );
}

/** The events of the second transaction, as those of the first, which was rolled back. */
function asRolledBack(aborted: Expected, again: readonly Line[]): RowDelivered[] {
  const own = new Set(listed(tables, aborted.rows).map(textOf));
  const events = rowsOf(again).filter((event) => {
    const { table, keys } = rowOf(event);
    const { operation } = event.change;
    return keys.some((key) => own.has(textOf({ table, operation, key })));
  });
  const end = again[0]!.event!.lsn;
  return events.map((event, i) => {
    const lsn = end - STEP * BigInt(events.length - i);
    return changed({ ...event, lsn }, { xid: aborted.xid ?? 0, lsn });
  });
}

/** Makes the events of a transaction that was rolled back from those with which it was written again. */
function madeUp(sample: Sample, rng: Rng, name: HazardName): Planted | null {
  const choices = sample.ledger.flatMap((aborted) => {
    const { fate, hazards, xid } = aborted;
    const isMeant = name === 'rollback' || hazards?.rollback === true;
    if (fate !== 'aborted' || hazards?.names.includes(name) !== true || !isMeant) return [];
    const again = xid === null ? undefined : writtenAgain(tables, sample.ledger, aborted);
    const lines = again === undefined ? undefined : sample.linesOfXid(again.xid ?? 0);
    return lines === undefined ? [] : [{ aborted, lines }];
  });
  const choice = pickOf(choices, rng);
  if (choice === null) return null;
  const { aborted, lines } = choice;
  return delivering(sample, asRolledBack(aborted, lines), lines[0]!);
}

/** Delivers a transaction that was rolled back and that the slot delivered before. */
function received(sample: Sample, rng: Rng, name: HazardName): Planted | null {
  const meant = new Set(
    sample.ledger.flatMap(({ fate, hazards, xid }) =>
      fate === 'aborted' && hazards?.names.includes(name) === true ? [xid] : [],
    ),
  );
  const rolledBack = sample.events.filter(
    (event): event is RowDelivered =>
      event.kind === 'row' && event.of.committedAt === null && meant.has(event.of.xid),
  );
  const groups = [...grouped(rolledBack, ({ of }) => of).values()];
  const events = (pickOf(groups, rng) ?? []).filter(({ isUndone }) => !isUndone);
  const before = lineAfter(sample, events);
  return before === undefined ? null : delivering(sample, events, before);
}

const ROLLED_BACK = [shown('phantom', 'rolled_back')];
const UNDONE = [shown('phantom', 'rolled_back_savepoint')];

/** A row of another key, as the consumer would have it. */
function withKey(like: RowDelivered, key: string): Partial<Change> {
  const row = like.change.row!.map((value, i) => (like.change.columns[i]!.inKey ? key : value));
  return { row, xid: like.of.xid! };
}

/** Faults that deliver what was rolled back. */
export const ROLLED_BACK_FAULTS: readonly Fault[] = [
  {
    fault: 'emits a rolled-back savepoint',
    ...{ form: 'ignores Stream Abort', shown: UNDONE },
    plant(sample, rng) {
      const undone = sample.events.filter(
        (event): event is RowDelivered =>
          event.kind === 'row' && event.isUndone && event.of.committedAt !== null,
      );
      const groups = grouped(undone, ({ of }) => of);
      const of: Transaction | null = pickOf([...groups.keys()], rng);
      if (of === null) return null;
      const events = groups.get(of)!;
      // All of the transaction, in the order of the WAL.
      const own = sample.events.filter((event) => event.of === of);
      const lines = own.flatMap((event) => sample.linesOf(event));
      const [first] = sample.committed.get(of) ?? [];
      if (first === undefined) return null;
      const rest = sample.lines.filter((line) => line === first || line.event?.of !== of);
      const { table } = rowOf(events[0]!);
      return {
        lines: rest.flatMap((line) => (line === first ? lines : [line])),
        ...{
          table,
          keys: events
            .map(rowOf)
            .filter((row) => row.table === table)
            .flatMap(({ keys }) => keys),
        },
      };
    },
  },
  {
    fault: 'emits a rolled-back savepoint',
    ...{ form: 'made from the ledger', shown: UNDONE },
    plant(sample, rng) {
      const places = [...sample.committed].flatMap(([of, lines]) => {
        const { hazards } = sample.expectedOf(of) ?? {};
        const undone = hazards?.undone === undefined ? [] : listed(tables, hazards.undone);
        return undone
          .filter(({ operation }) => operation === 'insert')
          .map((change) => ({ change, lines }));
      });
      const place = pickOf(places, rng);
      if (place === null) return null;
      const { change, lines } = place;
      const alike = lines.flatMap(({ event }, at) =>
        event?.kind === 'row' &&
        event.change.operation === 'insert' &&
        tableOf(event) === change.table
          ? [{ event, at }]
          : [],
      );
      const like = pickOf(alike, rng);
      if (like === null) return null;
      const { event, at } = like;
      const undone = changed(event, withKey(event, String(change.key)));
      return {
        lines: inserted(sample, sample.linesOf(undone), lines[at]!),
        ...{ table: change.table, keys: [change.key] },
      };
    },
  },
  {
    fault: 'gives a prepared transaction that was rolled back',
    ...{ form: 'ignores Rollback Prepared', shown: ROLLED_BACK },
    plant: (sample, rng) => received(sample, rng, 'two-phase'),
  },
  {
    fault: 'gives a prepared transaction that was rolled back',
    ...{ form: 'made from the ledger', shown: ROLLED_BACK },
    plant: (sample, rng) => madeUp(sample, rng, 'two-phase'),
  },
  {
    fault: 'delivers a rolled-back batch under its own xid',
    ...{ form: 'as it was streamed', shown: ROLLED_BACK },
    plant: (sample, rng) => received(sample, rng, 'rollback'),
  },
  {
    fault: 'delivers a rolled-back batch under its own xid',
    ...{ form: 'made from the ledger', shown: ROLLED_BACK },
    plant: (sample, rng) => madeUp(sample, rng, 'rollback'),
  },
  {
    fault: 'delivers a message that was not sent',
    ...{ form: 'with other contents', shown: [shown('phantom', 'message_not_sent')] },
    plant(sample, rng) {
      const messages = sample.lines.flatMap(({ event }) =>
        event?.kind === 'message' ? [event] : [],
      );
      const event = pickOf(messages, rng);
      if (event === null) return null;
      const content = `${event.content}0000`;
      const before = sample.lines.find((line) => line.event === event)!;
      return {
        lines: inserted(sample, sample.linesOf({ ...event, content }), before),
        ...{ table: null, keys: [content] },
      };
    },
  },
];
