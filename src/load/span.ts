const SPAN = /^(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h)?$/;
const SECONDS_PER_UNIT = { ms: 0.001, s: 1, m: 60, h: 3600 } as const;

/** A span of time in seconds: `20`, `500ms`, `20s`, `5m`, `1h`; undefined when the text is none. */
export function parseSpan(text: string): number | undefined {
  const [, amount, unit] = SPAN.exec(text) ?? [];
  if (amount === undefined) return undefined;
  return Number(amount) * SECONDS_PER_UNIT[(unit ?? 's') as keyof typeof SECONDS_PER_UNIT];
}
