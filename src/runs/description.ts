import type { Machine } from '../lib/machine.js';
import type { ServerIdentity } from '../postgres/identity.js';

/** `run.json` in a run's folder: what ran and where, as known when the run begins. */
export interface RunDescription {
  readonly run_id: string;
  readonly program: { readonly version: string; readonly node: string };
  /** `embedded`: the server is the program's own, on the same machine. */
  readonly server: ServerIdentity & { readonly embedded: boolean };
  readonly machine: Machine;
  /** Dotted keys of `settings.json` whose values are not the defaults: `stream.rate`. */
  readonly changed_settings: readonly string[];
}
