import assert from 'node:assert/strict';
import type { VerificationDocument } from '../../src/verify/verdict/document.js';

/** Every change that the ledger has as committed became exactly one of five things: whatever the verdict. */
export function requireSum({
  accounting,
  verdict,
  doubts,
  violations,
}: VerificationDocument): void {
  const { committed, delivered, excused, missing, doubted, waived } = accounting;
  const told = JSON.stringify({ accounting, verdict, doubts, violations });
  for (const count of Object.values(accounting)) assert.ok(count >= 0, told);
  assert.equal(delivered + excused + missing + doubted + waived, committed, told);
  if (verdict === 'exact' || verdict === 'duplicates') {
    assert.deepEqual([missing, doubted], [0, 0], told);
    assert.deepEqual(doubts, {}, told);
    assert.ok(delivered > 0, told);
    for (const count of Object.values(violations)) assert.equal(count, 0, told);
  }
  if (verdict === 'indeterminate') assert.ok(Object.keys(doubts).length > 0, told);
  if (missing > 0) assert.equal(verdict, 'violation', told);
}

/** What `verify --json` printed, with the sum checked. */
export function readVerdict(stdout: string): VerificationDocument {
  const document = JSON.parse(stdout) as VerificationDocument;
  requireSum(document);
  return document;
}
