import { EXIT, OperatorError } from '../errors.js';
import type { Hazards } from '../hazards/hazards.js';
import { printHazards } from '../hazards/parse.js';
import type { ReconnectPolicy } from '../lib/back-off.js';
import type { LogSettings } from '../log/settings.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { EventType } from '../schema/event.js';
import type { TableName } from '../schema/table.js';
import type { KafkaSecurity } from '../sources/kafka/security.js';
import { hazardsOf, volumesOf, weightsOf } from './extensions.js';
import { chooseSecurity } from './kafka.js';
import { bySection, type Sections } from './options.js';
import { checkTogether, resolve, type Sources } from './resolve.js';
import { chooseServer } from './server.js';
import type { Problem } from './source.js';

/**
 * Every setting, validated. The members follow from the table in `options.ts`, besides those below: a server, a
 * broker's security and the volumes are each made of several options. Times are in the unit of their name.
 */
export interface Settings
  extends Omit<Sections, 'db' | 'embedded' | 'stream' | 'seed' | 'kafka' | 'logging'> {
  /** The operator's own server; null: the embedded one. */
  readonly server: ConnectionTarget | null;
  /** The options of `db` that hold for the embedded server too. */
  readonly db: Pick<
    Sections['db'],
    'database' | 'searchPath' | 'connectTimeoutSeconds' | 'applicationName'
  >;
  readonly embedded: Sections['embedded'] & {
    /** True when the operator named the port: then no other one may be taken in its place. */
    readonly portIsExplicit: boolean;
    /** True when the operator named the folder: then no other one may be taken in its place. */
    readonly dirIsExplicit: boolean;
  };
  readonly stream: Omit<Sections['stream'], 'weights' | 'hazards'> & {
    /** Of the event types of the run's schema. */
    readonly weights: Readonly<Record<EventType, number>>;
    readonly hazards: Hazards;
  };
  readonly seed: Sections['seed'] & {
    /** Rows that each table of the run's schema should hold, before `scale` and `minRows`. */
    readonly volumes: Readonly<Record<TableName, number>>;
  };
  readonly logging: LogSettings;
  /** How `verify` connects to the brokers of a source `kafka:`. */
  readonly kafka: KafkaSecurity;
}

/**
 * Every setting: flag, then environment, then profile, then `.env`, then `settings.toml`, then default.
 * Throws one OperatorError (usage) that names every problem.
 */
export function loadSettings(sources: Sources): Settings {
  const resolved = resolve(sources);
  const server = chooseServer(resolved, sources);
  const broker = chooseSecurity(resolved, sources.cwd);
  throwProblems([
    ...resolved.problems,
    ...checkTogether(resolved),
    ...server.problems,
    ...broker.problems,
  ]);
  const { given, values } = resolved;
  const { app, db, embedded, stream, seed, kafka: _, logging, ...others } = bySection(values);
  const { database, searchPath, connectTimeoutSeconds, applicationName } = db;
  return {
    app,
    server: server.target,
    kafka: broker.security,
    db: { database, searchPath, connectTimeoutSeconds, applicationName },
    embedded: {
      ...embedded,
      portIsExplicit: given.has('embedded.port'),
      dirIsExplicit: given.has('embedded.dir'),
    },
    stream: { ...stream, weights: weightsOf(values), hazards: hazardsOf(values) },
    seed: { volumes: volumesOf(values), ...seed },
    logging: { ...logging, levelIsExplicit: given.has('logging.level') },
    ...others,
  };
}

/** Throws every problem at once, as one error; does nothing when there is none. */
function throwProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new OperatorError(EXIT.usage, (messages) =>
    // One flag may set two options: its problem would be stated twice.
    messages.settings.problems([...new Set(problems.map((problem) => problem(messages)))]),
  );
}

/** How a lost connection is opened again. */
export function reconnectPolicy({ stream }: Settings): ReconnectPolicy {
  return {
    attempts: stream.reconnectAttempts,
    baseMs: stream.reconnectBaseSeconds * 1000,
    maxMs: stream.reconnectMaxSeconds * 1000,
    failFast: stream.failFastOnCritical,
  };
}

/** The settings as a run's folder may keep them: without passwords. */
export function withoutSecrets(settings: Settings): Record<string, unknown> {
  // Only `verify` uses the settings of Kafka, and a run is a `stream`.
  const { server, stream, embedded, kafka: _kafka, ...others } = settings;
  const { password: _, ...shown } = server ?? { password: null };
  const stages = stream.stages.map(({ text }) => text);
  const thresholds = stream.thresholds.map(({ text }) => text);
  const hazards = printHazards(stream.hazards);
  return {
    server: server === null ? null : shown,
    embedded: { dir: embedded.dir, port: embedded.port },
    ...others,
    stream: { ...stream, stages, thresholds, hazards },
  };
}

/**
 * Dotted keys, as in `withoutSecrets`, of the settings whose values are not the defaults of a run with the same
 * extensions; these count as changed themselves.
 */
export function changedSettings(settings: Settings, cwd: string): string[] {
  const text = settings.schema.extensions.join(',');
  const given = new Map([['schema.extensions' as const, { text, where: () => '', name: '' }]]);
  const standard = loadSettings({ list: [{ given, problems: [] }], variables: [], cwd });
  const none = { ...standard, schema: { extensions: [] } };
  return differences(withoutSecrets(settings), withoutSecrets(none));
}

function differences(value: unknown, standard: unknown, key = ''): string[] {
  if (!isGroup(value) || !isGroup(standard)) {
    return JSON.stringify(value) === JSON.stringify(standard) ? [] : [key];
  }
  return Object.keys(value).flatMap((name) =>
    differences(value[name], standard[name], key === '' ? name : `${key}.${name}`),
  );
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
