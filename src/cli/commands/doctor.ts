import { examine } from '../../doctor/doctor.js';
import type { Finding, FindingState } from '../../doctor/finding.js';
import { EXIT } from '../../errors.js';
import { unlessAborted } from '../../lib/signals.js';
import { type Messages, messagesIn } from '../../messages/index.js';
import { withConnection } from '../../postgres/connect.js';
import type { Command } from './context.js';
import { withServer } from './with-server.js';

/** `doctor`: whether a database is fit for CDC, and its server ready for it. Reads only. */
export const run: Command = (context) =>
  withServer(context, async (target) => {
    const { settings, messages: m, log } = context;
    const findings = await unlessAborted(context.interrupted, () =>
      withConnection(target, (client) =>
        examine({ client, target, english: messagesIn('en'), ...settings.doctor }),
      ),
    );
    const failed = findings.filter(({ state }) => state === 'fail').length;
    const out = log.component('doctor');
    if (failed > 0) out.error(m.doctor.failed({ failed }));
    else out.info(m.doctor.passed({ checks: findings.length }));
    const checks = findings.map((finding) => ({ ...finding, advice: adviceOf(m, finding) }));
    context.print({ json: { ok: failed === 0, checks }, text: textOf(m, findings) });
    return failed > 0 ? EXIT.notHeld : EXIT.done;
  });

/** Columns of the widest name of a state, in any language. */
const STATE_WIDTH = 11;

/** The findings of all checks, with their fixes. */
function textOf(m: Messages, findings: readonly Finding[]): string {
  const sections = (['compatible', 'ready'] as const).map((profile) => {
    const own = findings.filter((finding) => finding.profile === profile);
    const width = Math.max(...own.map(({ check }) => m.doctor.checks[check]().length));
    const rows = own.map(({ check, state, evidence }) => {
      const name = m.doctor.checks[check]().padEnd(width);
      return `  ${m.doctor.states(state).padEnd(STATE_WIDTH)}  ${name}  ${evidence}\n`;
    });
    return `${m.doctor.profiles(profile)}\n${rows.join('')}`;
  });
  const lines = findings
    .filter(({ state, advice = [] }) => NOT_PASSED.includes(state) || advice.length > 0)
    .flatMap((finding) => {
      const fixes = [
        ...(finding.mend?.split('\n') ?? []),
        ...adviceOf(m, finding).map((sentence) => `-- ${sentence}`),
      ];
      if (fixes.length === 0) return [];
      return [`  ${m.doctor.checks[finding.check]()}:\n`, ...fixes.map((line) => `    ${line}\n`)];
    });
  if (lines.length === 0) return sections.join('\n');
  return `${sections.join('\n')}\n${m.doctor.fixes()}\n${lines.join('')}`;
}

const NOT_PASSED: readonly FindingState[] = ['fail', 'warn', 'not_visible'];

/** Advice of all findings, each piece once. */
function adviceOf(m: Messages, { advice = [] }: Finding): string[] {
  return [...new Set(advice.map((sentence) => sentence(m.doctor.advice)))];
}
