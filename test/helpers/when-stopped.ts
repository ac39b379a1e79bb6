const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const undoing = new Set<() => void>();

/**
 * Calls `undo`, which may not wait, when a signal ends this process before its tests: processes in sessions of their
 * own would be left behind. Returns a function that takes that back.
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
      // The others are undone all the same.
    }
  }
  undoing.clear();
  for (const each of SIGNALS) process.off(each, stop);
  // Without another listener, the signal has its default effect.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
