import type { Client } from 'pg';
import type { Schema } from '../schema/schema.js';
import { requireAllVisible } from './row-security.js';

export interface RuleResult {
  readonly rule: string;
  readonly violations: number;
}

/**
 * Counts the violations of every domain rule, in one snapshot of the database. Throws an `OperatorError` if row-level
 * security may hide rows from the role.
 */
export async function checkRules(client: Client, schema: Schema): Promise<RuleResult[]> {
  await requireAllVisible(client, schema.tables);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    const results: RuleResult[] = [];
    for (const { rule, violations } of schema.rules) {
      const { rows } = await client.query<{ count: string }>(violations);
      results.push({ rule, violations: Number(rows[0]?.count) });
    }
    return results;
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}
