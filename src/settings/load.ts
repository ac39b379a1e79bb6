import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { findNearest } from '../lib/nearest.js';
import { packageRoot } from '../lib/package-root.js';
import { readEnvFile } from './env-file.js';
import { DEFAULT_CONFIG_FILE, DEFAULT_ENV_FILE, PROFILES_FOLDER } from './files.js';
import { chooseSecurity } from './kafka.js';
import type { Pipes } from './pipes.js';
import { type Problem, throwProblems } from './problems.js';
import { checkTogether, type Resolved, resolve } from './resolve.js';
import { chooseServer } from './server.js';
import type { Settings } from './settings.js';
import { NO_SOURCE, readFlags, type Source } from './source.js';
import { decodeText } from './text.js';
import { readToml } from './toml.js';
import { readEnvironment, type Variables } from './variables.js';

/** Where settings come from. */
export interface Inputs {
  /** Flag name without dashes → text as typed. */
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Variables;
  /** Relative paths, in flags and in files alike, start here. */
  readonly cwd: string;
  /** Files that the operator named must exist; the usual ones need not. */
  readonly configFile?: string | null;
  readonly envFile?: string | null;
  /** A ready-made set of settings, by name or by file. */
  readonly profile?: string | null;
  /** Those of these files that are pipes. */
  readonly pipes?: Pipes;
  /** What was already found wrong, to be reported with the rest. */
  readonly problems?: readonly Problem[];
}

/** Where files are looked for. */
type Place = Pick<Inputs, 'cwd' | 'pipes'>;

/**
 * Every setting: flag, then environment, then profile, then `.env`, then `settings.toml`, then
 * built-in default.
 * Throws one OperatorError (usage) that names every problem there is.
 */
export function loadSettings(inputs: Inputs): Settings {
  const { resolved, envFile } = gather(inputs);
  const server = chooseServer(resolved, [inputs.env, envFile], inputs.cwd);
  const kafka = chooseSecurity(resolved, inputs.cwd);
  throwProblems([
    ...(inputs.problems ?? []),
    ...resolved.problems,
    ...checkTogether(resolved),
    ...server.problems,
    ...kafka.problems,
  ]);
  return assemble(resolved, { server: server.target, kafka: kafka.security }, inputs.cwd);
}

/** Reads every source and settles every option, problems included; throws nothing for them. */
export function gather(inputs: Inputs): { resolved: Resolved; envFile: Variables } {
  const envFile = readFile(inputs.envFile, DEFAULT_ENV_FILE, inputs, readEnvFile);
  const toml = readFile(inputs.configFile, DEFAULT_CONFIG_FILE, inputs, readToml);
  const profile = readProfile(inputs.profile ?? null, inputs);
  const sources = [readFlags(inputs.flags), readEnvironment(inputs.env), profile, envFile, toml];
  return {
    resolved: resolve(sources),
    envFile: 'variables' in envFile ? envFile.variables : {},
  };
}

/**
 * A profile: a file where the name has a slash or ends in `.toml`, else one of the working directory's
 * `config/profiles` or of those that come with the program.
 */
function readProfile(name: string | null, place: Place): Source {
  const { cwd } = place;
  if (name === null) return NO_SOURCE;
  if (name.includes('/') || name.endsWith('.toml')) return readFile(name, name, place, readToml);
  const own = resolvePath(cwd, PROFILES_FOLDER);
  const shipped = join(packageRoot(), PROFILES_FOLDER);
  const folder = [own, shipped].find((place) => existsSync(join(place, `${name}.toml`)));
  if (folder !== undefined) {
    return readFile(join(folder, `${name}.toml`), '', place, (content) =>
      readToml(content, `${PROFILES_FOLDER}/${name}.toml`),
    );
  }
  const known = [...new Set([own, shipped].flatMap(profilesIn))].sort();
  const nearest = findNearest(name, known);
  return { ...NO_SOURCE, problems: [(m) => m.config.unknownProfile(name, known, nearest)] };
}

function profilesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith('.toml'))
    .map((file) => file.slice(0, -'.toml'.length));
}

