import type { cliPtBR } from './cli.pt-BR.js';
import { systemCauseEn } from './system.en.js';

const PROGRAM = 'oltp-simulator';

/** Help texts, in English. */
export const cliEn: typeof cliPtBR = {
  tooManyFiles: () =>
    'too many open files (EMFILE); raise the limit (`ulimit -n 4096`) or use fewer --workers',
  noThread: (e) =>
    `no further thread can be started (${e.message}); raise the limit (\`ulimit -u\`, memory) or use fewer --workers`,
  diskFull: (e) =>
    `no space left for writing (${e.what}: ${e.code}); free some space and run the command again`,
  notAllowed: (e) =>
    `permission denied (${e.what}: ${e.code}); correct the permissions, or run the command in a folder that this user may write to`,
  deviceFailed: (e) => `the device cannot be read or written (${e.what}: ${e.code}); check it`,
  noWorkingFolder: () =>
    'the current folder no longer exists; change to one that exists and run the command again',
  outputLost: (e) =>
    `the result could not be written to stdout (${systemCauseEn(e.reason)}); free some space or choose another destination, and run the command again`,
  defect: (trace) => `this is a bug in the program; please report it: ${trace}`,
  about: () =>
    `${PROGRAM}: a hospital's OLTP database in continuous use, on PostgreSQL, for testing CDC`,
  usageTitle: () => 'Usage:',
  commandsTitle: () => 'Commands:',
  flagsTitle: () => "The command's options:",
  commonTitle: () => 'Options of every command:',
  examplesTitle: () => 'Examples:',
  usage: () => `${PROGRAM} <command> [options]`,
  commandUsage: (command, hasFlags) => `${PROGRAM} ${command}${hasFlags ? ' [options]' : ''}`,
  more: () =>
    `See \`${PROGRAM} <command> --help\` for a command's options. All other settings are explained in config/settings.toml and config/.env.example; precedence: option, environment, profile, .env, settings.toml, default. Where no server is named (PG_HOST, PGHOST…, DATABASE_URL), an embedded PostgreSQL is used.`,
  commands: {
    start: () => 'everything: schema, initial volume, continuous events until Ctrl+C',
    'init-db': () => 'create schema, indexes and lookups (drops nothing; may be repeated)',
    seed: () => 'top up every table to its initial volume; existing rows count',
    stream: () => 'start the continuous events',
    reset: () => 'start over: drop all tables, then schema, indexes, lookups and initial volume',
    counts: () => 'show the rows per table',
    check: () => 'check integrity and domain rules over the whole database',
    runs: () => 'list the runs that are kept, show one, or delete old ones',
    report: () => "write a run's report, or compare several",
    ledger: () => 'show the ledger of a run, or compare it with the database',
    verify: () => "compare a CDC pipeline's output with the ledger of a run",
    'demo-cdc': () => 'a demonstration: server, load, a CDC consumer, and the verdict on it',
    doctor: () => 'check whether the database is ready for CDC, reading only',
    metrics: () => 'names and units of the figures that thresholds may use',
    config: () => 'show every setting, and where its value came from',
    completion: () => 'print the completion script of a shell: bash, zsh or fish',
    help: () => 'show the help of the program or of a command',
    pause: () => 'pause the continuous events (creates the file .paused)',
    resume: () => 'resume the continuous events (removes the file .paused)',
    db: () => 'keep the embedded PostgreSQL up and show its connection URL',
  },
  details: {
    start: () =>
      'Prepares the schema, fills in what is missing of the initial volume and starts the continuous events, in one process. Ctrl+C ends it with a summary.',
    'init-db': () =>
      'Checks the connection and creates schema, indexes and lookups. Drops nothing; may be repeated at any time.',
    seed: () =>
      'Fills in the initial volume by COPY, in foreign-key order. The volumes come from SEED_PACIENTES, SEED_MEDICOS and so on; SEED_MIN_ROWS raises every table to a minimum. The same seed number (--rng) gives the same rows with any number of workers.',
    stream: () =>
      'Inserts, updates and (rarely) deletes rows without end: each worker has one connection and commits one batch per transaction. Without --rate, each worker commits one batch every interval ± jitter. Ctrl+C finishes the batches in flight and shows the summary.',
    reset: () =>
      'Drops every table of the schema and builds everything again: schema, indexes, lookups and initial volume. Asks for confirmation on a terminal; elsewhere it needs --yes.',
    counts: () => 'Shows how many rows each table holds (SELECT COUNT(*)).',
    check: () =>
      'Checks foreign keys and domain rules in SQL, over the whole database. Exit code 5 if one is violated.',
    runs: () =>
      'The runs that are kept in logs/runs. `runs list`: the newest first, each with its verdict: the worst of its end, its thresholds and its last verification. `runs show [RUN]`: one in detail (RUN: name, a part of it, or folder; the newest run without one). `runs prune --keep 20` deletes all but the 20 newest; `--older-than 30d` deletes those that began more than 30 days ago; with both, a run is deleted only if each of them allows it. It lists them first and asks on a terminal; elsewhere it needs --yes. A run that is under way is never deleted.',
    report: () =>
      "Writes report.html into a run's folder below logs/runs, from the files that the run left there. RUN: its name, a part of the name, or its folder; without one, the newest run. Several runs make one page that compares them.",
    ledger: () =>
      'The exact record of the transactions of a run, key by key. `ledger show [RUN]` adds it up; `ledger resolve [RUN]` asks the server about the transactions that a killed run left open; `ledger check [RUN]` compares it with the rows of the database, and ends with exit code 5 if they differ. RUN: its name, a part of the name, or its folder; without one, the newest run. Check before other programs change the rows of the run.',
    verify: () =>
      'Says whether everything that a run committed came out of a CDC pipeline: once, in order, unchanged, and how late. Works during the run or afterwards. RUN: its name, a part of the name, or its folder; without one, the newest run; `next`: the next run to begin. Exit code: 0 exact, 6 duplicates only (a connector started over), 7 a violation, 8 indeterminate (something is unknown, or the events ended before the run did). --source slot:NAME reads a replication slot of the server itself; ndjson:FILE follows a file of Debezium events (plain, enveloped, CloudEvents, flattened; gzip too), ndjson:- standard input; http://127.0.0.1:PORT receives events by POST; kafka:BROKERS/PREFIX reads all topics that begin with PREFIX (TLS and SASL: the KAFKA_… settings).',
    'demo-cdc': () =>
      'Shows what the simulator is for, in less than a minute: prepares the database, reads its changes from a temporary replication slot while load runs, and says whether all of it came out. Without --rate and --duration: 500 events/s for 20 s. The exit code is that of verify.',
    doctor: () =>
      'Checks whether the tables suit CDC, and whether the server is ready for a consumer that uses logical decoding (Debezium and others). Reads only: each check reports what it found, and the statement or step that fixes it. Exit code 5 if one fails.',
    metrics: () =>
      "Lists the figures of a run's summary that `--threshold` may compare, with their units: response.p99<250ms, rejected<=5, slot.debezium.retained<1GB. In short forms, `|` separates alternatives.",
    config: () =>
      'Shows the settings that differ from their defaults, and where each value came from: option, variable, file with its line. --all shows every setting. Takes the options of all other commands as well: `config show --rate 100 --workers 8` shows what `stream --rate 100 --workers 8` would use (where commands share an option, it is shown for each). Passwords are never shown. Needs no server.',
    completion: () =>
      'Prints a script that completes commands, options, their values and the names of runs. bash: source <(oltp-simulator completion bash) in ~/.bashrc. zsh: the same with zsh, in ~/.zshrc after compinit. fish: oltp-simulator completion fish > ~/.config/fish/completions/oltp-simulator.fish.',
    help: () => 'Shows the help of the program, or of the named command, as --help does.',
    pause: () =>
      'Creates the sentinel file .paused; the continuous events stop within half a second.',
    resume: () => 'Removes the sentinel file .paused; the continuous events go on.',
    db: () =>
      'Keeps the embedded PostgreSQL in the foreground, shows its connection URL and stops it on Ctrl+C.',
  },
  settings: {
    lang: () => 'language of the messages; without it that of LC_ALL, LC_MESSAGES or LANG',
    'log-level': () => 'log level',
    progress: () =>
      'how progress is shown on stderr; auto: a live line on a terminal, lines elsewhere; json: one object a second, log records in JSON too',
    rng: () => 'seed number of the data: the same number gives the same rows',
    workers: () => 'workers in parallel, each with its own connection',
    rate: () =>
      'events per second over all workers; max: as fast as the server takes them; cycle: one batch per worker every interval',
    stage: () =>
      'a load shape instead of a rate; may be repeated, the stages run one after the other',
    arrivals: () => 'how the events of a rate or stage are spaced: evenly or at random',
    'on-lag': () =>
      'when the server does not keep up: send late (queue) or count as not sent (shed)',
    threshold: () =>
      'a pass/fail condition: exit code 5 if it fails; may be repeated; `, abort` ends the run as soon as it fails',
    hazard: () => 'a history that breaks pipelines; may be repeated',
    junit: () => 'file for the results as JUnit XML',
    name: () => "name of the run, a part of its folder's name",
    note: () => 'a note that is kept with the run',
    interval: () => "time between a worker's batches, in cycle mode",
    jitter: () => 'random variation of the interval, in milliseconds',
    'batch-size': () => 'events per transaction',
    duration: () => 'end by itself after this time; 0: until Ctrl+C',
    'max-events': () => 'end after exactly this many events; 0: no limit',
    only: () => 'these event types only',
    'update-ratio': () => 'share of the events that are UPDATEs',
    'delete-ratio': () => 'share of the events that are DELETEs; with --update-ratio at most 1',
    keep: () => 'prune: keep this many of the newest runs',
    'older-than': () => 'prune: delete only runs that began longer ago than this',
    publication: () => 'the publication that the consumer uses',
    slot: () => 'the replication slot that the consumer uses',
    role: () => 'the role that the consumer connects as',
    source: () => 'where the change events come from',
    'toast-placeholder': () =>
      "the connector's unavailable.value.placeholder; may be repeated; Debezium's default always counts",
    wait: () => 'once the run is over, stop after this long without a new event',
    sample: () => 'share of the rows that are followed one by one',
    memory: () => 'memory for the events and rows to remember',
    scale: () => 'multiplies every volume of the initial load',
    with: () =>
      'extensions of the hospital: their tables and events, beside the usual ones; may be repeated',
  },
  files: {
    config: () => 'TOML configuration file',
    'env-file': () => '.env file',
    profile: () => 'ready-made settings, by name (smoke, load, soak, spike) or file',
  },
  switches: {
    json: () => 'write the result to stdout as exactly one JSON document',
    help: () => 'show this help',
    version: () => 'show the version',
    verbose: () => 'show all log lines on a terminal, in full',
    yes: () => 'do not ask for confirmation',
    'drop-foreign-tables': () => "drop tables that are not the simulator's, too",
    'no-ledger': () => 'keep no ledger, the exact record of what was committed',
    'create-slot': () =>
      'with slot:NAME: make a temporary slot and publication, and remove them at the end',
    streaming: () =>
      'with slot:NAME: have the server send parts of large transactions before their end',
    partial: () => 'leave out changes that were committed before the source began',
    'skip-malformed': () => 'count input that is not an event instead of ending with an error',
    'dry-run': () =>
      'stream: show the planned load and how workers share it; runs prune: show what would be deleted; nothing is touched',
    all: () => 'show the settings that have their defaults, too',
  },
  placeholders: {
    number: () => 'N',
    rate: () => 'N|max|cycle',
    stage: () => 'SHAPE:RATES/TIME',
    hazard: () => 'NAME[=VALUE]',
    time: () => 'TIME',
    age: () => 'AGE',
    milliseconds: () => 'MS',
    share: () => 'SHARE',
    size: () => 'SIZE',
    text: () => 'TEXT',
    name: () => 'NAME',
    file: () => 'FILE',
    source: () => 'SOURCE',
    types: () => 'TYPES',
    extensions: () => 'EXTENSIONS',
    mode: () => 'HOW',
    condition: () => 'CONDITION',
    language: () => 'LANGUAGE',
    level: () => 'LEVEL',
  },
  flag: (doc, allowed, fallback) => `${doc} (${allowed}; default: ${fallback})`,
  anyFile: () => 'must exist when named',
  allByDefault: () => 'all',
  noDefault: () => 'none',
  examples: () => [
    `${PROGRAM} start`,
    `${PROGRAM} init-db && ${PROGRAM} seed`,
    `${PROGRAM} stream --interval 2 --batch-size 50`,
    `${PROGRAM} counts --json`,
  ],
  commandExamples: {
    start: () => [`${PROGRAM} start`, `${PROGRAM} start --scale 10 --rate 500 --duration 5m`],
    'init-db': () => [`${PROGRAM} init-db`, `PG_HOST=localhost ${PROGRAM} init-db`],
    seed: () => [`${PROGRAM} seed`, `${PROGRAM} seed --scale 100 --workers 4 --rng 7`],
    stream: () => [
      `${PROGRAM} stream --interval 2 --batch-size 50`,
      `${PROGRAM} stream --workers 4 --rate 200 --duration 20s --json`,
      `${PROGRAM} stream --stage ramp:100..2000/60s --stage constant:2000/5m --dry-run`,
      `${PROGRAM} stream --with prontuario --hazard all --hazard huge=100000/30s`,
      `${PROGRAM} stream --rate max --only consulta,exame --max-events 100000`,
    ],
    reset: () => [`${PROGRAM} reset`, `${PROGRAM} reset --yes --scale 2`],
    counts: () => [`${PROGRAM} counts`, `${PROGRAM} counts --json`],
    check: () => [`${PROGRAM} check`, `${PROGRAM} check --json`],
    runs: () => [
      `${PROGRAM} runs list`,
      `${PROGRAM} runs show nightly-soak`,
      `${PROGRAM} runs prune --keep 20 --older-than 30d --yes`,
    ],
    report: () => [
      `${PROGRAM} report`,
      `${PROGRAM} report 20261124-101500-a1b2 20261124-111500-c3d4`,
    ],
    ledger: () => [`${PROGRAM} ledger show`, `${PROGRAM} ledger check 20261124-101500-a1b2 --json`],
    doctor: () => [
      `${PROGRAM} doctor`,
      `${PROGRAM} doctor --publication cdc --slot debezium --role debezium --json`,
    ],
    verify: () => [
      `${PROGRAM} verify next --source slot:check --create-slot`,
      `${PROGRAM} verify --source ndjson:events.ndjson.gz`,
      `${PROGRAM} verify 20261124-101500-a1b2 --source http://127.0.0.1:8080 --json`,
    ],
    'demo-cdc': () => [`${PROGRAM} demo-cdc`],
    metrics: () => [`${PROGRAM} metrics`, `${PROGRAM} metrics --json`],
    config: () => [
      `${PROGRAM} config show`,
      `${PROGRAM} config show --all --json`,
      `${PROGRAM} config show --profile soak --workers 8`,
    ],
    completion: () => [
      `source <(${PROGRAM} completion bash)`,
      `${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish`,
    ],
    help: () => [`${PROGRAM} help`, `${PROGRAM} help stream`],
    pause: () => [`${PROGRAM} pause`],
    resume: () => [`${PROGRAM} resume`],
    db: () => [`${PROGRAM} db`],
  },
};
