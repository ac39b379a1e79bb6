import { checkRules, type RuleResult } from '../../database/rules.js';
import { requireSchema } from '../../database/schema.js';
import { EXIT, type ExitCode } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { formatTable } from '../../lib/text-table.js';
import { withConnection } from '../../postgres/connect.js';
import type { Command, CommandContext } from './context.js';
import { withServer } from './with-server.js';

/** `check`: integrity and domain rules over the whole database. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    const rules = await unlessAborted(context.interrupted, () =>
      withConnection(target, async (client) => {
        await requireSchema(client);
        return checkRules(client);
      }),
    );
    const exitCode = reportRules(context, rules);
    const { messages: m } = context;
    context.print({
      json: { ok: exitCode === EXIT.done, rules },
      text: formatTable([
        [m.check.rule(), m.check.violations()],
        ...rules.map(({ rule, violations }) => [rule, m.number(violations)]),
      ]),
    });
    return exitCode;
  });

/** Logs whether the rules hold, and returns the exit code for it. */
export function reportRules({ log, messages }: CommandContext, rules: RuleResult[]): ExitCode {
  const broken = rules.filter(({ violations }) => violations > 0);
  const out = log.component('check');
  if (broken.length === 0) {
    out.info(messages.check.ok({ rules: rules.length }));
    return EXIT.done;
  }
  const violations = broken.reduce((sum, rule) => sum + rule.violations, 0);
  for (const { rule, violations: count } of broken)
    out.warning(`${rule}: ${messages.number(count)}`);
  out.error(messages.check.broken({ rules: broken.length, violations }));
  return EXIT.notHeld;
}
