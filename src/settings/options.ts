import type * as v from 'valibot';
import { SEPARATOR } from '../hazards/parse.js';
import { ARRIVALS, ON_LAG } from '../load/pacer.js';
import { MAX_EVENTS_PER_SECOND } from '../load/shapes/shape.js';
import { LOG_LEVELS, PROGRESS_FORMS } from '../log/settings.js';
import { LANGUAGES, type Messages } from '../messages/index.js';
import { SSL_MODES } from '../postgres/target.js';
import { Metrics } from '../report/metrics.js';
import type { Table } from '../schema/table.js';
import type { Tables } from '../schema/tables.js';
import { EXTENSION_NAMES, schemaWith } from '../schemas/index.js';
import { SASL_MECHANISMS, SECURITY_PROTOCOLS } from '../sources/kafka/security.js';
import type { Command } from './commands.js';
import {
  age,
  bytes,
  day,
  decimal,
  flag,
  folder,
  hazards,
  host,
  integer,
  lines,
  listOf,
  milliseconds,
  nonEmptyText,
  oneOf,
  optional,
  orNull,
  path,
  rateOr,
  runName,
  seconds,
  secretText,
  source,
  stages,
  text,
  thresholds,
  type Validator,
  weights,
} from './validators.js';

/** The commands that take a flag. */
type Takers = readonly Command[] | 'all';

/** A flag that is followed by a value. Its help text stands in the messages, under its name. */
export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly commands: Takers;
  /** Stands for the value in help. */
  readonly placeholder: keyof Messages['cli']['placeholders'];
  /** Joins the values of a flag that may be repeated. Without it the last one wins. */
  readonly joiner?: string;
  /** The flag selects some of what exists; without it, all is selected. */
  readonly narrows?: true;
}

/** One setting: where it may come from, which values it takes, and its default. */
export interface Option<T = unknown> {
  readonly env: string;
  readonly validator: Validator<T>;
  /** As an operator would type it; empty means "not set". */
  readonly default: string;
  /** Its member of `Settings`; without it, the last part of the key in camel case. */
  readonly as?: string;
  readonly flag?: Flag;
  /** The switch that sets it to false. */
  readonly deniedBy?: string;
  /** The switch that sets it to true. */
  readonly enabledBy?: string;
  /** libpq's variables for the same setting; the first one that is set wins. */
  readonly libpq?: readonly string[];
  /** The value must never be shown. */
  readonly secret?: true;
}

/** Node's timers overflow past 24.8 days and then fire at once. */
const MAX_TIMER_SECONDS = 24 * 86_400;
const MAX_INTERVAL_SECONDS = 86_400;
const MAX_JITTER_MS = 3_600_000;
const MAX_RETRY_SECONDS = 3600;
const MAX_PORT = 65_535;
/** More threads than this are slower than fewer, on any machine this runs on. */
const MAX_WORKERS = 256;
/** A batch is one statement held in memory, by this program and by the server. */
const MAX_BATCH_SIZE = 10_000;
/** CPF has nine free digits, so a table's ids must stay below 10^9. */
const MAX_ROWS = 900_000_000;
/** A connector may need minutes to restart; a day without an event means a forgotten command. */
const MAX_WAIT_SECONDS = 86_400;
/** A hundred years: more than any run is old. */
const MAX_AGE_SECONDS = 36_500 * 86_400;
/** Bytes; with less, `verify` remembers too few events to tell a replay from a loss of order. */
const MIN_MEMORY = 8 * 1024 ** 2;
/** Bytes; a typed array of half of it must be possible. */
const MAX_MEMORY = 8 * 1024 ** 3;

const port = integer(1, MAX_PORT);
const workers = integer(1, MAX_WORKERS);
const rows = integer(0, MAX_ROWS);
const ratio = decimal(0, 1);
const retrySeconds = (above: boolean) => decimal(0, MAX_RETRY_SECONDS, { above });

