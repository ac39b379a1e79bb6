import type { Language } from '../log/messages/index.js';
import { gather } from './load.js';
import type { Variables } from './variables.js';

/**
 * The language to speak to the operator in, from the same places and in the same order as any
 * setting, whatever else may be wrong there. Whoever names a language that does not exist is told
 * so in the default one.
 */
export function chooseLanguage(argv: readonly string[], env: Variables, cwd: string): Language {
  const lang = findValue(argv, 'lang');
  const { resolved } = gather({
    flags: lang === undefined ? {} : { lang },
    env,
    cwd,
    configFile: findValue(argv, 'config') ?? null,
    profile: findValue(argv, 'profile') ?? null,
    envFile: findValue(argv, 'env-file') ?? null,
  });
  return resolved.values['app.lang'];
}

/** The value of a flag, the last one given, read before the command line is known to be sound. */
function findValue(argv: readonly string[], flag: string): string | undefined {
  const values = argv.flatMap((token, at) => {
    if (token === `--${flag}`) return argv.slice(at + 1, at + 2);
    return token.startsWith(`--${flag}=`) ? [token.slice(flag.length + 3)] : [];
  });
  return values.at(-1);
}
