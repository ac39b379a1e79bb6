/** The most characters of a name in a run's folder name, which holds the run's id as well. */
export const MAX_NAME_LENGTH = 40;

/** `20261129-151204-84d1`, and the name that may follow. */
const RUN_ID = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})-[0-9a-f]{4}(?:-(.+))?$/;

/**
 * A name as a folder's name holds it: lower case, without accents, a dash for anything else than letters and digits.
 * `Nightly soak!` is `nightly-soak`. Null: no letter or digit is left, or too many.
 */
export function slugOf(name: string): string | null {
  const slug = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return slug === '' || slug.length > MAX_NAME_LENGTH ? null : slug;
}

/** The name in a run's id; null: it has none. */
export function nameIn(runId: string): string | null {
  return RUN_ID.exec(runId)?.[7] ?? null;
}

/** The moment that a run's id was made, in milliseconds since 1970; null: the id has another form. */
export function timeIn(runId: string): number | null {
  const [, year, month, day, hour, minute, second] = RUN_ID.exec(runId) ?? [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}
