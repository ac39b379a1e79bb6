const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const undoing = new Set<() => void>();

/**
 * Calls `undo`, which may not wait, when this process is told to end before its tests have: what runs in sessions of
 * its own would be left behind. Returns what takes that back.
 */
export function whenStopped(undo: () => void): () => void {
  if (undoing.size === 0) for (const signal of SIGNALS) process.on(signal, stop);
  undoing.add(undo);
  return () => {
    undoing.delete(undo);
    if (undoing.size === 0) for (const signal of SIGNALS) process.off(signal, stop);
  };
}

function stop(signal: NodeJS.Signals): void {
  for (const undo of undoing) {
    try {
      undo();
    } catch {
      // The next one is to be undone all the same.
    }
  }
  undoing.clear();
  for (const each of SIGNALS) process.off(each, stop);
  // Where nobody else listens, the signal does what it does by itself.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
