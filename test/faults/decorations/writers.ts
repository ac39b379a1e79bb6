import { HARMLESS } from '../mutants/harmless.js';
import type { Decoration, Trial } from './decoration.js';

/** Ids beyond those of any run and its foreign writer. */
const FIRST_ID = 900_000_000;
const MOST = 5;

/** Applies the harmless change of this name. */
function asMutant(name: string) {
  const kind = HARMLESS.find((other) => other.name === name);
  if (kind === undefined) throw new Error(`no kind ${name}`);
  return (trial: Trial): boolean => {
    const mutant = kind.make(trial.view, trial.rng, false);
    if (mutant === null) return false;
    trial.view = trial.view.withEvents(mutant.script.filter((item) => typeof item === 'object'));
    return true;
  };
}

/** Whole foreign transactions between others. */
function inserted(trial: Trial): boolean {
  const { rng, view } = trial;
  const like = view.events.find(
    ({ table, operation }) => table === 'pacientes' && operation === 'insert',
  );
  if (like === undefined) return false;
  const last = Math.max(...view.groups.map(({ xid }) => xid));
  let events = [...view.events];
  for (let i = rng.between(1, MOST); i > 0; i--) {
    const at = rng.pick(view.groups).begin;
    const before = view.events[at]!;
    const transaction = Array.from({ length: rng.between(1, 3) }, (_, n) => {
      const key = FIRST_ID + 10 * i + n;
      const values = like.values?.with(0, String(key)) ?? null;
      const { lsn, watermark } = before;
      return { ...like, key, values, xid: last + i, lsn, watermark, order: n + 1, position: 0 };
    });
    const to = events.indexOf(before);
    events = events.toSpliced(to, 0, ...transaction);
  }
  trial.view = view.withEvents(events);
  return true;
}

const writers = (name: string, before: (trial: Trial) => boolean): Decoration => ({
  name,
  family: 'writers',
  before,
});

export const WRITERS: readonly Decoration[] = [
  writers("another writer's transactions", inserted),
  writers("another writer's, doubled", asMutant("another writer's transaction doubled")),
  writers("another writer's, moved", asMutant("another writer's transaction moved")),
];
