import { isDeepStrictEqual } from 'node:util';
import { isSecretParameter } from './libpq.js';
import { OPTION_KEYS, optionOf } from './options.js';
import { resolve, type Sources } from './resolve.js';
import type { Settings } from './settings.js';
import { withoutPassword } from './url-password.js';

/** A setting, and where its value came from. */
export interface ExplainedSetting {
  /** The key in settings.toml; a connection parameter of libpq that is no option: `libpq.` and its keyword. */
  readonly key: string;
  /** The environment variable of the same meaning; null: there is none. */
  readonly variable: string | null;
  /** As an operator would type it, without passwords; null: a secret, which is not shown. */
  readonly value: string | null;
  /** Not empty. */
  readonly isSet: boolean;
  /** The place, `--rate` or `PG_HOST (config/.env:3)`; `account`: the operating system's; null: it is the default. */
  readonly from: string | null;
  readonly isDefault: boolean;
}

/** The name of the place `from` for what the operating system knows. */
export const FROM_ACCOUNT = 'account';

/** Every setting, those that differ from their defaults first. */
export function explainSettings(sources: Sources, { server }: Settings): ExplainedSetting[] {
  const { given, libpq, values } = resolve(sources);
  const standard = resolve({ ...sources, list: [] }).values;
  const options = OPTION_KEYS.map((key): ExplainedSetting => {
    const { env, secret, default: text } = optionOf(key);
    const found = given.get(key);
    // A server that libpq's variables or a URL name is logged in to as the system's user.
    const account =
      key === 'db.user' && found === undefined && server !== null && server.user !== values[key];
    const shown = account ? server.user : (found?.text ?? text);
    return {
      key,
      variable: env,
      value: secret ? null : withoutPassword(shown),
      isSet: shown !== '',
      from: account ? FROM_ACCOUNT : (found?.name ?? null),
      isDefault: !account && isDeepStrictEqual(values[key], standard[key]),
    };
  });
  const parameters = [...libpq].map(
    ([name, { text, name: from }]): ExplainedSetting => ({
      key: `libpq.${name}`,
      variable: null,
      value: isSecretParameter(name) ? null : withoutPassword(text),
      isSet: true,
      from,
      isDefault: false,
    }),
  );
  const all = [...options, ...parameters];
  return [...all.filter((one) => !one.isDefault), ...all.filter((one) => one.isDefault)];
}
