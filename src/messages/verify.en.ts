import type { Projection } from '../sources/source.js';
import type { Omission } from '../verify/ledger/publishing.js';
import type { Doubts } from '../verify/verdict/accounting.js';
import { DOUBTS, type Doubt } from '../verify/verdict/accounting.js';
import type { Note, VerificationDocument } from '../verify/verdict/document.js';
import type { Detail, Violation } from '../verify/verdict/findings.js';
import { systemCauseEn } from './system.en.js';
import type { verifyPtBR } from './verify.pt-BR.js';

const number = (value: number): string => value.toLocaleString('en-US');
const plural = (count: number, one: string): string =>
  `${number(count)} ${one}${count === 1 ? '' : 's'}`;
const seconds = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: 1 });
const rate = ({ events, seconds: time }: VerificationDocument): string =>
  number(Math.round(events.delivered / Math.max(time, 0.001)));

const violations: Readonly<Record<Violation, string>> = {
  missing: 'missing',
  duplicated: 'duplicated',
  phantom: 'phantom',
  reordered: 'reordered',
  altered: 'altered',
  inconsistent: 'inconsistent',
};

const details: Readonly<Record<Detail, string>> = {
  transaction_missing: 'the transaction was committed and did not arrive, though later ones did',
  transaction_absent:
    'the transaction was committed and did not arrive, though the source has delivered everything',
  row_missing: 'this event of the transaction did not arrive, though others did',
  not_in_snapshot: 'it was committed before the snapshot was taken, and the snapshot lacks it',
  replay_skips: 'it arrived again, but the replay was not contiguous: it left events out',
  replay_differs: 'it arrived again, with different contents',
  rolled_back: 'the transaction was rolled back',
  rolled_back_savepoint:
    'the row was written in a savepoint that was rolled back; its transaction was committed without it',
  never_sent: 'the run reserved this id and did not send this insert',
  row_not_sent: 'the transaction belongs to the run and does not contain this change',
  truncated: 'the table was truncated, and the run did not do that',
  message_not_sent: 'the run did not emit this logical message',
  message_missing: 'the logical message was emitted and did not arrive, though later ones did',
  transaction_late: 'the transaction arrived after one that was committed later',
  transaction_torn: 'events of another transaction arrived in the middle of this one',
  lsn_falls: 'the LSN decreases inside the transaction',
  lsn_outside: 'the LSN cannot belong to this transaction',
  order_falls: 'total_order decreases inside the transaction',
  order_gap: 'total_order does not count 1, 2, 3… inside the transaction',
  given_up: 'the transaction arrived after it had been counted as missing',
  across_table_lock:
    'a TRUNCATE, a schema change or a change of the publication of this table lies between it and a change that arrived before',
  hot_row: 'a transaction that wrote the same row later arrived before it',
  contents: 'the row differs from what was written',
  column_lost: 'it lacks a column that the table had by then: a schema change had added it',
  column_stays: 'it has a column that the table had no longer: a schema change had dropped it',
  exists_already: 'an insert of a row that already exists, according to earlier events',
  does_not_exist: 'a change of a row that was deleted, according to earlier events',
  null_in_not_null: 'a column that is NOT NULL arrived as null',
  renamed: 'the event has the name of the table or a column in lower case',
  column_changed: 'an update changed a column that no update of the run sets',
  final_state: 'the row in the table differs from its last event',
};

/** Each reads after a number of events, and alone. */
const doubts: Readonly<Record<Doubt, string>> = {
  before_source: 'committed before the source began (--partial leaves them out)',
  unplaced:
    'COMMIT got no answer and they did not arrive: perhaps they were committed before the source or the snapshot began',
  ended_early: 'not arrived when the stream ended, and nothing later arrived either',
  interrupted: 'the verification was interrupted',
  no_witness: 'committed before the snapshot, which lacks their rows and may be incomplete',
  snapshot_differs: 'the snapshot row matches no version of the row in the ledger',
  old_ledger:
    'committed before the snapshot, and a ledger of format 1 has no fingerprints to compare its rows with',
  schema_unknown:
    'a ledger of format 1 does not record the schema of the run, and all events are of another schema (PG_SEARCH_PATH names the schema)',
  contents_not_told: 'the events leave columns out (a column list, unchanged TOAST values)',
  server_changed: 'triggers, rules or policies of the server may have changed or added these rows',
  replica_identity: 'the deletes do not identify their rows: REPLICA IDENTITY lacks the key',
  database_changed: 'publications or partitions changed during the run',
  several_servers: 'events of several connectors match the run',
  unknown_transactions:
    'the ledger does not say whether their transactions were committed (`ledger resolve` asks the server)',
  ledger_damaged: 'the ledger is damaged (`ledger show` lists the lines)',
  too_far_back: 'older than the memory allows (--memory)',
  malformed: 'skipped by --skip-malformed',
  nothing_delivered: 'no change of the run arrived (is it the right source, and the right run?)',
};

