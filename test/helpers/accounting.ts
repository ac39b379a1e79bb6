import assert from 'node:assert/strict';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';

/** With any the verdict, every committed change of the ledger is exactly one of five things. */
export function requireSum({
  accounting,
  verdict,
  doubts,
  violations,
}: VerificationDocument): void {
  const { committed, delivered, excused, missing, doubted, waived } = accounting;
  const document = JSON.stringify({ accounting, verdict, doubts, violations });
  for (const count of Object.values(accounting)) assert.ok(count >= 0, document);
  assert.equal(delivered + excused + missing + doubted + waived, committed, document);
  if (verdict === 'exact' || verdict === 'duplicates') {
    assert.deepEqual([missing, doubted], [0, 0], document);
    assert.deepEqual(doubts, {}, document);
    assert.ok(delivered > 0, document);
    for (const count of Object.values(violations)) assert.equal(count, 0, document);
  }
  if (verdict === 'indeterminate') assert.ok(Object.keys(doubts).length > 0, document);
  if (missing > 0) assert.equal(verdict, 'violation', document);
}

/** Parses the output of `verify --json`, and checks the sum. */
export function readVerdict(stdout: string): VerificationDocument {
  const document = JSON.parse(stdout) as VerificationDocument;
  requireSum(document);
  return document;
}
