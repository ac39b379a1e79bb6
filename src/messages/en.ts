import type { StoppedBy } from '../run/engine.js';
import { actionEn } from './action.en.js';
import { cliEn } from './cli.en.js';
import { dbEn } from './db.en.js';
import { doctorEn } from './doctor.en.js';
import type { Messages } from './index.js';
import { malformedEn } from './malformed.en.js';
import { pageEn } from './page.en.js';
import type { KeyEntry } from './pt-BR.js';
import { settingsEn } from './settings.en.js';
import { sourcesEn } from './sources.en.js';
import { systemCauseEn } from './system.en.js';
import { verdictEn } from './verdict.en.js';
import { verifyEn } from './verify.en.js';

const number = (value: number): string => value.toLocaleString('en-US');
const seconds = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: 1 });
const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`;
const millis = (value: number): string =>
  value.toLocaleString('en-US', { maximumSignificantDigits: 3 });

const rateOf = (e: { rate: number; target: number | null }): string =>
  `${number(e.rate)}${e.target === null ? '' : `/${number(e.target)}`}`;

/** Seconds that would be shown as 0. */
const SOON = 0.05;

const attemptText = (e: { attempt: number; of: number | null; seconds: number }): string =>
  `attempt ${e.attempt}${e.of === null ? '' : `/${e.of}`} ${e.seconds < SOON ? 'now' : `in ${seconds(e.seconds)} s`}`;

const ledgerSays = (e: KeyEntry): string => {
  if (e.operation === null) return 'this run took the id, and no transaction of the ledger used it';
  const done = { insert: 'inserted', update: 'updated', delete: 'deleted' }[e.operation];
  const name = e.xid === null ? 'a transaction' : `transaction ${e.xid}`;
  const since = e.emptied === true ? ', and removed since by a TRUNCATE' : '';
  return e.committed ? `${done} by ${name}${since}` : `not ${done}, since ${name} was aborted`;
};

const stopReasons: Readonly<Record<StoppedBy, string>> = {
  duration: 'duration',
  'max-events': 'event limit',
  signal: 'Ctrl+C (or a signal)',
  critical: 'a critical failure',
  threshold: 'a threshold that did not hold',
};

/** The message catalogue, in English. */
export const en: Messages = {
  language: 'en',
  number: (value) => number(value),
  millis: (value) => millis(value),
  action: actionEn,
  cli: cliEn,
  settings: settingsEn,
  db: dbEn,
  page: pageEn,
  verdict: verdictEn,
  verify: verifyEn,
  sources: sourcesEn,
  malformed: malformedEn,
  seed: {
    raised: (e) =>
      `${e.table}: volume raised from ${number(e.from)} to ${number(e.to)} (SEED_MIN_ROWS)`,
    begin: (e) => `generating ${number(e.rows)} rows with ${plural(e.workers, 'worker')}`,
    nothingToDo: () => 'every table holds its volume already — nothing to insert',
    filled: (e) => `${e.table}: inserted +${number(e.written)} (total=${number(e.total)})`,
    rows: (e) => `${number(e.done)}/${number(e.of)} rows`,
    perSecond: (rows) => `${number(rows)}/s`,
    indexes: (e) => `building indexes and keys, ${number(e.done)} of ${number(e.of)}`,
    shortIndexes: (e) => `indexes ${number(e.done)}/${number(e.of)}`,
    left: (time) => `${time} left`,
    done: (e) =>
      `seed complete: ${number(e.written)} rows in ${seconds(e.seconds)} s (${number(e.perSecond)}/s)`,
    stopping: () => 'stop requested — finishing the chunks in flight (repeat to force)',
    interrupted: (e) =>
      `seed interrupted after ${number(e.written)} rows; run \`seed\` again to complete it or \`reset\` to start over`,
    stuck: (e) =>
      `the server has made no progress for ${e.seconds} s since the stop; its statements under way are left to it: run \`seed\` again to complete the data`,
    indexing: () => 'building indexes and keys',
    restored: () => 'indexes and keys that an interrupted seed had taken off were put back',
    unfinished: () =>
      'a seed was interrupted before it put indexes and keys back; run `seed` or `init-db` first',
    streamUnderWay: (e) =>
      `a stream is writing to these tables (server ${e.pids.length === 1 ? 'process' : 'processes'} ${e.pids.join(', ')}); end it first, and run the command again`,
    tablesBusy: () =>
      'a reset or a seed is rebuilding these tables; wait until it has ended, and run the command again',
    alreadyRunning: () => 'another seed of this database is under way; wait until it has ended',
    tooManyLinks: (e) =>
      `SEED_${e.setting.toUpperCase()} asks for ${number(e.links)} links, but ${number(e.parents)} rows of ${e.parent} have room for ${number(e.capacity)} at most (up to ${number(e.limit)} a row); lower it or raise SEED_${e.parentSetting.toUpperCase()}`,
    noRoomForLinks: (e) =>
      `${number(e.missing)} rows of ${e.table} are missing, but the rows of ${e.parent} without any have room for only ${number(e.capacity)}; run \`reset\` to seed anew`,
  },
  stream: {
    begin: (e) => `run ${e.runId}: ${plural(e.workers, 'worker')}, ${e.pace}`,
    paceRate: (e) => `${number(e.rate)} events/s in batches of ${e.batch}`,
    paceMax: (e) => `as fast as the server, in batches of ${e.batch}`,
    paceCycle: (e) =>
      `a batch of ${e.batch} per worker every ${number(e.interval)}s ± ${number(e.jitter)}ms`,
    owns: (e) => `worker ${e.worker}: ${e.types} (${(e.share * 100).toFixed(1)}% of the events)`,
    ruled: (e) =>
      `PostgreSQL does not run the stream's statements on a table with a rewrite rule (${e.rules.join(', ')}): ${e.message}; use a trigger instead, or ALTER TABLE … DISABLE RULE, and run \`stream\` again`,
    rowTriggers: (e) =>
      `triggers of this database may change or drop rows before they are stored: ${e.triggers.join('; ')}. Writes of these tables return every row as stored, for the ledger to record, and are slower for it; disable the triggers for full speed`,
    written: (e) => {
      const parts = [
        e.inserted > 0 ? `inserted +${number(e.inserted)}` : '',
        e.updated > 0 ? `updated ${number(e.updated)}` : '',
        e.deleted > 0 ? `deleted -${number(e.deleted)}` : '',
      ].filter((part) => part !== '');
      const total = e.total === null ? '' : ` (total=${number(e.total)})`;
      return `${e.table}: ${parts.join(', ')}${total} batch=${e.batch}`;
    },
    rejected: (e) => `${e.table}: ${e.condition} ${e.field}=*** (${e.sqlstate}) — row skipped`,
    duplicate: (e) => `${e.table}: ${e.condition} ${e.field}=*** duplicated — row skipped`,
    repeated: (e) => `… ${number(e.count)} more like it: ${e.sentence}`,
    unknownField: () => 'field',
    batchRefused: (e) =>
      `${e.table}: COMMIT refused by a deferred constraint (${e.constraint}, ${e.sqlstate}) — the whole batch of ${plural(e.events, 'event')} is lost, since the server does not say which row it was`,
    unknownConstraint: () => 'constraint',
    retried: (e) => `worker ${e.worker}: ${e.cause} — repeating the batch`,
    lost: (e) => `connection lost: ${e.cause} — ${plural(e.workers, 'worker')} reconnecting`,
    reconnecting: (e) =>
      `connection lost — reconnecting in ${seconds(e.seconds)}s (attempt ${e.attempt}${e.of === null ? '' : `/${e.of}`}) [${plural(e.workers, 'worker')}: ${e.reason}]`,
    reconnected: (e) =>
      `connected again after ${seconds(e.seconds)} s; ${plural(e.workers, 'worker')}`,
    workerDied: (e) =>
      `worker ${e.worker}: its thread ended unexpectedly (${e.reason}) — starting another in its place`,
    gaveUp: (e) =>
      `connection lost and not recovered (${e.reason}); the run was ended${e.unsent === null ? '' : ` with ${plural(e.unsent, 'due event')} unsent`} — the summary holds what was committed`,
    exhausted: (e) =>
      `the run was ended${e.unsent === null ? '' : ` with ${plural(e.unsent, 'due event')} unsent`}: ${e.reason} — the summary holds what was committed`,
    behind: (e) =>
      `the run ended ${e.unsent === null ? 'before its last batches were sent' : `with ${plural(e.unsent, 'due event')} unsent`}, since the server was lost (${e.reason}); repeat the run, or pass --on-lag shed where such gaps are intended`,
    lostBy: (e) => `${e.cause}; since then ${e.since}`,
    heldUp: (e) =>
      [
        e.batches > 0
          ? `${plural(e.batches, 'batch', 'batches')} in flight waited for ${e.waits.join(' and ')}, and ${e.batches === 1 ? 'was' : 'were'} rolled back`
          : `batches waited for ${e.waits.join(' and ')}`,
        ...(e.unsent === null || e.unsent === 0
          ? []
          : [`the run ended with ${plural(e.unsent, 'due event')} unsent`]),
        'end what they waited for and run `stream` again',
      ].join('; '),
    unconfirmed: (e) =>
      `${plural(e.count, 'transaction')} in flight waited for ${e.waits.join(' and ')}: the wait was ended, and ${e.count === 1 ? 'it is' : 'they are'} committed on this server, unconfirmed by a standby`,
    cutOff: (e) =>
      `batches in flight got no answer within ${seconds(e.seconds)} s (STREAM_STOP_GRACE_SECONDS) and were cut off: look at what the server is doing, or allow more time`,
    noAnswer: (e) => `the server at ${e.where} no longer answers`,
    ownServerDown: () => 'the embedded PostgreSQL is down; the next command starts it again',
    ownServerLost: (e) =>
      `the lost server is the simulator's own embedded PostgreSQL (data in ${e.dir}); ${e.lines.length === 0 ? `its log is ${e.log}` : `the last lines of its log ${e.log}:\n${e.lines.map((line) => `  ${line}`).join('\n')}`}`,
    resolveLater: (e) =>
      `it is unknown whether ${plural(e.count, 'transaction')} committed; once the server is back, \`ledger resolve ${e.run}\` asks it`,
    refused: (e) =>
      `the server refuses the work: ${e.reason}; fix the cause and run \`stream\` again`,
    hazard: (e) =>
      `hazard ${e.name}: ${[
        ...(e.change === null
          ? []
          : [`${e.change.name} of ${e.change.table}${e.change.stays ? ', which stays' : ''}`]),
        ...(e.rows === 0 ? [] : [plural(e.rows, 'row')]),
        e.ms < 1000 ? `${number(Math.round(e.ms))} ms` : `${seconds(e.ms / 1000)} s`,
        ...(e.lsn === null ? [] : [`LSN ${e.lsn}`]),
      ].join(', ')}`,
    hazardFailed: (e) => `hazard ${e.name}: ${e.cause} — rolled back; it tries again next time`,
    hazards: (counts) =>
      `hazards: ${counts.map(([name, times]) => `${name} ${number(times)}`).join(', ')}`,
    paused: () => 'paused (.paused is there); `oltp-simulator resume` goes on',
    resumed: () => 'resumed',
    stopping: () => 'stop requested — finishing the batches in flight (repeat to force)',
    forced: () => 'forced to end: the batches in flight are left to the server',
    live: {
      states: {
        waiting: () => '▷ connecting',
        running: () => '▶',
        paused: () => '⏸ paused',
        stopping: () => '■ stopping',
      },
      rate: (e) => `${rateOf(e)} events/s`,
      shortRate: (e) => `${rateOf(e)} ev/s`,
      p99: (ms) => `p99 ${ms === null ? '–' : `${millis(ms)} ms`}`,
      rejected: (count) => `${number(count)} rejected`,
      shortRejected: (count) => `${number(count)} rej.`,
      reconnects: (count) => plural(count, 'reconnect'),
      partlyLost: (e) => `${e.workers} of ${e.of} workers reconnecting`,
      stage: (e) => `stage ${e.number}/${e.of}${e.shape === null ? '' : ` ${e.shape}`}`,
      left: (time) => `${time} left`,
      events: (count) => plural(count, 'event'),
      lost: (age) => `↻ server lost ${number(Math.floor(age))} s ago`,
      reconnecting: (e) => `reconnecting, ${attemptText(e)}`,
      attempt: attemptText,
      due: (count) => `${plural(count, 'event')} due`,
      hazard: (e) =>
        `⚑ ${e.name}${e.change === null ? '' : ` ${e.change}`}${e.rows === 0 ? '' : ` (${plural(e.rows, 'row')})`}`,
      shortHazard: (name) => `⚑ ${name}`,
    },
    paceStages: (e) => `${e.stages.join(', then ')}, in batches of ${e.batch}`,
    forecast: (e) =>
      e.events === null || e.seconds === null
        ? `up to ${number(e.peak)} events/s, without an end`
        : `${number(e.events)} events in ${seconds(e.seconds)} s, up to ${number(e.peak)} events/s`,
    forecastUnplanned: () =>
      'no schedule: the pace is that of the cycle or of the server; this is how workers share it',
    forecastHazards: (e) => `hazards: ${e.hazards.join(', ')}`,
    worker: () => 'worker',
    types: () => 'event types',
    share: () => 'share',
    noJunitFolder: (e) =>
      `the folder of --junit does not exist: ${e.folder}; create it, or name another file`,
    noJunit: (e) => `the JUnit XML could not be written to ${e.file} (${systemCauseEn(e.reason)})`,
    runFolder: (e) =>
      `could not write to ${e.folder} (${systemCauseEn(e.reason)}); the run goes on without that record`,
  },
  report: {
    at: (path) => `Report: ${path}`,
    run: () => 'run',
    stoppedBy: () => 'stopped by',
    reason: (by) => stopReasons[by],
    stopped: (e) => {
      const paused = e.paused < 0.1 ? '' : ` (${seconds(e.paused)} s of it paused)`;
      const whole = e.by === 'signal' && e.complete ? '; all its batches are complete' : '';
      return `${stopReasons[e.by]}, after ${seconds(e.seconds)} s${paused}${whole}`;
    },
    events: () => 'events',
    eventsAt: (e) =>
      `${number(e.events)}, at ${seconds(e.achieved)}${e.target === null ? '' : ` of ${number(e.target)}`} per second`,
    transactions: () => 'transactions',
    outcomes: (e) =>
      [
        `${number(e.committed)} committed`,
        ...(e.rolled_back > 0 ? [`${number(e.rolled_back)} rolled back`] : []),
        ...(e.in_doubt > 0 ? [`${number(e.in_doubt)} in doubt`] : []),
      ].join(', '),
    notSent: () => 'not sent',
    notSentOf: (e) =>
      `${number(e.events)}${e.due === null ? '' : ` of ${plural(e.due, 'due event')}`}${e.shed === 0 ? '' : `, ${e.shed === e.events ? '' : `${number(e.shed)} of them `}shed (--on-lag shed)`}`,
    errors: () => 'errors',
    errorCounts: (e) => {
      const kinds = e.rejected.map(({ name, rows }) => `${name} ${number(rows)}`).join(', ');
      const parts = [
        ...(e.rows > 0 ? [`${plural(e.rows, 'row')} rejected (${kinds})`] : []),
        ...(e.retries > 0 ? [plural(e.retries, 'retry', 'retries')] : []),
        ...(e.reconnects > 0 ? [plural(e.reconnects, 'reconnect')] : []),
      ];
      return parts.length === 0 ? 'none' : parts.join(', ');
    },
    bottleneck: (by) =>
      ({
        cpu: 'the generator itself is the bottleneck: it takes nearly all of the processor, and the latencies include that wait; use another machine, or less load',
        'event-loop':
          'the generator itself is the bottleneck: idle workers send late, and the latencies include that wait; use another machine, or less load',
      })[by],
    hazards: () => 'hazards',
    neverHappened: (names) =>
      `hazards that never happened: ${names.join(', ')} — what did not bite proves nothing; run longer, or have them more often (--hazard NAME=VALUE)`,
    latency: () => 'latency (ms)',
    response: () => 'response',
    service: () => 'service',
    table: () => 'table',
    rows: () => 'rows',
    inserted: () => 'inserted',
    updated: () => 'updated',
    deleted: () => 'deleted',
    total: () => 'total',
  },
  check: {
    ok: (e) => `${e.rules} rules checked, no violation`,
    broken: (e) =>
      `${number(e.broken)} of ${plural(e.rules, 'rule')} violated, ${plural(e.violations, 'violation')} in all`,
    violations: (count) => plural(count, 'violation'),
  },
  reset: {
    list: (e) => `reset drops these tables of schema ${e.schema}: ${e.tables}`,
    nothing: () => 'there are no tables to drop',
    foreign: (e) =>
      `reset refused: schema public holds tables that are not the simulator's (${e.tables}) and would be dropped too; point it at another database or use --drop-foreign-tables`,
    extension: (e) =>
      `reset refused: the database has tables of the extension ${e.extension} (${e.tables}), which would be left half; add --with ${e.extension} to rebuild them too`,
    schema: (e) =>
      `reset drops schema public only, but search_path is "${e.searchPath}"; drop that schema by hand and run \`init-db\``,
    ask: (e) =>
      `Drop ${number(e.rows)} rows of "${e.database}" on ${e.host} and start over? [y/N] `,
    yes: () => /^y(es)?$/i,
    refused: () => 'reset cancelled: nothing was dropped',
    noTerminal: () =>
      'reset refused: no terminal to confirm on; use --yes if this is what you want',
  },
  pause: {
    paused: (e) => (e.runs === 0 ? 'paused' : `paused (${plural(e.runs, 'run')} under way)`),
    alreadyPaused: () => 'was paused already',
    nothingRunning: () =>
      'no stream is running in this folder; the next one will start paused until `oltp-simulator resume`',
    resumed: () => 'resumed',
    notPaused: () => 'was not paused',
  },
  server: {
    notEmbedded: () =>
      'the db command is for the embedded PostgreSQL only, but a server is configured (PG_HOST, PGHOST or DATABASE_URL); remove that setting to use it',
    stopHint: () => 'Ctrl+C ends it',
    gone: (e) =>
      `the embedded PostgreSQL ended unexpectedly; its log ${e.log} has the reason; run \`db\` again to start it`,
    interrupted: () => 'interrupted before it was finished; run the command again to complete it',
    schemaReady: (e) => `schema ready in "${e.database}"`,
  },
  log: {
    warning: () => 'warning',
    error: () => 'error',
    fileGivenUp: (file, reason) =>
      `${file} cannot be written (${systemCauseEn(reason)}); continuing without this log file`,
  },
  doctor: doctorEn,
  ledger: {
    otherVersion: (e) =>
      `${e.path} is a ledger of format ${e.version}, and this version reads formats 1 to 4; use the version of the simulator that wrote it`,
    unknownExtensions: ({ run, names, version }) =>
      `the run ${run} has ${names.length === 1 ? 'the extension' : 'the extensions'} ${names.join(', ')}, which this version does not know; use the version of the simulator that wrote it${version === null ? '' : ` (${version})`}`,
    notConcluded: (e) =>
      `the database could not be examined at the end of the run: ${systemCauseEn(e.why)}`,
    unwritable: (e) =>
      `the ledger cannot be written (${systemCauseEn(e.message)}); without it the committed changes are unknown, so the run ends here; free some space, choose another LOG_DIR, or use --no-ledger`,
    none: (e) => `the run ${e.run} has no ledger; it ran with --no-ledger or with an older version`,
    underWay: (e) => `the run ${e.run} is still under way; end it first`,
    otherServer: (e) =>
      `the run ${e.run} wrote to database "${e.before}", and this is ${e.now === e.before ? 'another server with one of this name' : `"${e.now}"`}; point PG_HOST and PG_DATABASE (or DATABASE_URL) at the database of the run`,
    title: (e) => `ledger of run ${e.run}`,
    transactions: () => 'transactions',
    outcomes: (e) =>
      `${number(e.committed)} committed · ${number(e.aborted)} aborted · ${number(e.unknown)} unknown · ${number(e.open)} open`,
    connections: () => 'connections',
    connectionParts: (e) => `${number(e.connections)} of ${plural(e.workers, 'worker')}`,
    time: () => 'time',
    servers: () => 'server',
    problems: () => 'problems',
    problem: (e) =>
      `${e.file}:${e.line}: ${{ malformed: 'not a record of the ledger', broken: 'this line or an earlier one was changed after it was written', sequence: 'a record in the wrong place' }[e.kind]}`,
    more: (count) => `… and ${number(count)} more`,
    differences: () => 'differences',
    difference: (e) =>
      `${e.table} ${e.key}: ${ledgerSays(e)}; the database has ${e.xmin === null ? 'no such row' : `a row written by transaction ${e.xmin}`}${e.file === null ? '' : ` (${e.file}, intent ${e.intent})`}`,
    held: (e) =>
      `ledger and database agree: ${plural(e.rows, 'committed change')} in ${plural(e.transactions, 'transaction')}`,
    changedSince: (e) =>
      `${plural(e.count, 'row')} changed since: ${Object.entries(e.runs)
        .map(([run, rows]) => `${number(rows)} by run ${run}`)
        .join(', ')}`,
    unchecked: (e) =>
      `not compared, since without a key nothing identifies a row: ${e.tables.join(', ')}; \`verify\` counts equal rows`,
    notHeld: (e) =>
      `ledger and database do not agree: ${plural(e.differences, 'key')} differ, ${plural(e.problems, 'problem')} in the ledger${e.prepared === 0 ? '' : `, ${plural(e.prepared, 'prepared transaction')} without an end`}`,
    hazards: () => 'hazards, by the transactions that they happened in',
    noHazard: () => 'none happened',
    undoneRows: () => 'rows rolled back with their savepoint',
    messages: () => 'logical messages',
    prepared: () => 'prepared transactions',
    preparedEnds: (e) => `${number(e.committed)} committed · ${number(e.aborted)} rolled back`,
    truncates: () => 'TRUNCATEs, with their LSN',
    schemaChanges: () => 'schema changes, with their LSN',
    undecidedPrepared: () => 'prepared transactions without an outcome, by name',
    stillPrepared: (e) =>
      `${e.count === 1 ? 'a prepared transaction of the run is' : `${number(e.count)} prepared transactions of the run are`} still on the server, with ${e.count === 1 ? 'its' : 'their'} locks; \`ledger resolve\` finishes ${e.count === 1 ? 'it' : 'them'}`,
    preparedFinished: (e) =>
      `${plural(e.count, 'prepared transaction')} ${e.count === 1 ? 'was' : 'were'} finished`,
    preparedRefused: (e) =>
      `the prepared transaction ${e.gid} can be finished only by the role "${e.owner}", or a superuser, in database "${e.database}"; run \`ledger resolve\` so`,
    summaryDiffers: () =>
      "the run's summary counts other transactions or rows than its ledger: a file of the ledger is missing, or one of the two was changed",
    undecided: (e) =>
      `the ledger does not say whether ${plural(e.open + e.unknown, 'transaction')} committed (${number(e.open)} open, ${number(e.unknown)} unknown): their keys were left out`,
    resolved: (e) =>
      e.committed + e.aborted + e.unknown === 0
        ? `run ${e.run} left no transaction open`
        : `run ${e.run}: ${number(e.committed)} open transactions were committed, ${number(e.aborted)} were not, ${number(e.unknown)} remain unknown`,
    stillUnknown: (e) =>
      `the server cannot say whether ${plural(e.unknown, 'transaction')} committed: it is another server, or it no longer knows them`,
    resolveHint: () => '`ledger resolve` asks the server about open transactions',
  },
  runs: {
    none: (e) => `no runs are kept in ${e.folder}`,
    when: () => 'began',
    lasted: () => 'lasted',
    load: () => 'load',
    events: () => 'events',
    size: () => 'size',
    verdict: () => 'verdict',
    run: () => 'run',
    perSecond: (rate) => `${number(rate)}/s`,
    stages: (count) => plural(count, 'stage'),
    underWay: () => 'under way',
    verdicts: {
      violated: () => 'violation',
      critical: () => 'failed',
      server_lost: () => 'server lost',
      held_up: () => 'held up',
      not_held: () => 'not held',
      no_summary: () => 'killed',
      in_doubt: () => 'in doubt',
      indeterminate: () => 'indeterminate',
      duplicates: () => 'duplicates',
      exact: () => 'exact',
      held: () => 'held',
      unjudged: () => 'none',
    },
    name: () => 'name',
    note: () => 'note',
    loadParts: (e) =>
      `${e.load}${e.workers === null ? '' : `, ${plural(e.workers, 'worker')}`}${e.batch === null ? '' : `, batches of ${number(e.batch)}`}`,
    changed: () => 'Settings that differ from the defaults:',
    verifications: () => 'Verifications, the newest first:',
    files: () => 'Files:',
    folder: () => 'folder',
    noLimit: () =>
      'runs prune needs a limit: --keep N (the newest that stay), --older-than 30d, or both',
    nothingToPrune: (e) => `nothing to delete: ${plural(e.kept, 'run')} kept`,
    wouldPrune: (e) =>
      `${plural(e.runs, 'run')} of ${number(e.runs + e.kept)} would be deleted (${e.size})`,
    askToPrune: (e) =>
      `Delete ${e.runs === 1 ? 'this run' : `these ${number(e.runs)} runs`} (${e.size})? [y/N] `,
    pruned: (e) => `${plural(e.runs, 'run')} deleted (${e.size}), ${number(e.kept)} kept`,
    refused: () => 'cancelled: nothing was deleted',
    noTerminal: () =>
      'runs prune refused: no terminal to confirm on; use --yes if this is what you want, or --dry-run to see what it would delete',
    interrupted: (e) =>
      `interrupted: ${plural(e.runs, 'run')} deleted, ${number(e.left)} still to go`,
  },
  config: {
    key: () => 'setting',
    value: () => 'value',
    from: () => 'from',
    standard: () => 'default',
    account: () => "the system's account",
    set: () => '(set)',
    notSet: () => '(not set)',
    embedded: (e) => `Server: embedded PostgreSQL, data in ${e.dir}, port ${e.port}`,
    server: (e) => `Server: ${e.user} on ${e.host}:${e.port}, database ${e.database}`,
    others: (count) =>
      count === 1
        ? 'One other setting has its default; --all shows it.'
        : `${number(count)} other settings have their defaults; --all shows them.`,
  },
  metrics: {
    name: () => 'metric',
    units: () => 'units',
    example: () =>
      'As in --threshold "response.p99<250ms, abort"; a metric without units takes just a number.',
  },
};
