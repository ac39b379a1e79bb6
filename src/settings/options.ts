import type * as v from 'valibot';
import { ARRIVALS, ON_LAG } from '../load/pacer.js';
import { MAX_EVENTS_PER_SECOND } from '../load/shapes/shape.js';
import { LANGUAGES } from '../messages/index.js';
import { SSL_MODES } from '../postgres/target.js';
import { EVENT_TYPES, EVENTS } from '../schemas/hospital/events/index.js';
import { SASL_MECHANISMS, SECURITY_PROTOCOLS } from '../sources/kafka/security.js';
import { thresholds } from './threshold-validator.js';
import {
  bytes,
  day,
  decimal,
  flag,
  host,
  integer,
  type Kind,
  lines,
  listOf,
  nonEmptyText,
  oneOf,
  oneOfOrNone,
  rateOr,
  seconds,
  secretText,
  source,
  stages,
  text,
  weights,
} from './validators.js';

/** One setting: where it may come from, what it may be, and what it is when nobody says. */
export interface Option<T> {
  readonly kind: Kind<T>;
  readonly env: string;
  /** As an operator would type it; empty means "not set". */
  readonly fallback: string;
  readonly flag?: string;
  /** Names that libpq gives the same setting, the first of them first. */
  readonly libpq?: readonly string[];
  /** The value is shown to nobody. */
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

/** A connector that is restarted may take minutes; who waits longer has forgotten it. */
const MAX_WAIT_SECONDS = 86_400;
/** Less remembers too little to tell a replay from a loss of order. */
const MIN_MEMORY = 8 * 1024 ** 2;
/** Typed arrays of half of it must be possible. */
const MAX_MEMORY = 8 * 1024 ** 3;

const port = integer(1, MAX_PORT);
const workers = integer(1, MAX_WORKERS);
const rows = integer(0, MAX_ROWS);
const ratio = decimal(0, 1);
const retrySeconds = (above: boolean) => decimal(0, MAX_RETRY_SECONDS, { above });

const option = <T>(
  kind: Kind<T>,
  env: string,
  fallback: string,
  more: Pick<Option<T>, 'flag' | 'libpq' | 'secret'> = {},
): Option<T> => ({ kind, env, fallback, ...more });

/** Every option, by its dotted key in `settings.toml`. The single list: help and files follow it. */
export const OPTIONS = {
  'app.lang': option(oneOf(LANGUAGES), 'APP_LANG', 'pt-BR', { flag: 'lang' }),
  'app.rng': option(integer(0, Number.MAX_SAFE_INTEGER), 'RNG_SEED', '42', { flag: 'rng' }),

  'db.host': option(host, 'PG_HOST', '', { libpq: ['PGHOSTADDR', 'PGHOST'] }),
  'db.port': option(port, 'PG_PORT', '5432', { libpq: ['PGPORT'] }),
  'db.user': option(text, 'PG_USER', 'postgres', { libpq: ['PGUSER'] }),
  'db.password': option(secretText, 'PG_PASSWORD', '', { libpq: ['PGPASSWORD'], secret: true }),
  'db.database': option(nonEmptyText, 'PG_DATABASE', 'hospital_oltp', { libpq: ['PGDATABASE'] }),
  'db.sslmode': option(oneOf(SSL_MODES), 'PG_SSLMODE', 'prefer', { libpq: ['PGSSLMODE'] }),
  'db.sslrootcert': option(text, 'PG_SSLROOTCERT', '', { libpq: ['PGSSLROOTCERT'] }),
  'db.sslcert': option(text, 'PG_SSLCERT', '', { libpq: ['PGSSLCERT'] }),
  'db.sslkey': option(text, 'PG_SSLKEY', '', { libpq: ['PGSSLKEY'] }),
  'db.search_path': option(nonEmptyText, 'PG_SEARCH_PATH', 'public'),
  'db.connect_timeout': option(integer(0, MAX_RETRY_SECONDS), 'PG_CONNECT_TIMEOUT', '10', {
    libpq: ['PGCONNECT_TIMEOUT'],
  }),
  'db.application_name': option(nonEmptyText, 'PG_APPLICATION_NAME', 'oltp-simulator', {
    libpq: ['PGAPPNAME'],
  }),

  'embedded.dir': option(nonEmptyText, 'PG_EMBEDDED_DIR', '.data/postgres'),
  'embedded.port': option(port, 'PG_EMBEDDED_PORT', '54329'),

  'stream.workers': option(workers, 'STREAM_WORKERS', '5', { flag: 'workers' }),
  'stream.rate': option(rateOr(['cycle', 'max'], MAX_EVENTS_PER_SECOND), 'STREAM_RATE', 'cycle', {
    flag: 'rate',
  }),
  'stream.stages': option(stages(MAX_TIMER_SECONDS), 'STREAM_STAGES', '', { flag: 'stage' }),
  'stream.arrivals': option(oneOf(ARRIVALS), 'STREAM_ARRIVALS', 'even', { flag: 'arrivals' }),
  'stream.on_lag': option(oneOf(ON_LAG), 'STREAM_ON_LAG', 'queue', { flag: 'on-lag' }),
  'stream.thresholds': option(thresholds, 'STREAM_THRESHOLDS', '', { flag: 'threshold' }),
  'stream.junit': option(text, 'STREAM_JUNIT', '', { flag: 'junit' }),
  'stream.ledger': option(flag, 'STREAM_LEDGER', 'true', { flag: 'no-ledger' }),
  'stream.interval_seconds': option(seconds(MAX_INTERVAL_SECONDS), 'STREAM_INTERVAL_SECONDS', '2', {
    flag: 'interval',
  }),
  'stream.max_jitter_ms': option(integer(0, MAX_JITTER_MS), 'MAX_JITTER_MS', '400', {
    flag: 'jitter',
  }),
  'stream.batch_size': option(integer(1, MAX_BATCH_SIZE), 'BATCH_SIZE', '50', {
    flag: 'batch-size',
  }),
  'stream.duration': option(seconds(MAX_TIMER_SECONDS), 'STREAM_DURATION', '0', {
    flag: 'duration',
  }),
  'stream.max_events': option(integer(0, Number.MAX_SAFE_INTEGER), 'STREAM_MAX_EVENTS', '0', {
    flag: 'max-events',
  }),
  'stream.only': option(listOf(EVENT_TYPES), 'STREAM_ONLY', '', { flag: 'only' }),
  'stream.weights': option(
    weights(EVENT_TYPES),
    'STREAM_WEIGHTS',
    EVENT_TYPES.map((type) => `${type}=${EVENTS[type].weight}`).join(','),
  ),
  'stream.update_ratio': option(ratio, 'STREAM_UPDATE_RATIO', '0.15', { flag: 'update-ratio' }),
  'stream.delete_ratio': option(ratio, 'STREAM_DELETE_RATIO', '0.01', { flag: 'delete-ratio' }),
  'stream.id_cache_size': option(integer(1000, 10_000_000), 'STREAM_ID_CACHE_SIZE', '200000'),
  'stream.fail_fast_on_critical': option(flag, 'STREAM_FAIL_FAST', 'true'),
  'stream.reconnect_attempts': option(integer(1, 1000), 'STREAM_RECONNECT_ATTEMPTS', '5'),
  'stream.reconnect_base_seconds': option(retrySeconds(true), 'STREAM_RECONNECT_BASE_SECONDS', '1'),
  'stream.reconnect_max_seconds': option(retrySeconds(true), 'STREAM_RECONNECT_MAX_SECONDS', '30'),
  'stream.stop_grace_seconds': option(retrySeconds(false), 'STREAM_STOP_GRACE_SECONDS', '5'),

  'seed.pacientes': option(rows, 'SEED_PACIENTES', '2000'),
  'seed.medicos': option(rows, 'SEED_MEDICOS', '200'),
  'seed.convenios': option(rows, 'SEED_CONVENIOS', '12'),
  'seed.consultas': option(rows, 'SEED_CONSULTAS', '4000'),
  'seed.exames': option(rows, 'SEED_EXAMES', '3500'),
  'seed.internacoes': option(rows, 'SEED_INTERNACOES', '1200'),
  'seed.pacientes_convenios': option(rows, 'SEED_PACIENTES_CONVENIOS', '2500'),
  'seed.min_rows': option(rows, 'SEED_MIN_ROWS', '1000'),
  'seed.scale': option(decimal(0, 100_000, { above: true }), 'SEED_SCALE', '1', { flag: 'scale' }),
  'seed.workers': option(workers, 'SEED_WORKERS', '2', { flag: 'workers' }),
  'seed.validate_foreign_keys': option(flag, 'SEED_VALIDATE_FOREIGN_KEYS', 'true'),
  'seed.reference_date': option(day, 'SEED_REFERENCE_DATE', 'today'),

  'doctor.publication': option(text, 'DOCTOR_PUBLICATION', '', { flag: 'publication' }),
  'doctor.slot': option(text, 'DOCTOR_SLOT', '', { flag: 'slot' }),
  'doctor.role': option(text, 'DOCTOR_ROLE', '', { flag: 'role' }),

  'verify.source': option(source, 'VERIFY_SOURCE', '', { flag: 'source' }),
  'verify.publication': option(text, 'VERIFY_PUBLICATION', '', { flag: 'publication' }),
  'verify.toast_placeholder': option(lines, 'VERIFY_TOAST_PLACEHOLDER', '', {
    flag: 'toast-placeholder',
  }),
  'verify.wait_seconds': option(seconds(MAX_WAIT_SECONDS), 'VERIFY_WAIT_SECONDS', '10', {
    flag: 'wait',
  }),
  'verify.sample': option(decimal(0, 1, { above: true }), 'VERIFY_SAMPLE', '1', { flag: 'sample' }),
  'verify.memory': option(bytes(MIN_MEMORY, MAX_MEMORY), 'VERIFY_MEMORY', '128MB', {
    flag: 'memory',
  }),

  'kafka.security_protocol': option(
    oneOf(SECURITY_PROTOCOLS),
    'KAFKA_SECURITY_PROTOCOL',
    'PLAINTEXT',
  ),
  'kafka.sasl_mechanism': option(oneOfOrNone(SASL_MECHANISMS), 'KAFKA_SASL_MECHANISM', ''),
  'kafka.sasl_username': option(text, 'KAFKA_SASL_USERNAME', ''),
  'kafka.sasl_password': option(secretText, 'KAFKA_SASL_PASSWORD', '', { secret: true }),
  'kafka.ssl_ca': option(text, 'KAFKA_SSL_CA', ''),
  'kafka.ssl_cert': option(text, 'KAFKA_SSL_CERT', ''),
  'kafka.ssl_key': option(text, 'KAFKA_SSL_KEY', ''),

  'logging.level': option(oneOf(['DEBUG', 'INFO', 'WARNING', 'ERROR']), 'LOG_LEVEL', 'INFO', {
    flag: 'log-level',
  }),
  'logging.format': option(oneOf(['text', 'json']), 'LOG_FORMAT', 'text'),
  'logging.dir': option(nonEmptyText, 'LOG_DIR', 'logs'),
  'logging.rotate_when': option(oneOf(['midnight', 'never']), 'LOG_ROTATE_WHEN', 'midnight'),
  'logging.backup_count': option(integer(0, 3650), 'LOG_BACKUP_COUNT', '7'),
} as const;

export type OptionKey = keyof typeof OPTIONS;

/** The value of every option, validated. */
export type Values = {
  readonly [K in OptionKey]: v.InferOutput<(typeof OPTIONS)[K]['kind']['schema']>;
};

export const OPTION_KEYS = Object.keys(OPTIONS) as OptionKey[];

/** An option by its key, without the type of its value. */
export function optionOf(key: OptionKey): Option<unknown> {
  return OPTIONS[key];
}
