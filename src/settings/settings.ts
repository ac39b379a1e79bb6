import type { LogSettings } from '../log/logger.js';
import type { Language } from '../messages/index.js';
import type { ConnectionTarget } from '../postgres/target.js';
import type { Threshold } from '../report/thresholds.js';
import type { LoadSettings } from '../run/plan.js';
import type { TableName } from '../schemas/hospital/tables.js';
import type { KafkaSecurity } from '../sources/kafka/security.js';
import type { SourceSpec } from '../sources/source-spec.js';

/** Every setting, validated: what all commands work from. Times are in the unit of their name. */
export interface Settings {
  readonly app: { readonly lang: Language; readonly rng: number };
  /** Where the database is: a server of the operator's, or null for the embedded one. */
  readonly server: ConnectionTarget | null;
  readonly db: {
    readonly database: string;
    readonly searchPath: string;
    readonly connectTimeoutSeconds: number;
    readonly applicationName: string;
  };
  readonly embedded: {
    readonly dir: string;
    readonly port: number;
    /** True when the operator named the port: then no other one may be taken in its place. */
    readonly portIsExplicit: boolean;
    /** True when the operator named the folder: then no other one may be taken in its place. */
    readonly dirIsExplicit: boolean;
  };
  readonly seed: {
    /** Rows that each table should hold, before `scale` and `minRows`. */
    readonly volumes: Readonly<Record<TableName, number>>;
    readonly minRows: number;
    readonly scale: number;
    readonly workers: number;
    readonly validateForeignKeys: boolean;
    /** `YYYY-MM-DD`: the day that the seeded history ends on. Default: today, UTC. */
    readonly referenceDate: string;
  };
  readonly stream: Omit<LoadSettings, 'rng'> & {
    readonly thresholds: readonly Threshold[];
    /** File for the results as JUnit XML; null: none. */
    readonly junitFile: string | null;
    /** Whether what is committed is written down, key by key. */
    readonly ledger: boolean;
    readonly updateRatio: number;
    readonly deleteRatio: number;
    readonly idCacheSize: number;
    readonly failFastOnCritical: boolean;
    readonly reconnectAttempts: number;
    readonly reconnectBaseSeconds: number;
    readonly reconnectMaxSeconds: number;
    readonly stopGraceSeconds: number;
  };
  /** What `doctor` is to look at; null: whatever there is, and the role that connects. */
  readonly doctor: {
    readonly publication: string | null;
    readonly slot: string | null;
    readonly role: string | null;
  };
  /** How `verify` holds a CDC output against a ledger. */
  readonly verify: {
    readonly source: SourceSpec | null;
    /** Null: those that have tables of the hospital. */
    readonly publication: string | null;
    /** What the connector writes for an unchanged TOAST value, besides its default. */
    readonly toastPlaceholders: readonly string[];
    readonly waitSeconds: number;
    /** Share of rows that are followed, 0 to 1. */
    readonly sample: number;
    readonly memoryBytes: number;
  };
  /** How `verify` speaks to the brokers of a source `kafka:`. */
  readonly kafka: KafkaSecurity;
  readonly logging: LogSettings;
}