/** The tables and event types of all extensions: each has its options, whether a run asks for it or not. */
const EVERYTHING = schemaWith(EXTENSION_NAMES);
const EVENT_TYPES = EVERYTHING.eventTypes;

const LOAD = ['start', 'stream', 'demo-cdc'] as const;
const STREAM = ['start', 'stream'] as const;
const SEED = ['seed', 'reset'] as const;
const DOCTOR = ['doctor'] as const;
const VERIFY = ['verify'] as const;
const RUNS = ['runs'] as const;
const TABLES = ['init-db', 'counts', 'check', 'doctor', 'metrics', 'verify'] as const;

type VolumeKey = `seed.${string}`;

/** Rows that a table should hold, before `scale` and `min_rows`. */
const VOLUMES: Readonly<Record<VolumeKey, Option<number>>> = Object.fromEntries(
  inOrderOfVolumes(EVERYTHING.tables).map(({ volume: { setting, rows: standard } }) => [
    `seed.${setting}`,
    { env: `SEED_${setting.toUpperCase()}`, validator: rows, default: String(standard) },
  ]),
);

/**
 * Every option, by its dotted key in `settings.toml`: the only list. The `Settings`, the flags of each
 * command and its help follow from it; the example files in `config/` are compared with it by a test.
 */
const OPTIONS = {
  // Without one, the locale of the environment decides (`readLocale`).
  'app.lang': {
    env: 'APP_LANG',
    validator: oneOf(LANGUAGES),
    default: 'en',
    flag: { name: 'lang', commands: 'all', placeholder: 'language' },
  },
  'app.rng': {
    env: 'RNG_SEED',
    validator: integer(0, Number.MAX_SAFE_INTEGER),
    default: '42',
    flag: { name: 'rng', commands: [...LOAD, ...SEED], placeholder: 'number' },
  },

  // The extensions of the hospital that a run writes to as well.
  'schema.extensions': {
    env: 'SCHEMA_EXTENSIONS',
    validator: listOf(EXTENSION_NAMES),
    default: '',
    flag: {
      name: 'with',
      commands: [...LOAD, ...SEED, ...TABLES],
      placeholder: 'extensions',
      joiner: ',',
    },
  },

  'db.host': { env: 'PG_HOST', validator: host, default: '', libpq: ['PGHOSTADDR', 'PGHOST'] },
  'db.port': { env: 'PG_PORT', validator: port, default: '5432', libpq: ['PGPORT'] },
  'db.user': { env: 'PG_USER', validator: text, default: 'postgres', libpq: ['PGUSER'] },
  'db.password': {
    env: 'PG_PASSWORD',
    validator: secretText,
    default: '',
    libpq: ['PGPASSWORD'],
    secret: true,
  },
  'db.database': {
    env: 'PG_DATABASE',
    validator: nonEmptyText,
    default: 'hospital_oltp',
    libpq: ['PGDATABASE'],
  },
  'db.sslmode': {
    env: 'PG_SSLMODE',
    validator: oneOf(SSL_MODES),
    default: 'prefer',
    libpq: ['PGSSLMODE'],
  },
  'db.sslrootcert': {
    env: 'PG_SSLROOTCERT',
    validator: text,
    default: '',
    libpq: ['PGSSLROOTCERT'],
  },
  'db.sslcert': { env: 'PG_SSLCERT', validator: text, default: '', libpq: ['PGSSLCERT'] },
  'db.sslkey': { env: 'PG_SSLKEY', validator: text, default: '', libpq: ['PGSSLKEY'] },
  'db.search_path': { env: 'PG_SEARCH_PATH', validator: nonEmptyText, default: 'public' },
  'db.connect_timeout': {
    env: 'PG_CONNECT_TIMEOUT',
    validator: integer(0, MAX_RETRY_SECONDS),
    default: '10',
    as: 'connectTimeoutSeconds',
    libpq: ['PGCONNECT_TIMEOUT'],
  },
  'db.application_name': {
    env: 'PG_APPLICATION_NAME',
    validator: nonEmptyText,
    default: 'oltp-simulator',
    libpq: ['PGAPPNAME'],
  },

  'embedded.dir': { env: 'PG_EMBEDDED_DIR', validator: folder, default: '.data/postgres' },
  'embedded.port': { env: 'PG_EMBEDDED_PORT', validator: port, default: '54329' },

  'stream.workers': {
    env: 'STREAM_WORKERS',
    validator: workers,
    default: '5',
    flag: { name: 'workers', commands: LOAD, placeholder: 'number' },
  },
  // Events per second over all workers; null: one batch per worker every interval.
  'stream.rate': {
    env: 'STREAM_RATE',
    validator: orNull(rateOr(['cycle', 'max'], MAX_EVENTS_PER_SECOND), 'cycle'),
    default: 'cycle',
    flag: { name: 'rate', commands: LOAD, placeholder: 'rate' },
  },
  'stream.stages': {
    env: 'STREAM_STAGES',
    validator: stages(MAX_TIMER_SECONDS),
    default: '',
    flag: { name: 'stage', commands: STREAM, placeholder: 'stage', joiner: ';' },
  },
  'stream.arrivals': {
    env: 'STREAM_ARRIVALS',
    validator: oneOf(ARRIVALS),
    default: 'even',
    flag: { name: 'arrivals', commands: STREAM, placeholder: 'mode' },
  },
  'stream.on_lag': {
    env: 'STREAM_ON_LAG',
    validator: oneOf(ON_LAG),
    default: 'queue',
    flag: { name: 'on-lag', commands: STREAM, placeholder: 'mode' },
  },
  'stream.thresholds': {
    env: 'STREAM_THRESHOLDS',
    validator: thresholds(new Metrics(EVERYTHING)),
    default: '',
    flag: { name: 'threshold', commands: STREAM, placeholder: 'condition', joiner: ';' },
  },
  'stream.junit': {
    env: 'STREAM_JUNIT',
    validator: path,
    default: '',
    as: 'junitFile',
    flag: { name: 'junit', commands: STREAM, placeholder: 'file' },
  },
  // Which ones `all` means depends on the extensions.
  'stream.hazards': {
    env: 'STREAM_HAZARDS',
    validator: hazards,
    default: '',
    flag: { name: 'hazard', commands: LOAD, placeholder: 'hazard', joiner: SEPARATOR },
  },
  'stream.ledger': {
    env: 'STREAM_LEDGER',
    validator: flag,
    default: 'true',
    deniedBy: 'no-ledger',
  },
  // null: none.
  'stream.name': {
    env: 'STREAM_NAME',
    validator: runName,
    default: '',
    flag: { name: 'name', commands: LOAD, placeholder: 'text' },
  },
  'stream.note': {
    env: 'STREAM_NOTE',
    validator: optional(text),
    default: '',
    flag: { name: 'note', commands: LOAD, placeholder: 'text' },
  },
  'stream.interval_seconds': {
    env: 'STREAM_INTERVAL_SECONDS',
    validator: seconds(MAX_INTERVAL_SECONDS),
    default: '2',
    flag: { name: 'interval', commands: STREAM, placeholder: 'time' },
  },
  'stream.max_jitter_ms': {
    env: 'MAX_JITTER_MS',
    validator: milliseconds(MAX_JITTER_MS),
    default: '400',
    flag: { name: 'jitter', commands: STREAM, placeholder: 'milliseconds' },
  },
  'stream.batch_size': {
    env: 'BATCH_SIZE',
    validator: integer(1, MAX_BATCH_SIZE),
    default: '50',
    flag: { name: 'batch-size', commands: LOAD, placeholder: 'number' },
  },
  // null: until stopped.
  'stream.duration': {
    env: 'STREAM_DURATION',
    validator: orNull(seconds(MAX_TIMER_SECONDS), 0),
    default: '0',
    as: 'durationSeconds',
    flag: { name: 'duration', commands: LOAD, placeholder: 'time' },
  },
  // null: no limit.
  'stream.max_events': {
    env: 'STREAM_MAX_EVENTS',
    validator: orNull(integer(0, Number.MAX_SAFE_INTEGER), 0),
    default: '0',
    flag: { name: 'max-events', commands: STREAM, placeholder: 'number' },
  },
  'stream.only': {
    env: 'STREAM_ONLY',
    validator: listOf(EVENT_TYPES),
    default: '',
    flag: { name: 'only', commands: STREAM, placeholder: 'types', narrows: true },
  },
  'stream.weights': {
    env: 'STREAM_WEIGHTS',
    validator: weights(EVENT_TYPES),
    default: [...schemaWith([]).events.values()]
      .map(({ type, weight }) => `${type}=${weight}`)
      .join(','),
  },
  'stream.update_ratio': {
    env: 'STREAM_UPDATE_RATIO',
    validator: ratio,
    default: '0.15',
    flag: { name: 'update-ratio', commands: STREAM, placeholder: 'share' },
  },
  'stream.delete_ratio': {
    env: 'STREAM_DELETE_RATIO',
    validator: ratio,
    default: '0.01',
    flag: { name: 'delete-ratio', commands: STREAM, placeholder: 'share' },
  },
  'stream.id_cache_size': {
    env: 'STREAM_ID_CACHE_SIZE',
    validator: integer(1000, 10_000_000),
    default: '200000',
  },
  'stream.fail_fast_on_critical': { env: 'STREAM_FAIL_FAST', validator: flag, default: 'true' },
  'stream.reconnect_attempts': {
    env: 'STREAM_RECONNECT_ATTEMPTS',
    validator: integer(1, 1000),
    default: '5',
  },
  'stream.reconnect_base_seconds': {
    env: 'STREAM_RECONNECT_BASE_SECONDS',
    validator: retrySeconds(true),
    default: '1',
  },
  'stream.reconnect_max_seconds': {
    env: 'STREAM_RECONNECT_MAX_SECONDS',
    validator: retrySeconds(true),
    default: '30',
  },
  'stream.stop_grace_seconds': {
    env: 'STREAM_STOP_GRACE_SECONDS',
    validator: retrySeconds(false),
    default: '5',
  },

  ...VOLUMES,
  'seed.min_rows': { env: 'SEED_MIN_ROWS', validator: rows, default: '1000' },
  'seed.scale': {
    env: 'SEED_SCALE',
    validator: decimal(0, 100_000, { above: true }),
    default: '1',
    flag: { name: 'scale', commands: ['start', ...SEED], placeholder: 'number' },
  },
  'seed.workers': {
    env: 'SEED_WORKERS',
    validator: workers,
    default: '2',
    flag: { name: 'workers', commands: SEED, placeholder: 'number' },
  },
  'seed.validate_foreign_keys': {
    env: 'SEED_VALIDATE_FOREIGN_KEYS',
    validator: flag,
    default: 'true',
  },
  // The day that the seeded history ends on, `YYYY-MM-DD`.
  'seed.reference_date': { env: 'SEED_REFERENCE_DATE', validator: day, default: 'today' },

  // null: not given. `runs prune` needs one of the two.
  'runs.keep': {
    env: 'RUNS_KEEP',
    validator: optional(integer(0, Number.MAX_SAFE_INTEGER)),
    default: '',
    flag: { name: 'keep', commands: RUNS, placeholder: 'number' },
  },
  'runs.older_than': {
    env: 'RUNS_OLDER_THAN',
    validator: optional(age(MAX_AGE_SECONDS)),
    default: '',
    as: 'olderThanSeconds',
    flag: { name: 'older-than', commands: RUNS, placeholder: 'age' },
  },

  // null: all publications and slots, and the role that connects.
  'doctor.publication': {
    env: 'DOCTOR_PUBLICATION',
    validator: optional(text),
    default: '',
    flag: { name: 'publication', commands: DOCTOR, placeholder: 'name', narrows: true },
  },
  'doctor.slot': {
    env: 'DOCTOR_SLOT',
    validator: optional(text),
    default: '',
    flag: { name: 'slot', commands: DOCTOR, placeholder: 'name', narrows: true },
  },
  'doctor.role': {
    env: 'DOCTOR_ROLE',
    validator: optional(text),
    default: '',
    flag: { name: 'role', commands: DOCTOR, placeholder: 'name', narrows: true },
  },

  'verify.source': {
    env: 'VERIFY_SOURCE',
    validator: source,
    default: '',
    flag: { name: 'source', commands: VERIFY, placeholder: 'source' },
  },
  // null: the publications that have tables of the hospital.
  'verify.publication': {
    env: 'VERIFY_PUBLICATION',
    validator: optional(text),
    default: '',
    flag: { name: 'publication', commands: VERIFY, placeholder: 'name', narrows: true },
  },
  // A placeholder is any text of one line: it may hold a comma or a semicolon.
  'verify.toast_placeholder': {
    env: 'VERIFY_TOAST_PLACEHOLDER',
    validator: lines,
    default: '',
    as: 'toastPlaceholders',
    flag: { name: 'toast-placeholder', commands: VERIFY, placeholder: 'text', joiner: '\n' },
  },
  'verify.streaming': {
    env: 'VERIFY_STREAMING',
    validator: flag,
    default: 'false',
    enabledBy: 'streaming',
  },
  'verify.wait_seconds': {
    env: 'VERIFY_WAIT_SECONDS',
    validator: seconds(MAX_WAIT_SECONDS),
    default: '10',
    flag: { name: 'wait', commands: VERIFY, placeholder: 'time' },
  },
  // Share of the rows that are followed, above 0, up to 1.
  'verify.sample': {
    env: 'VERIFY_SAMPLE',
    validator: decimal(0, 1, { above: true }),
    default: '1',
    flag: { name: 'sample', commands: VERIFY, placeholder: 'share' },
  },
  'verify.memory': {
    env: 'VERIFY_MEMORY',
    validator: bytes(MIN_MEMORY, MAX_MEMORY),
    default: '128MB',
    as: 'memoryBytes',
    flag: { name: 'memory', commands: VERIFY, placeholder: 'size' },
  },

  'kafka.security_protocol': {
    env: 'KAFKA_SECURITY_PROTOCOL',
    validator: oneOf(SECURITY_PROTOCOLS),
    default: 'PLAINTEXT',
  },
  'kafka.sasl_mechanism': {
    env: 'KAFKA_SASL_MECHANISM',
    validator: optional(oneOf(SASL_MECHANISMS)),
    default: '',
  },
  'kafka.sasl_username': { env: 'KAFKA_SASL_USERNAME', validator: text, default: '' },
  'kafka.sasl_password': {
    env: 'KAFKA_SASL_PASSWORD',
    validator: secretText,
    default: '',
    secret: true,
  },
  'kafka.ssl_ca': { env: 'KAFKA_SSL_CA', validator: text, default: '' },
  'kafka.ssl_cert': { env: 'KAFKA_SSL_CERT', validator: text, default: '' },
  'kafka.ssl_key': { env: 'KAFKA_SSL_KEY', validator: text, default: '' },

  'logging.level': {
    env: 'LOG_LEVEL',
    validator: oneOf(LOG_LEVELS),
    default: 'INFO',
    flag: { name: 'log-level', commands: 'all', placeholder: 'level' },
  },
  'logging.format': { env: 'LOG_FORMAT', validator: oneOf(['text', 'json']), default: 'text' },
  'logging.progress': {
    env: 'LOG_PROGRESS',
    validator: oneOf(PROGRESS_FORMS),
    default: 'auto',
    flag: { name: 'progress', commands: [...LOAD, ...SEED, ...VERIFY], placeholder: 'mode' },
  },
  'logging.dir': { env: 'LOG_DIR', validator: folder, default: 'logs' },
  'logging.rotate_when': {
    env: 'LOG_ROTATE_WHEN',
    validator: oneOf(['midnight', 'never']),
    default: 'midnight',
  },
  'logging.backup_count': {
    env: 'LOG_BACKUP_COUNT',
    validator: integer(0, 3650),
    default: '7',
  },
} as const satisfies Readonly<Record<string, Option>>;

