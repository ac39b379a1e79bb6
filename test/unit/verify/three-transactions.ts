import type { ReceivedRow } from '../../helpers/received-row.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import { SmallRun, stays } from './small-run.js';

/** Lends `body` a run of three transactions, a maker of other writers' events, and the verifier. */
export async function withRun(
  body: (
    own: readonly ReceivedRow[][],
    events: SmallRun['events'],
    verdict: (script: readonly ReceivedRow[]) => Promise<{ verdict: string; details: string[] }>,
  ) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    const run = new SmallRun(folder);
    const own = [
      run.commit({ xid: 10, changes: [stays('insert', 1, 2, 3)] }),
      run.commit({ xid: 20, changes: [stays('update', 1, 2)] }),
      run.commit({ xid: 30, changes: [stays('insert', 4)] }),
    ];
    run.end();
    await body(own, run.events.bind(run), async (script) => {
      const { verdict, examples } = scriptDocument(await verifyScript(folder, script));
      return { verdict, details: examples.map(({ detail }) => detail) };
    });
  });
}

/** The events with another value at a place. */
export function changed(
  events: readonly ReceivedRow[],
  place: number,
  value: string | null,
): ReceivedRow[] {
  return events.map((event) => ({ ...event, values: event.values?.with(place, value) ?? null }));
}
