import { DOUBTS, type Doubt } from '../../verify/accounting.js';
import type { Note, VerificationDocument } from '../../verify/document.js';
import type { Detail, Violation } from '../../verify/findings.js';
import type { Omission } from '../../verify/publishing.js';
import type { Doubts } from '../../verify/verdict.js';
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
  transaction_missing: 'the transaction was committed and did not come, though later ones did',
  transaction_absent:
    'the transaction was committed and did not come, though the source has given out everything',
  row_missing: 'the transaction came, and this event of it did not',
  not_in_snapshot: 'it was committed before the snapshot was taken, and is not in it',
  replay_skips: 'it came again, and not as a continuous replay: the replay skipped events',
  replay_differs: 'it came again, and says something else than the first time',
  rolled_back: 'the transaction was rolled back',
  never_sent: 'the run took this id and never sent it',
  row_not_sent: "the transaction is the run's, and does not have this change",
  truncated: 'the table was emptied, which no run does',
  transaction_late: 'the transaction came behind one that was committed later',
  transaction_torn: 'events of another transaction came amid this one',
  lsn_falls: 'the LSN goes back inside the transaction',
  lsn_outside: "the LSN cannot be this transaction's",
  order_falls: 'total_order goes back inside the transaction',
  order_gap: 'total_order does not count 1, 2, 3… in the transaction',
  given_up: 'the transaction came when nobody expected it any more',
  contents: 'the row is not what was written',
  exists_already: 'by the events before, the row was there already',
  does_not_exist: 'by the events before, the row was gone already',
  column_changed: 'a column changed that no update touches',
  final_state: 'the table does not hold what the last event of the row says',
};

const doubts: Readonly<Record<Doubt, string>> = {
  before_source: 'they were committed before the source began (--partial leaves them out)',
  ended_early: 'the stream ended before the run did',
  interrupted: 'the verification was interrupted',
  no_witness:
    'they were committed before the snapshot was taken, and it has no row of them; it may not be whole',
  snapshot_differs: 'the snapshot holds something else than the ledger knows of the row',
  old_ledger:
    'a ledger of format 1 does not say what a row held, so no snapshot can stand for its changes',
  schema_unknown:
    'a ledger of format 1 does not say in which schema the run wrote, and events came of another one (PG_SEARCH_PATH names it)',
  contents_not_told: 'events leave out what was written (a column list, unchanged TOAST values)',
  server_changed:
    'triggers, rules or policies of the server may have changed or added them, and nothing proves it',
  replica_identity: 'deletes do not tell which row: REPLICA IDENTITY is an index without id',
  database_changed: 'publications or partitions changed during the run',
  several_servers: 'events of several servers look like those of the run',
  unknown_transactions:
    'the ledger does not say what became of their transactions (`ledger resolve` asks the server)',
  ledger_damaged: 'lines of the ledger are damaged (`ledger show` tells where)',
  too_far_back: 'there was no memory for them (--memory)',
  malformed: 'inputs that are no events were skipped',
  nothing_delivered: 'of what the run committed, nothing came',
};

const saidDoubts = (found: Doubts): string =>
  DOUBTS.filter((doubt) => found[doubt] !== undefined)
    .map((doubt) => doubts[doubt])
    .join('; ');

const among = (names: readonly string[]): string =>
  `${names.length === 1 ? 'publication' : 'publications'} ${names.map((name) => `\`${name}\``).join(', ')}`;
const does = (names: readonly string[]): string => (names.length === 1 ? 'does' : 'do');
const publishes = (names: readonly string[]): string =>
  names.length === 1 ? 'publishes' : 'publish';

const omissions: Readonly<
  Record<Omission['kind'], (names: readonly string[], operation: string | null) => string>
> = {
  table: (names) => `${among(names)} ${does(names)} not publish it`,
  operation: (names, operation) => `${among(names)} ${does(names)} not publish ${operation}`,
  filter: (names) => `${among(names)} ${publishes(names)} only some of its rows (WHERE)`,
  columns: (names) => `${among(names)} ${publishes(names)} only some of its columns`,
};

const untold: Readonly<Record<string, string>> = {
  database: 'database',
  schema: 'schema',
  origin: 'server',
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
      return `the events do not tell their ${note.what.map((what) => untold[what]).join(', ')}: a table of the same name elsewhere would count as the run's`;
    case 'elsewhere':
      return `${plural(note.events, 'event')} of tables with the run's names came from another ${elsewhere[note.what]}: they are not the run's`;
    case 'server_acts':
      return `the server changes or adds rows by itself: ${note.names.join(', ')}`;
    case 'replica_identity':
      return `deletes do not tell the id: ${note.tables.map(({ table, index }) => `${table} has REPLICA IDENTITY ${index === null ? 'NOTHING' : `USING INDEX ${index}`}`).join('; ')}`;
  }
};

