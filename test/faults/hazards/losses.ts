import { type Expected, isPrepared } from '../../../src/verify/ledger/expected.js';
import {
  changed,
  type Fault,
  followed,
  MISSING,
  type Planted,
  pickOf,
  replacing,
  rowOf,
  rowsOf,
  shown,
  tableOf,
  without,
} from './fault.js';
import { grouped } from './grouped.js';
import type { Event, RowDelivered } from './reader.js';
import { SCHEMA } from './run.js';
import type { Line, Sample } from './sample.js';

/** From so many events on, a transaction is huge. */
const HUGE = 500;

/** Without lines that are all of one table. */
function losing(sample: Sample, lost: readonly Line[]): Planted | null {
  const rows = rowsOf(lost);
  if (rows.length === 0) return null;
  const { table } = rowOf(rows[0]!);
  const own = rows.map(rowOf).filter((row) => row.table === table);
  return { lines: without(sample, lost), table, keys: own.flatMap(({ keys }) => keys) };
}

function linesOfEvents(sample: Sample, events: readonly Event[]): Line[] {
  const all = new Set(events);
  return sample.lines.filter(({ event }) => event !== null && all.has(event));
}

function truncatesOf(sample: Sample): Line[] {
  return sample.lines.filter(
    ({ event }) => event?.kind === 'truncate' && sample.isFollowed(event.of),
  );
}

/** Transactions that truncate both tables. */
function pairsOfTruncates(sample: Sample): Line[][] {
  const groups = grouped(truncatesOf(sample), ({ event }) => event!.of);
  return [...groups.values()].filter(({ length }) => length > 1);
}

/** Updates of a key. */
function keyChanges(sample: Sample): RowDelivered[] {
  return sample.rows.filter(
    ({ change: { operation, old } }) => operation === 'update' && old?.kind === 'key',
  );
}

function ignoringOldKey(
  form: string,
  parts: (event: RowDelivered) => Partial<RowDelivered['change']>,
): Fault {
  return {
    ...{ fault: 'ignores the old key', form, shown: [MISSING] },
    plant(sample, rng) {
      const event = pickOf(keyChanges(sample), rng);
      if (event === null) return null;
      const spoiled = sample.linesOf(changed(event, parts(event)));
      return { lines: replacing(sample, new Map([[event, spoiled]])), ...rowOf(event) };
    },
  };
}

/** Loses the rest of the lines that share an LSN. */
function afterRestart(
  form: string,
  groupsOf: (sample: Sample) => readonly (readonly Line[])[],
): Fault {
  return {
    ...{ fault: 'loses rows that share an LSN on restart', form, shown: [MISSING] },
    plant(sample, rng) {
      const lines = pickOf(groupsOf(sample), rng);
      return lines === null ? null : losing(sample, lines.slice(rng.between(1, lines.length - 1)));
    },
  };
}

/** Loses a transaction with hazards. */
function losesTransaction(form: string, isMeant: (expected: Expected) => boolean): Fault {
  return {
    ...{ fault: 'loses a transaction', form, shown: [MISSING] },
    plant(sample, rng) {
      const meant = followed(sample).filter(([of]) => {
        const expected = sample.expectedOf(of);
        return expected !== undefined && expected.hazards !== null && isMeant(expected);
      });
      const [, lines] = pickOf(meant, rng) ?? [];
      return lines === undefined ? null : losing(sample, lines);
    },
  };
}

/** Rows of a COPY, a page at a time. */
function pagesOf(sample: Sample): Line[][] {
  return followed(sample).flatMap(([, lines]) =>
    [...grouped(lines, ({ event }) => event!.lsn).values()].filter(
      (page) => new Set(page.map(({ event }) => event)).size > 1 && rowsOf(page).length > 1,
    ),
  );
}

function losesMessage(form: string, isMeant: (event: Event) => boolean): Fault {
  return {
    ...{ fault: 'loses a message', form, shown: [shown('missing', 'message_missing')] },
    plant(sample, rng) {
      const messages = sample.lines.flatMap(({ event }) => {
        if (event?.kind !== 'message' || !isMeant(event)) return [];
        const sender = sample.senderOf(event.content);
        const isJudged = sender?.fate === 'committed' && sample.isPast(sender);
        return isJudged ? [event] : [];
      });
      const event = pickOf(messages, rng);
      if (event === null) return null;
      return {
        lines: without(sample, linesOfEvents(sample, [event])),
        ...{ table: null, keys: [event.content] },
      };
    },
  };
}

function firstRows(
  form: string,
  isMeant: (event: RowDelivered, before: RowDelivered) => boolean,
): Fault {
  return {
    ...{ fault: 'loses the first row after a schema change', form, shown: [MISSING] },
    plant(sample, rng) {
      const latest = new Map<string, RowDelivered>();
      const firsts = sample.rows.filter((event) => {
        const { schema, table } = event.change;
        const before = latest.get(`${schema}.${table}`);
        latest.set(`${schema}.${table}`, event);
        return before !== undefined && isMeant(event, before);
      });
      const event = pickOf(firsts, rng);
      return event === null ? null : losing(sample, linesOfEvents(sample, [event]));
    },
  };
}

