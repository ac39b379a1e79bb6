import type { HazardName } from './hazards.js';

/**
 * The dial of each hazard that is named without one, as an operator would type it. In the usual cycle a run has two or
 * three batches a second: every hazard happens several times a minute, and most batches stay as they are.
 */
export const DEFAULT_DIALS: Readonly<Record<Exclude<HazardName, 'publication'>, string>> = {
  // Each writes its batch twice.
  rollback: '2%',
  savepoints: '5%',
  // Connections fight over a row only if several of them update it at the same time.
  'hot-keys': '10%',
  'same-row': '5%',
  'out-of-order': '5%',
  // Each adds up to 100 rows.
  copy: '2%',
  // Falls on the batches of those workers only that own the event type.
  'unchanged-toast': '20%',
  // Each costs a second flush of the WAL.
  'two-phase': '2%',
  message: '5%',
  'key-change': '5s',
  // Some megabytes: the server streams it where logical_decoding_work_mem is at its least, and takes it in a second.
  huge: '20000/60s',
  // Open for a third of the time.
  long: '20s/60s',
  truncate: '30s',
  // The load stands still meanwhile.
  quiet: '5s/60s',
  // A cycle of fewer than twenty changes takes three minutes.
  ddl: '10s',
};

/** From one change of a publication to the next. */
export const PUBLICATION_EVERY = '30s';
