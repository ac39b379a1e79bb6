import { checkRules, type RuleResult } from '../../database/rules.js';
import { requireSchema } from '../../database/schema.js';
import { EXIT, type ExitCode } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import type { ComponentLog } from '../../log/logger.js';
import type { Messages } from '../../messages/index.js';
import { withConnection } from '../../postgres/connect.js';
import { markedLine, verdictLine } from '../../report/text.js';
import type { Command } from './context.js';
import { withServer } from './with-server.js';

/** `check`: integrity and domain rules over the whole database. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    const rules = await unlessAborted(context.interrupted, () =>
      withConnection(target, async (client) => {
        await requireSchema(client, context.schema);
        return checkRules(client, context.schema);
      }),
    );
    const { messages: m, paint } = context;
    const exitCode = logRules(context.resultLog('check'), m, rules);
    const ok = exitCode === EXIT.done;
    context.print({
      json: { ok, rules },
      verdict: verdictLine(paint, ok ? 'good' : 'bad', sentenceOf(m, rules)),
      text: [...rules]
        .sort((a, b) => b.violations - a.violations)
        .map(({ rule, violations }) =>
          markedLine(
            paint,
            violations === 0,
            violations === 0 ? rule : `${rule}: ${m.check.violations(violations)}`,
          ),
        )
        .join(''),
    });
    return exitCode;
  });

/** Logs whether the rules hold, and returns the exit code for it. */
export function logRules(
  out: Pick<ComponentLog, 'info' | 'warning' | 'error'>,
  messages: Messages,
  rules: readonly RuleResult[],
): ExitCode {
  const broken = brokenOf(rules);
  if (broken.length === 0) {
    out.info(sentenceOf(messages, rules));
    return EXIT.done;
  }
  for (const { rule, violations } of broken) out.warning(`${rule}: ${messages.number(violations)}`);
  out.error(sentenceOf(messages, rules));
  return EXIT.notHeld;
}

function sentenceOf({ check }: Messages, rules: readonly RuleResult[]): string {
  const broken = brokenOf(rules);
  if (broken.length === 0) return check.ok({ rules: rules.length });
  const violations = broken.reduce((sum, rule) => sum + rule.violations, 0);
  return check.broken({ broken: broken.length, rules: rules.length, violations });
}

function brokenOf(rules: readonly RuleResult[]): RuleResult[] {
  return rules.filter(({ violations }) => violations > 0);
}
