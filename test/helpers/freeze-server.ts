import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readPostmaster } from '../../src/embedded/cluster.js';
import type { TestServer } from './server.js';
import { whenStopped } from './when-stopped.js';

/** Stops every process of the server; returns a function that lets them go on. */
export function freezeServer({ cluster }: TestServer): () => void {
  const postmaster = readPostmaster(cluster.dir)?.pid;
  assert.ok(postmaster !== undefined);
  const pids = [postmaster, ...childrenOf(postmaster)];
  const signal = (name: NodeJS.Signals) => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch {
        // A worker of the server's that has just ended.
      }
    }
  };
  const thaw = () => signal('SIGCONT');
  // Frozen, it could not be ended either.
  const release = whenStopped(thaw);
  signal('SIGSTOP');
  return () => {
    release();
    thaw();
  };
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}