/** What a good verdict does not speak of. */
const besides = ({ accounting: { excused, waived } }: VerificationDocument): string =>
  [
    excused > 0 ? `; ${number(excused)} more are excused (a snapshot, or not published then)` : '',
    waived > 0 ? `; ${number(waived)} from before the source began are left out (--partial)` : '',
  ].join('');

/** What `verify` says, in English. */
export const verifyEn: typeof verifyPtBR = {
  noSource: () =>
    'verify needs to know where the events come from: --source slot:NAME, ndjson:FILE, http://127.0.0.1:PORT or kafka:BROKERS/PREFIX',
  slotOnly: () => '--create-slot goes with --source slot:NAME only',
  listening: (e) => `waiting for events at ${e.url}`,
  awaiting: () => 'ready; waiting for the next run to begin',
  began: (e) => `holding ${e.source} against run ${e.run}`,
  reconnecting: (e) => `connection lost; trying again in ${seconds(e.seconds)} s`,
  noServer: (e) =>
    `no server to compare the clock with: latencies are as true as the clocks are (${e.why})`,
  notCompared: (e) => `the tables were not compared: ${e.why}`,
  malformed: (e) => `input ${e.place} is no event: ${e.reason}`,
  malformedStops: (e) =>
    `input ${e.place} is no event (${e.reason}); mend it, or use --skip-malformed to count such input`,
  progress: (e) =>
    `${e.run}: ${plural(e.events, 'event')}, ${number(e.delivered)} checked, ${number(e.waiting)} waiting for the ledger${e.runOver ? '; the run is over' : ''}`,
  verdicts: {
    exact: (e) =>
      `exact: ${plural(e.accounting.delivered, 'event')} of ${plural(e.transactions.delivered, 'transaction')} came once, in order and unchanged${besides(e)}`,
    duplicates: (e) =>
      `duplicates only: everything came, and ${plural(e.events.replayed, 'event')} again, in ${plural(e.events.rewinds, 'replay')}${besides(e)}`,
    violation: (e) =>
      `violation: ${Object.entries(e.violations)
        .filter(([, count]) => count > 0)
        .map(([kind, count]) => `${number(count)} ${violations[kind as Violation]}`)
        .join(', ')}`,
    indeterminate: (e) => `indeterminate: ${saidDoubts(e.doubts)}`,
  },
  title: (e) => `run ${e.run}, verified by ${e.source}`,
  verdict: () => 'verdict',
  verdictNames: {
    exact: 'exact',
    duplicates: 'duplicates only',
    violation: 'violation',
    indeterminate: 'indeterminate',
  },
  doubts: (found) => saidDoubts(found),
  doubted: () => 'not judged',
  doubt: (e) => `${plural(e.events, 'event')}: ${doubts[e.doubt]}`,
  doubtOf: (doubt) => doubts[doubt],
  note: saidNote,
  notes: () => 'to know',
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
  others: () => 'not ours',
  skipped: () => 'no events',
  rows: () => 'rows',
  counted: (e) => `${plural(e.events, 'event')} in ${plural(e.transactions, 'transaction')}`,
  repeatedIn: (e) => `${plural(e.events, 'event')} in ${plural(e.rewinds, 'replay')}`,
  foreign: (e) =>
    `${plural(e.foreign, 'event')} of other writers, ${number(e.derived)} by the server itself, ${number(e.snapshot)} of a snapshot, ${number(e.others)} of other kinds`,
  malformedCount: (count) => plural(count, 'input'),
  followed: (e) =>
    `${number(e.followed)} followed (${number(Math.round(e.sample * 1000) / 10)} %), ${e.compared === null ? 'not compared with the tables' : `${number(e.compared)} as the tables have them`}`,
  speed: (e) => `${seconds(e.seconds)} s, ${rate(e)} events/s`,
  time: () => 'time',
  violationTitle: () => 'what is wrong',
  violationNames: violations,
  example: (e) => details[e.detail],
  place: (place) => `input ${place}`,
  more: (count) => `… and ${number(count)} more`,
  latency: () => 'latency (ms)',
  commitToConnector: () => 'commit → connector',
  connectorToReceived: () => 'connector → here',
  commitToReceived: () => 'commit → here',
  clockOffset: (e) =>
    `the server's clock is ${number(Math.round(e.value * 1000) / 1000)} ms ahead of this one, ± ${number(Math.round(e.error * 1000) / 1000)} ms`,
  noOffset: () => 'how far apart the clocks are was not measured',
  demo: {
    server: () => 'preparing server, schema and initial volume',
    failed: (e) =>
      `the demonstration stopped: \`${e.command}\` ended with code ${e.code ?? '–'}; see the lines above`,
  },
};
