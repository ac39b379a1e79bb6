/** The value of a flag, the last one given, read before the command line is known to be sound. */
export function findValue(argv: readonly string[], flag: string): string | undefined {
  const values = argv.flatMap((token, at) => {
    if (token === `--${flag}`) return argv.slice(at + 1, at + 2);
    return token.startsWith(`--${flag}=`) ? [token.slice(flag.length + 3)] : [];
  });
  return values.at(-1);
}