/** Every flag that stands alone, and the commands that take it. Its help text stands in the messages. */
export const SWITCHES = {
  json: 'all',
  help: 'all',
  version: 'all',
  verbose: 'all',
  yes: ['reset', 'runs'],
  'drop-foreign-tables': ['reset'],
  'no-ledger': STREAM,
  'dry-run': ['stream', 'runs'],
  all: ['config'],
  'create-slot': VERIFY,
  streaming: VERIFY,
  partial: VERIFY,
  'skip-malformed': VERIFY,
} as const satisfies Readonly<Record<string, Takers>>;

/** Flags that name a file of settings, with the placeholder of each; every command takes them. */
export const FILE_FLAGS = {
  config: 'file',
  'env-file': 'file',
  profile: 'name',
} as const satisfies Readonly<Record<string, Flag['placeholder']>>;

type Options = typeof OPTIONS;
type StaticKey = keyof Options;
export type OptionKey = StaticKey | VolumeKey;
export type Switch = keyof typeof SWITCHES;
export type FileFlag = keyof typeof FILE_FLAGS;

export const OPTION_KEYS = Object.keys(OPTIONS) as readonly OptionKey[];

/** An option by its key, without the type of its value. */
export function optionOf(key: OptionKey): Option {
  // The spread of the volumes leaves no trace in the type.
  return OPTIONS[key as StaticKey];
}

