import type { VerificationDocument } from '../../verify/document.js';
import type { Detail, Violation } from '../../verify/findings.js';
import type { Doubt } from '../../verify/verdict.js';
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
  contents: 'the transaction does not say what was written',
  exists_already: 'by the events before, the row was there already',
  does_not_exist: 'by the events before, the row was gone already',
  column_changed: 'a column changed that no update touches',
  final_state: 'the table does not hold what the last event of the row says',
};

const doubts: Readonly<Record<Doubt, string>> = {
  ended_early: 'the stream ended before the run did',
  unknown_transactions:
    'the ledger does not say what became of some transactions (`ledger resolve` asks the server)',
  ledger_damaged: 'the ledger is damaged (`ledger show` tells where)',
  contents_not_told: 'some events leave out what was written',
  too_far_back: 'events came from farther back than there is memory for (--memory)',
  interrupted: 'the verification was interrupted',
};

const saidDoubts = (list: readonly Doubt[]): string =>
  list.map((doubt) => doubts[doubt]).join('; ');

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
      `exact: ${plural(e.events.delivered, 'event')} of ${plural(e.transactions.delivered, 'transaction')} came once, in order and unchanged`,
    duplicates: (e) =>
      `duplicates only: everything came, and ${plural(e.events.replayed, 'event')} again, in ${plural(e.events.rewinds, 'replay')}`,
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
  doubts: (list) => saidDoubts(list),
  expected: () => 'expected',
  delivered: () => 'delivered',
  notArrived: () => 'not arrived',
  repeated: () => 'repeated',
  others: () => 'not ours',
  skipped: () => 'no events',
  rows: () => 'rows',
  counted: (e) => `${plural(e.events, 'event')} in ${plural(e.transactions, 'transaction')}`,
  repeatedIn: (e) => `${plural(e.events, 'event')} in ${plural(e.rewinds, 'replay')}`,
  beforeStart: (count) => `${plural(count, 'transaction')} from before the stream began`,
  foreign: (e) =>
    `${plural(e.foreign, 'event')} of other writers, ${number(e.snapshot)} of a snapshot, ${number(e.others)} of other kinds`,
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
