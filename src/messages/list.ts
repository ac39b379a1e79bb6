/** `a, b or c`: words of a list, with `last` before the last one. */
export function listed(words: readonly string[], last: string): string {
  return words.join(', ').replace(/, ([^,]*)$/, ` ${last} $1`);
}
