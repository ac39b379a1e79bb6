import type { Language } from '../messages/index.js';
import { findValue } from './find-value.js';
import { gather } from './load.js';
import type { Pipes } from './pipes.js';
import type { Variables } from './variables.js';

/**
 * The language to speak to the operator in, from the same places and in the same order as any
 * setting, whatever else may be wrong there. Whoever names a language that does not exist is told
 * so in the default one.
 */
export function chooseLanguage(
  argv: readonly string[],
  env: Variables,
  cwd: string,
  pipes?: Pipes,
): Language {
  const lang = findValue(argv, 'lang');
  const { resolved } = gather({
    flags: lang === undefined ? {} : { lang },
    env,
    cwd,
    ...(pipes === undefined ? {} : { pipes }),
    configFile: findValue(argv, 'config') ?? null,
    profile: findValue(argv, 'profile') ?? null,
    envFile: findValue(argv, 'env-file') ?? null,
  });
  return resolved.values['app.lang'];
}
