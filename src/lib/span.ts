const SPAN = /^(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h)?$/;
const SECONDS_PER_UNIT = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;

/** A length of time in seconds, from `20`, `500ms`, `20s`, `5m` or `1h`; undefined when the text is none. */
export function parseSpan(text: string): number | undefined {
  const [, amount, unit] = SPAN.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * SECONDS_PER_UNIT[(unit ?? 's') as keyof typeof SECONDS_PER_UNIT];
}

/** A span in its largest unit that leaves no fraction, in whole milliseconds: 5400 is `90m`. */
export function printSpan(seconds: number): string {
  const millis = Math.round(seconds * 1000);
  if (millis % 3_600_000 === 0) return `${millis / 3_600_000}h`;
  if (millis % 60_000 === 0) return `${millis / 60_000}m`;
  return millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`;
}