/** The loss of a value, after "by". */
const losses: Readonly<Record<Projection, string>> = {
  double: 'their value as a double: the connector sends `numeric` so (decimal.handling.mode)',
  trailing_zeros:
    'their value without zeros at its end: the connector cuts those of a `numeric` without a scale (decimal.handling.mode)',
  special: 'null: the connector sends NaN and infinities so (decimal.handling.mode, JSON)',
  interval_microseconds:
    'a number of microseconds, with 30.4375 days to a month: the connector sends intervals so (interval.handling.mode)',
  milliseconds: 'their milliseconds: the connector cuts timestamps (time.precision.mode)',
};

/** The noun of a doubt's count, where it does not count events. */
const units: Readonly<Partial<Record<Doubt, string>>> = {
  ledger_damaged: 'line',
  malformed: 'input',
};

const saidDoubt = (doubt: Doubt, events: number): string =>
  // An interruption may find every event judged.
  events === 0 ? doubts[doubt] : `${plural(events, units[doubt] ?? 'event')}: ${doubts[doubt]}`;

const saidDoubts = (found: Doubts): string =>
  DOUBTS.flatMap((doubt) => {
    const events = found[doubt];
    return events === undefined ? [] : [saidDoubt(doubt, events)];
  }).join('; ');

const among = (names: readonly string[]): string =>
  `${names.length === 1 ? 'publication' : 'publications'} ${names.map((name) => `\`${name}\``).join(', ')}`;
const does = (names: readonly string[]): string => (names.length === 1 ? 'does' : 'do');
const publishes = (names: readonly string[]): string =>
  names.length === 1 ? 'publishes' : 'publish';

const omissions: Readonly<
  Record<Omission['kind'], (names: readonly string[], operation: string | null) => string>
> = {
  table: (names) => `${among(names)} ${does(names)} not publish the table`,
  operation: (names, operation) => `${among(names)} ${does(names)} not publish ${operation}`,
  filter: (names) => `${among(names)} ${publishes(names)} only some rows of the table (WHERE)`,
  columns: (names) => `${among(names)} ${publishes(names)} only some columns of the table`,
};

const unstated: Readonly<Record<string, string>> = {
  database: 'database',
  schema: 'schema',
  origin: 'connector',
};

const elsewhere: Readonly<Record<string, string>> = {
  other_schema: 'schema',
  other_database: 'database',
  other_server: 'server',
};

const saidNote = (note: Note): string => {
  switch (note.kind) {
    case 'source_began': {
      const which =
        note.transactions === note.of
          ? `all ${plural(note.of, 'transaction')}`
          : `${number(note.transactions)} of ${plural(note.of, 'transaction')}`;
      const waived = note.waived ? '; they are left out (--partial)' : '';
      return `the source began after ${which}${waived}`;
    }
    case 'untold':
      return `the events do not name their ${note.what.map((part) => unstated[part]).join(', ')}: rows of a table with the same name elsewhere would count as the run's`;
    case 'elsewhere':
      return `${plural(note.events, 'event')} of tables with the run's names came from another ${elsewhere[note.what]}: they are not the run's`;
    case 'several_connectors':
      return `another connector sent ${plural(note.events, 'event')} of this run too: only ${note.judged}, which sent one first, was checked`;
    case 'server_acts':
      return `triggers, rules or policies of the server can change or add rows: ${note.names.join(', ')}`;
    case 'replica_identity':
      return `deletes do not contain the key: ${note.tables.map(({ table, index, kind }) => `${table} has REPLICA IDENTITY ${kind === 'index' ? `USING INDEX ${index ?? '(dropped)'}` : kind.toUpperCase()}`).join('; ')}`;
    case 'truncates_not_carried':
      return `none of ${plural(note.events, 'TRUNCATE')} arrived (${note.tables.join(', ')}): Debezium skips them unless its configuration says \`skipped.operations=none\`, and a publication has them only with \`publish = '…, truncate'\``;
    case 'messages_not_carried':
      return `logical messages: not carried by the source; ${plural(note.messages, 'message')} of the run ${note.messages === 1 ? 'was' : 'were'} not looked at`;
    case 'unpublished_arrived':
      return `${plural(note.events, 'event')} arrived of a table that was out of its publication at that time`;
    case 'unfollowed':
      return `rows were not followed after a TRUNCATE, because the source has several partitions: ${note.tables.join(', ')}`;
    case 'columns':
      return `column lists leave columns out: ${note.tables.map(({ table, publications }) => `${table} in ${among(publications)}`).join('; ')}`;
  }
};

