import { compareFinalState } from '../../../src/verify/rows/final-state.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import type { Example } from '../../../src/verify/verdict/findings.js';
import { scriptDocument, verifyScript } from '../../helpers/verify-script.js';
import type { Mutant, Suspect } from './mutant.js';
import type { Sample } from './sample.js';

/** The verifier's result for a mutant. */
export async function verdictOn(
  { taken, client }: Sample,
  { script, streams = 1, tables = false }: Omit<Mutant, 'expected' | 'description'>,
  positioned: boolean,
): Promise<VerificationDocument> {
  const { ledger, from, end } = taken;
  const options = { from, end: positioned ? end : null, streams };
  const verification = await verifyScript(ledger, script, options);
  if (!tables) return scriptDocument(verification);
  return scriptDocument(verification, await compareFinalState(client, verification));
}

/** Differences between the result and the expectation; empty: the verifier is right. */
export function missesOf(
  sample: Sample,
  { expected }: Mutant,
  document: VerificationDocument,
): string[] {
  const { verdict, doubts, events, violations, examples } = document;
  const misses: string[] = [];
  const wanted = verdictOf(sample, expected.verdict);
  if (verdict !== wanted)
    misses.push(`verdict ${verdict} (${JSON.stringify(doubts)}), not ${wanted}`);
  if (expected.verdict === 'duplicates' && events.replayed !== expected.replayed) {
    misses.push(`${events.replayed} replayed, not ${expected.replayed}`);
  }
  if (expected.verdict === 'indeterminate' && doubts[expected.doubt] === undefined) {
    misses.push(`doubts ${JSON.stringify(doubts)}, not ${expected.doubt}`);
  }
  const suspects = expected.verdict === 'violation' ? expected.suspects : [];
  for (const suspect of suspects) {
    if (!examples.some((example) => isOf(example, suspect))) {
      misses.push(`no ${JSON.stringify(suspect)}`);
    }
  }
  const allowed = new Set<string>(suspects.map(({ violation }) => violation));
  if (expected.verdict === 'violation')
    for (const name of expected.besides ?? []) allowed.add(name);
  for (const [name, count] of Object.entries(violations)) {
    if (count > 0 && !allowed.has(name)) misses.push(`${count} ${name} besides`);
  }
  if (misses.length > 0) misses.push(`found: ${JSON.stringify(examples.map(brief))}`);
  return misses;
}

/** In a stream with unknown changes, the verdict is indeterminate at best. */
function verdictOf({ blurred }: Sample, verdict: Mutant['expected']['verdict']): string {
  if (verdict === 'violation' || verdict === 'indeterminate') return verdict;
  if (blurred) return 'indeterminate';
  return verdict === 'unchanged' ? 'exact' : verdict;
}

function isOf(example: Example, { violation, details, keys, xids }: Suspect): boolean {
  const { key, xid } = example;
  return (
    example.violation === violation &&
    details.includes(example.detail) &&
    (keys === undefined || (key !== null && keys.includes(key))) &&
    (xids === undefined || (xid !== null && xids.includes(xid)))
  );
}

function brief({ violation, detail, table, operation, key, xid }: Example): string {
  return `${violation} ${detail} ${operation} ${table} ${key} xid ${xid}`;
}
