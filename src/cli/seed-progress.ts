import { monotonicMs } from '../lib/clock.js';
import type { ComponentLog } from '../log/logger.js';
import type { StatusLine } from '../log/status-line.js';
import type { Messages } from '../messages/index.js';

/** How often the bar is drawn on a terminal. */
const BAR_MS = 200;
/** How often a line comes where there is no terminal: a sign of life, not a flood. */
const LINE_MS = 5_000;
const BAR_WIDTH = 30;

export interface SeedProgress {
  readonly done: number;
  /** 0: not known yet, or nothing to do. */
  readonly of: number;
}

/**
 * Shows how far a seed is: a bar on a terminal, a line every few seconds elsewhere. `look`: asked
 * each time. Returns what ends it.
 */
export function showProgress(
  messages: Messages,
  log: ComponentLog,
  status: StatusLine,
  look: () => SeedProgress,
): () => void {
  const started = monotonicMs();
  const tick = () => {
    const { done, of } = look();
    if (of === 0) return;
    const perSecond = Math.round((done / (monotonicMs() - started)) * 1000);
    const text = messages.seed.progress({ done, of, perSecond });
    if (status.live) status.show(`${bar(done / of)} ${text}`);
    else log.info(text);
  };
  const timer = setInterval(tick, status.live ? BAR_MS : LINE_MS);
  return () => {
    clearInterval(timer);
    status.clear();
  };
}

/** [██████░░░░]  60% */
function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  const percent = String(Math.floor(Math.min(1, share) * 100)).padStart(3);
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${percent}%`;
}