const besides = ({ accounting: { excused, waived } }: VerificationDocument): string =>
  [
    excused > 0
      ? `; ${number(excused)} more are excused (a snapshot has them, or they were not published)`
      : '',
    waived > 0
      ? `; ${number(waived)} committed before the source began are left out (--partial)`
      : '',
  ].join('');

/** The text of `verify`, in English. */
export const verifyEn: typeof verifyPtBR = {
  noSource: () =>
    'verify needs a source of events: --source slot:NAME, ndjson:FILE, http://127.0.0.1:PORT or kafka:BROKERS/PREFIX',
  unpublished: (e) =>
    `the run ${e.run} also writes tables of ${e.extensions.join(', ')}, which --create-slot did not publish; start verify again with --with ${e.extensions.join(',')}`,
  slotOnly: () => '--create-slot needs --source slot:NAME',
  streamed: (e) =>
    e.parts === 0
      ? 'the server sent no part of a transaction before its end (no Stream Start), so streaming was not tested; lower logical_decoding_work_mem, or run larger transactions (--hazard huge)'
      : `the server sent ${plural(e.parts, 'part')} of transactions before their end (Stream Start)`,
  listening: (e) => `waiting for events at ${e.url}`,
  awaiting: () => 'ready; waiting for the next run to begin',
  notRecorded: (e) =>
    `the verdict was not saved: ${e.folder} cannot be written (${systemCauseEn(e.reason)}); free some space or correct its permissions, and verify again`,
  awaitingSource: (e) => `waiting for the source: ${e.why}`,
  began: (e) => `comparing ${e.source} with run ${e.run}`,
  reconnecting: (e) => `connection lost; trying again in ${seconds(e.seconds)} s`,
  noServer: (e) =>
    `latencies include the difference between the clocks: no server to measure it with (${e.why})`,
  notCompared: (e) => `the tables were not compared: ${e.why}`,
  malformed: (e) => `input ${e.position} is not an event: ${e.reason}`,
  malformedStops: (e) =>
    `input ${e.position} is not an event: ${e.reason}; fix it, or pass --skip-malformed to skip and count such input`,
  progress: {
    events: (count) => plural(count, 'event'),
    checked: (count) => `${number(count)} checked`,
    waiting: (count) => `${number(count)} waiting for the ledger`,
    runOver: () => 'the run is over',
  },
  verdicts: {
    exact: (e) =>
      `exact: ${plural(e.accounting.delivered, 'event')} of ${plural(e.transactions.delivered, 'transaction')} arrived once, in order and unchanged${besides(e)}`,
    duplicates: (e) =>
      `duplicates only: everything arrived, and ${plural(e.events.replayed, 'event')} arrived again, in ${plural(e.events.rewinds, 'replay')}${besides(e)}`,
    violation: (e) =>
      `violation: ${Object.entries(e.violations)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => `${number(count)} ${violations[kind as Violation]}`)
        .join(', ')}`,
    indeterminate: (e) => `indeterminate (${saidDoubts(e.doubts)})`,
  },
  title: (e) => `run ${e.run}, verified with ${e.source}`,
  verdictNames: {
    exact: 'exact',
    duplicates: 'duplicates only',
    violation: 'violation',
    indeterminate: 'indeterminate',
  },
  doubted: () => 'doubts',
  doubt: (e) => saidDoubt(e.doubt, e.events),
  note: saidNote,
  projection: (e) =>
    `values of ${plural(e.events, 'event')} were compared by ${losses[e.projection]}`,
  notes: () => 'notes',
  committed: () => 'committed',
  became: () => 'of these',
  sum: (e) =>
    `${number(e.delivered)} delivered + ${number(e.excused)} excused + ${number(e.missing)} missing + ${number(e.doubted)} doubted + ${number(e.waived)} waived`,
  cause: (e) =>
    [
      e.all ? `all ${number(e.events)}` : number(e.events),
      e.table === null ? '' : ` ${e.all ? 'are of' : 'of'} \`${e.table}\``,
      e.operation === null ? '' : ` (${e.operation})`,
      `: ${details[e.detail]}`,
      e.omitted === null
        ? ''
        : `; ${omissions[e.omitted.kind](e.omitted.publications, e.operation)}`,
    ].join(''),
  repeated: () => 'repeated',
  hazards: () => 'hazards',
  happened: (e) => Object.entries(e).map(([name, times]) => `${name} ${number(times)}`),
  truncates: () => 'truncates',
  arrivedOf: (e) =>
    [
      `${number(e.delivered)} of ${number(e.committed)} arrived`,
      ...(e.missing === 0 ? [] : [`${number(e.missing)} missing`]),
      ...(e.others === 0 ? [] : [`${number(e.others)} excused, doubted or waived`]),
    ].join(', '),
  messages: () => 'messages',
  ofMessages: (e) =>
    e.carried
      ? `${number(e.sent)} emitted: ${number(e.delivered)} arrived, ${number(e.missing)} missing, ${number(e.unjudged)} before the source began or after it ended`
      : `${number(e.sent)} emitted: not carried by the source`,
  others: () => 'other events',
  skipped: () => 'skipped',
  rows: () => 'rows',
  counted: (e) => `${plural(e.events, 'event')} in ${plural(e.transactions, 'transaction')}`,
  repeatedIn: (e) => `${plural(e.events, 'event')} in ${plural(e.rewinds, 'replay')}`,
  foreign: (e) =>
    `${plural(e.foreign, 'event')} of other writers, ${number(e.derived)} by the server itself, ${number(e.snapshot)} of snapshots, ${number(e.others)} of other kinds`,
  malformedCount: (count) => plural(count, 'input'),
  followed: (e) =>
    `${number(e.followed)} followed (${number(Math.round(e.sample * 1000) / 10)} %), ${e.compared === null ? 'not compared with the tables' : `${number(e.compared)} equal to the tables`}`,
  speed: (e) => `${seconds(e.seconds)} s, ${rate(e)} events/s`,
  time: () => 'time',
  violationTitle: () => 'violations',
  violationNames: violations,
  example: ({ detail, renamed, column }) => {
    const name = renamed ?? column;
    return name === undefined ? details[detail] : `${details[detail]}: ${JSON.stringify(name)}`;
  },
  inColumn: (column) => `column ${JSON.stringify(column)}`,
  place: (place) => `input ${place}`,
  named: (name) => `named ${JSON.stringify(name)}`,
  more: (count) => `… and ${number(count)} more`,
  latency: () => 'latency (ms)',
  commitToConnector: () => 'commit → connector',
  connectorToReceived: () => 'connector → here',
  commitToReceived: () => 'commit → here',
  clockOffset: (e) =>
    `the server's clock is ${number(Math.round(Math.abs(e.value) * 1000) / 1000)} ms ${e.value < 0 ? 'behind' : 'ahead of'} this one, ± ${number(Math.round(e.error * 1000) / 1000)} ms`,
  noOffset: () => 'the difference between the clocks was not measured',
  demo: {
    server: () => 'preparing server, schema and initial volume',
    failed: (e) =>
      `the demonstration stopped: \`${e.command}\` ended with code ${e.code ?? '–'}; see the lines above`,
  },
};
