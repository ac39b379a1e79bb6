import type { Messages } from '../../messages/index.js';
import type { VerificationProgress } from '../../verify/task.js';
import type { ProgressView } from './progress.js';

/** The worth of each part of the live line, from the one that is given up first. */
const WORTH = { run: 0, runOver: 1, waiting: 2, events: 3, checked: 4 } as const;

/** The moment of a verification, to be shown. */
export function verifyView(
  { verify: { progress: m } }: Messages,
  run: string,
  { events, delivered, waiting, runOver }: VerificationProgress,
): ProgressView {
  return {
    parts: [
      [{ text: run, worth: WORTH.run }],
      [{ text: m.events(events), worth: WORTH.events }],
      [{ text: m.checked(delivered), worth: WORTH.checked }],
      [{ text: m.waiting(waiting), worth: WORTH.waiting }],
      ...(runOver ? [[{ text: m.runOver(), worth: WORTH.runOver }]] : []),
    ],
    record: { phase: 'verify', run_id: run, events, delivered, waiting, run_over: runOver },
  };
}
