import { OPTION_KEYS, type OptionKey, optionOf } from './options.js';

export const COMMANDS = [
  'start',
  'init-db',
  'seed',
  'stream',
  'reset',
  'counts',
  'check',
  'report',
  'ledger',
  'doctor',
  'verify',
  'demo-cdc',
  'pause',
  'resume',
  'db',
] as const;
export type Command = (typeof COMMANDS)[number];

/** Flags that are settings, in the order that help shows them. */
const STREAM_FLAGS = [
  'workers',
  'rate',
  'stage',
  'arrivals',
  'on-lag',
  'threshold',
  'junit',
  'interval',
  'jitter',
  'batch-size',
  'duration',
  'max-events',
  'only',
  'update-ratio',
  'delete-ratio',
  'rng',
] as const;
const SEED_FLAGS = ['scale', 'workers', 'rng'] as const;
const DOCTOR_FLAGS = ['publication', 'slot', 'role'] as const;
const VERIFY_FLAGS = [
  'source',
  'publication',
  'toast-placeholder',
  'wait',
  'sample',
  'memory',
] as const;
/** What a demonstration may be told: how much, and for how long. */
const DEMO_FLAGS = ['workers', 'rate', 'batch-size', 'duration', 'rng'] as const;
const COMMON_FLAGS = ['lang', 'log-level'] as const;

/** Flags that say how to run, and are no settings. */
export const FILE_FLAGS = ['config', 'env-file', 'profile'] as const;
export const COMMON_SWITCHES = ['json', 'help', 'version'] as const;
const RESET_SWITCHES = ['yes', 'drop-foreign-tables'] as const;
const VERIFY_SWITCHES = ['create-slot', 'partial', 'skip-malformed'] as const;
const STREAM_SWITCHES = ['no-ledger', 'dry-run'] as const;

export type SettingFlag =
  | (typeof STREAM_FLAGS)[number]
  | (typeof SEED_FLAGS)[number]
  | (typeof DOCTOR_FLAGS)[number]
  | (typeof VERIFY_FLAGS)[number]
  | (typeof COMMON_FLAGS)[number];
export type Switch =
  | (typeof COMMON_SWITCHES)[number]
  | (typeof RESET_SWITCHES)[number]
  | (typeof STREAM_SWITCHES)[number]
  | (typeof VERIFY_SWITCHES)[number];

/** What one command takes besides what every command takes. */
export interface CommandFlags {
  readonly settings: readonly SettingFlag[];
  readonly switches: readonly Switch[];
  /** Words behind the command name something, such as runs. */
  readonly takesNames?: true;
}

const none: CommandFlags = { settings: [], switches: [] };

export const COMMAND_FLAGS: Readonly<Record<Command, CommandFlags>> = {
  start: { settings: [...STREAM_FLAGS, 'scale'], switches: ['no-ledger'] },
  'init-db': none,
  seed: { settings: SEED_FLAGS, switches: [] },
  stream: { settings: STREAM_FLAGS, switches: STREAM_SWITCHES },
  reset: { settings: SEED_FLAGS, switches: RESET_SWITCHES },
  counts: none,
  check: none,
  report: { ...none, takesNames: true },
  ledger: { ...none, takesNames: true },
  doctor: { settings: DOCTOR_FLAGS, switches: [] },
  verify: { settings: VERIFY_FLAGS, switches: VERIFY_SWITCHES, takesNames: true },
  'demo-cdc': { settings: DEMO_FLAGS, switches: [] },
  pause: none,
  resume: none,
  db: none,
};

/** Flags that may be given several times, and what joins their values. */
export const REPEATABLE: Readonly<Partial<Record<string, string>>> = {
  stage: ';',
  threshold: ';',
  // A placeholder is any text of one line: it may hold a comma or a semicolon.
  'toast-placeholder': '\n',
};

/** Setting flags that every command takes. */
export const COMMON_SETTINGS: readonly SettingFlag[] = COMMON_FLAGS;

/** Every flag that is followed by a value. */
export const VALUE_FLAGS: readonly string[] = [
  ...new Set([
    ...STREAM_FLAGS,
    ...SEED_FLAGS,
    ...DOCTOR_FLAGS,
    ...VERIFY_FLAGS,
    ...COMMON_FLAGS,
    ...FILE_FLAGS,
  ]),
];

/** Every flag that stands alone. */
export const SWITCHES: readonly string[] = [
  ...COMMON_SWITCHES,
  ...RESET_SWITCHES,
  ...STREAM_SWITCHES,
  ...VERIFY_SWITCHES,
];

/** The options that a flag sets: `--workers` sets those of seed and of stream alike. */
export function optionsOfFlag(flag: SettingFlag): OptionKey[] {
  return OPTION_KEYS.filter((key) => optionOf(key).flag === flag);
}
