import * as v from 'valibot';
import { LIBPQ_PARAMETERS, type LibpqParameter } from './libpq.js';
import { OPTION_KEYS, type OptionKey, optionOf, type Values } from './options.js';
import type { Problem } from './problems.js';
import type { Given, Source } from './source.js';

export interface Resolved {
  readonly values: Values;
  /** The options that somebody gave; the others hold their built-in defaults. */
  readonly given: ReadonlyMap<OptionKey, Given>;
  /** The connection parameters of libpq that somebody gave and that are no options. */
  readonly libpq: ReadonlyMap<LibpqParameter, Given>;
  readonly problems: readonly Problem[];
}

/**
 * One value for each option: the first source that has it wins, then the built-in default. A value
 * that its option does not take is a problem, and the default stands in so that all are found.
 */
export function resolve(sources: readonly Source[]): Resolved {
  const given = new Map<OptionKey, Given>();
  const problems: Problem[] = sources.flatMap((source) => source.problems);
  const values: Partial<Record<OptionKey, unknown>> = {};
  for (const key of OPTION_KEYS) {
    const option = optionOf(key);
    values[key] = v.parse(option.kind.schema, option.fallback);
    const found = sources
      .map((source) => source.given.get(key))
      .find((value) => value !== undefined);
    if (found === undefined) continue;
    given.set(key, found);
    const result = v.safeParse(option.kind.schema, found.text);
    if (result.success) {
      values[key] = result.output;
      continue;
    }
    const special = option.kind.problems?.(found.where, found.text) ?? [];
    if (special.length > 0) problems.push(...special);
    else {
      const shown = option.secret ? '***' : found.text;
      problems.push((messages) =>
        messages.config.invalid(found.where(messages), shown, option.kind.allowed(messages)),
      );
    }
  }
  const libpq = new Map<LibpqParameter, Given>();
  for (const name of LIBPQ_PARAMETERS) {
    const found = sources.map((source) => source.libpq?.get(name)).find((value) => value);
    if (found !== undefined) libpq.set(name, found);
  }
  // Every key of the table was just filled by that key's own schema.
  return { values: values as Values, given, libpq, problems };
}

/** Rules between options, each on its own already valid. */
export function checkTogether({ values, given }: Resolved): Problem[] {
  const problems: Problem[] = [];
  const describe =
    (...keys: OptionKey[]): Problem =>
    (messages) =>
      keys
        .map((key) => `${given.get(key)?.where(messages) ?? key} = ${values[key]}`)
        .join(messages.config.and());
  const ratios = describe('stream.update_ratio', 'stream.delete_ratio');
  if (values['stream.update_ratio'] + values['stream.delete_ratio'] > 1) {
    problems.push((messages) => messages.config.ratiosAboveOne(ratios(messages)));
  }
  const delays = describe('stream.reconnect_base_seconds', 'stream.reconnect_max_seconds');
  if (values['stream.reconnect_base_seconds'] > values['stream.reconnect_max_seconds']) {
    problems.push((messages) => messages.config.baseAboveMax(delays(messages)));
  }
  if (values['stream.stages'].length > 0 && values['stream.rate'] !== 'cycle') {
    const rate = describe('stream.rate');
    problems.push((messages) => messages.config.stagesAndRate(rate(messages)));
  }
  const scheduled = values['stream.stages'].length > 0 || typeof values['stream.rate'] === 'number';
  if (values['stream.on_lag'] === 'shed' && !scheduled) {
    problems.push((messages) => messages.config.nothingToShed());
  }
  const only = values['stream.only'];
  if (only.length > 0 && only.every((type) => values['stream.weights'][type] === 0)) {
    const types = describe('stream.only');
    problems.push((messages) => messages.config.nothingToDo(types(messages)));
  }
  return problems;
}