function readFile<S extends Source>(
  named: string | null | undefined,
  usual: string,
  { cwd, pipes }: Place,
  read: (content: string, file: string) => S,
): S | Source {
  const file = named ?? usual;
  let bytes: Buffer;
  try {
    const path = resolvePath(cwd, file);
    bytes = pipes?.get(path) ?? readFileSync(path);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    // ENOTDIR: `config` is no folder; then the usual file is simply not there either.
    if (named == null && (code === 'ENOENT' || code === 'ENOTDIR')) return NO_SOURCE;
    return { ...NO_SOURCE, problems: [(messages) => messages.config.unreadableFile(file, code)] };
  }
  const content = decodeText(bytes);
  if (content !== null) return read(content, file);
  return { ...NO_SOURCE, problems: [(messages) => messages.config.notText(file)] };
}

function assemble(
  { values, given }: Resolved,
  connections: Pick<Settings, 'server' | 'kafka'>,
  cwd: string,
): Settings {
  const rate = values['stream.rate'];
  const referenceDate = values['seed.reference_date'];
  return {
    app: { lang: values['app.lang'], rng: values['app.rng'] },
    ...connections,
    db: {
      database: values['db.database'],
      searchPath: values['db.search_path'],
      connectTimeoutSeconds: values['db.connect_timeout'],
      applicationName: values['db.application_name'],
    },
    embedded: {
      dir: resolvePath(cwd, values['embedded.dir']),
      port: values['embedded.port'],
      portIsExplicit: given.has('embedded.port'),
      dirIsExplicit: given.has('embedded.dir'),
    },
    seed: {
      volumes: {
        pacientes: values['seed.pacientes'],
        medicos: values['seed.medicos'],
        convenios: values['seed.convenios'],
        pacientes_convenios: values['seed.pacientes_convenios'],
        consultas: values['seed.consultas'],
        exames: values['seed.exames'],
        internacoes: values['seed.internacoes'],
      },
      minRows: values['seed.min_rows'],
      scale: values['seed.scale'],
      workers: values['seed.workers'],
      validateForeignKeys: values['seed.validate_foreign_keys'],
      referenceDate:
        referenceDate === 'today' ? new Date().toISOString().slice(0, 10) : referenceDate,
    },
    stream: {
      workers: values['stream.workers'],
      rate: rate === 'cycle' ? null : rate,
      stages: values['stream.stages'],
      arrivals: values['stream.arrivals'],
      onLag: values['stream.on_lag'],
      thresholds: values['stream.thresholds'],
      junitFile: values['stream.junit'] === '' ? null : resolvePath(cwd, values['stream.junit']),
      ledger: values['stream.ledger'],
      intervalSeconds: values['stream.interval_seconds'],
      maxJitterMs: values['stream.max_jitter_ms'],
      batchSize: values['stream.batch_size'],
      durationSeconds: values['stream.duration'] || null,
      maxEvents: values['stream.max_events'] || null,
      only: values['stream.only'],
      weights: values['stream.weights'],
      updateRatio: values['stream.update_ratio'],
      deleteRatio: values['stream.delete_ratio'],
      idCacheSize: values['stream.id_cache_size'],
      failFastOnCritical: values['stream.fail_fast_on_critical'],
      reconnectAttempts: values['stream.reconnect_attempts'],
      reconnectBaseSeconds: values['stream.reconnect_base_seconds'],
      reconnectMaxSeconds: values['stream.reconnect_max_seconds'],
      stopGraceSeconds: values['stream.stop_grace_seconds'],
    },
    doctor: {
      publication: values['doctor.publication'] || null,
      slot: values['doctor.slot'] || null,
      role: values['doctor.role'] || null,
    },
    verify: {
      source: values['verify.source'],
      publication: values['verify.publication'] || null,
      toastPlaceholders: values['verify.toast_placeholder'],
      waitSeconds: values['verify.wait_seconds'],
      sample: values['verify.sample'],
      memoryBytes: values['verify.memory'],
    },
    logging: {
      level: values['logging.level'],
      format: values['logging.format'],
      dir: resolvePath(cwd, values['logging.dir']),
      rotateWhen: values['logging.rotate_when'],
      backupCount: values['logging.backup_count'],
    },
  };
}
