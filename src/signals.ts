const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Calls `first` at the first SIGINT or SIGTERM and `second` at any later one. Returns what gives the
 * signals back to Node.
 */
export function onSignals(first: () => void, second: () => void): () => void {
  let seen = 0;
  const handle = () => {
    seen++;
    if (seen === 1) first();
    else second();
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}