/** A flag that is a setting. */
export type SettingFlag = {
  [K in StaticKey]: Options[K] extends { readonly flag: { readonly name: infer N } } ? N : never;
}[StaticKey];

/** The value of every option, validated. */
export type Values = {
  readonly [K in StaticKey]: v.InferOutput<Options[K]['validator']['schema']>;
} & Readonly<Record<VolumeKey, unknown>>;

/** `on_lag` → `onLag`, `dry-run` → `dryRun`. */
export type Camel<S extends string> = S extends
  | `${infer Head}_${infer Tail}`
  | `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;

export function toCamelCase<S extends string>(name: S): Camel<S> {
  const camel = name.replaceAll(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return camel as Camel<S>;
}

/** A switch that sets an option to true. */
type Enabler = {
  [K in StaticKey]: Options[K] extends { readonly enabledBy: infer N } ? N : never;
}[StaticKey];

/** Whether each switch was given, by its name in camel case. Those that set an option, as `--no-x`, are no members. */
export type Switches = {
  readonly [S in Switch as S extends `no-${string}` | Enabler ? never : Camel<S>]: boolean;
};

type SectionOf<K extends string> = K extends `${infer S}.${string}` ? S : never;
type NameOf<K extends string> = K extends `${string}.${infer N}` ? Camel<N> : never;
type MemberOf<K extends StaticKey> = Options[K] extends { readonly as: infer A extends string }
  ? A
  : NameOf<K>;

/** The values by section and member: `stream.on_lag` is `sections.stream.onLag`. */
export type Sections = {
  readonly [S in SectionOf<StaticKey>]: {
    readonly [K in StaticKey as SectionOf<K> extends S ? MemberOf<K> : never]: Values[K];
  };
};

export function bySection(values: Values): Sections {
  const sections: Record<string, Record<string, unknown>> = {};
  for (const key of OPTION_KEYS) {
    if (key in VOLUMES) continue;
    const [section = '', name = ''] = key.split('.');
    sections[section] ??= {};
    sections[section][optionOf(key).as ?? toCamelCase(name)] = values[key];
  }
  // The same rule as in the type, for each key.
  return sections as Sections;
}

/** Tables whose rows link those of others come last. */
export function inOrderOfVolumes(tables: Tables): Table[] {
  const isLast = ({ links }: Table) => links !== null;
  return [...tables.filter((table) => !isLast(table)), ...tables.filter(isLast)];
}