const namesOf = ({ change }: RowDelivered) => change.columns.map(({ name }) => name).join();

/** Faults that lose events. */
export const LOSSES: readonly Fault[] = [
  {
    ...{ fault: 'drops a truncate', form: 'of both tables', shown: [MISSING] },
    plant(sample, rng) {
      const pair = pickOf(pairsOfTruncates(sample), rng);
      if (pair === null) return null;
      return { lines: without(sample, pair), table: tableOf(rng.pick(pair).event!), keys: [null] };
    },
  },
  {
    ...{ fault: 'drops a truncate', form: 'of one of two tables', shown: [MISSING] },
    plant(sample, rng) {
      const pair = pickOf(pairsOfTruncates(sample), rng);
      if (pair === null) return null;
      const line = rng.pick(pair);
      return { lines: without(sample, [line]), table: tableOf(line.event!), keys: [null] };
    },
  },
  ignoringOldKey('an update', () => ({ old: null })),
  ignoringOldKey('a create only', () => ({ operation: 'insert', old: null })),
  ignoringOldKey('a delete only', ({ change: { old } }) => ({
    operation: 'delete',
    old,
    row: null,
  })),
  afterRestart('rows of a COPY', pagesOf),
  afterRestart('delete and create of a key change', (sample) =>
    keyChanges(sample).map((event) => linesOfEvents(sample, [event])),
  ),
  firstRows('with other columns', (event, before) => namesOf(event) !== namesOf(before)),
  firstRows('described anew', ({ isFirst }) => isFirst),
  losesMessage('of a transaction', ({ of }) => of.xid !== null),
  losesMessage('outside of transactions', ({ of }) => of.xid === null),
  {
    ...{ fault: 'loses the rest of a huge transaction', form: 'its spill', shown: [MISSING] },
    plant(sample, rng) {
      const huge = followed(sample).filter(([, lines]) => lines.length > HUGE);
      const [, lines] = pickOf(huge, rng) ?? [];
      if (lines === undefined) return null;
      return losing(sample, lines.slice(rng.between(1, lines.length - 1)));
    },
  },
  {
    fault: 'loses what follows a key change',
    ...{ form: 'an update of a child', shown: [MISSING] },
    plant(sample, rng) {
      const parents = keyChanges(sample).filter(({ change }) => change.table === 'pacientes');
      const of = new Set(parents.map((event) => event.of));
      const children = sample.rows.filter(
        (event) => of.has(event.of) && event.change.operation === 'update',
      );
      const event = pickOf(
        children.filter(({ change }) => change.old === null),
        rng,
      );
      return event === null ? null : losing(sample, linesOfEvents(sample, [event]));
    },
  },
  {
    fault: 'takes a rolled-back savepoint for its whole transaction',
    ...{ form: 'as Stream Abort', shown: [MISSING] },
    plant(sample, rng) {
      const undone = followed(sample).filter(
        ([of]) => sample.expectedOf(of)?.hazards?.undone !== undefined,
      );
      const [, lines] = pickOf(undone, rng) ?? [];
      return lines === undefined ? null : losing(sample, lines);
    },
  },
  losesTransaction('that was prepared before a restart', (expected) => isPrepared(expected)),
  losesTransaction('that was long open', ({ hazards }) => hazards!.names.includes('long')),
  {
    fault: 'asks for rows beyond the last id',
    ...{ form: 'of a table', shown: [MISSING] },
    plant(sample, rng) {
      const last = new Map<string, number>();
      const late = sample.rows.filter((event) => {
        const { table, keys } = rowOf(event);
        const [id] = keys;
        if (event.change.operation !== 'insert' || typeof id !== 'number') return false;
        const before = last.get(table) ?? 0;
        last.set(table, Math.max(before, id));
        return id < before;
      });
      const event = pickOf(late, rng);
      return event === null ? null : losing(sample, linesOfEvents(sample, [event]));
    },
  },
  {
    fault: 'loses one of two updates of a hot row',
    ...{ form: 'the first', shown: [MISSING] },
    plant(sample, rng) {
      const hot = sample.rows.filter((event) => sample.isShared(rowOf(event)));
      const event = pickOf(hot, rng);
      return event === null ? null : losing(sample, linesOfEvents(sample, [event]));
    },
  },
  {
    fault: 'does not know a new partition',
    ...{ form: 'its rows', shown: [MISSING] },
    plant(sample, rng) {
      const own = sample.rows.filter((event) => {
        const { addedPartitions } = SCHEMA.tables.get(tableOf(event));
        return addedPartitions.includes(event.change.table);
      });
      const of = pickOf(own, rng)?.of;
      const events = own.filter((event) => event.of === of);
      return events.length === 0 ? null : losing(sample, linesOfEvents(sample, events));
    },
  },
];
