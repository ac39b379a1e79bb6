import type { Finding, FindingState } from '../doctor/finding.js';
import type { Paint } from '../lib/paint.js';
import type { Messages } from '../messages/index.js';
import { verdictLine } from './text.js';

/** Columns of the widest name of a state, in any language. */
const STATE_WIDTH = 11;

/** Checks that the verdict names. */
const NAMES_LISTED = 3;

const COLOURS: Readonly<Record<FindingState, Parameters<Paint>[0]>> = {
  ok: 'good',
  info: 'quiet',
  warn: 'unsure',
  fail: 'bad',
  not_visible: 'unsure',
};

/** Whether the database is ready, and the checks that say no, in one sentence. */
export function doctorSentence(m: Messages, findings: readonly Finding[]): string {
  const failed = inState(findings, 'fail').map(({ check }) => m.doctor.checks[check]());
  return m.doctor.verdict({
    checks: findings.length,
    failed: failed.length,
    names: failed.length > NAMES_LISTED ? [...failed.slice(0, NAMES_LISTED), '…'] : failed,
    warnings: inState(findings, 'warn').length,
    notVisible: inState(findings, 'not_visible').length,
  });
}

/** The same as the first line of a result. */
export function doctorVerdict(m: Messages, paint: Paint, findings: readonly Finding[]): string {
  const worst = (['fail', 'warn', 'not_visible'] as const).find(
    (state) => inState(findings, state).length > 0,
  );
  return verdictLine(paint, COLOURS[worst ?? 'ok'], doctorSentence(m, findings));
}

/** The findings of all checks, with their fixes. */
export function doctorText(m: Messages, paint: Paint, findings: readonly Finding[]): string {
  const sections = (['compatible', 'ready'] as const).map((profile) => {
    const own = findings.filter((finding) => finding.profile === profile);
    const width = Math.max(...own.map(({ check }) => m.doctor.checks[check]().length));
    const rows = own.map(({ check, state, evidence }) => {
      const name = m.doctor.checks[check]().padEnd(width);
      const stateName = paint(COLOURS[state], m.doctor.states(state).padEnd(STATE_WIDTH));
      return `  ${stateName}  ${name}  ${evidence}\n`;
    });
    return `${m.doctor.profiles(profile)}\n${rows.join('')}`;
  });
  const fixes = findings.flatMap((finding) => fixLines(m, finding));
  if (fixes.length === 0) return sections.join('\n');
  return `${sections.join('\n')}\n${m.doctor.fixes()}\n${fixes.join('')}`;
}

/** Advice of a finding, each piece once. */
export function adviceOf(m: Messages, { advice = [] }: Finding): string[] {
  return [...new Set(advice.map((sentence) => sentence(m.doctor.advice)))];
}

/** The statements that fix a finding, and its advice; empty without any. */
function fixLines(m: Messages, finding: Finding): string[] {
  const { check, state, mend, advice = [] } = finding;
  if (!NOT_PASSED.includes(state) && advice.length === 0) return [];
  const lines = [
    ...(mend?.split('\n') ?? []),
    ...adviceOf(m, finding).map((sentence) => `-- ${sentence}`),
  ];
  if (lines.length === 0) return [];
  return [`  ${m.doctor.checks[check]()}:\n`, ...lines.map((line) => `    ${line}\n`)];
}

const NOT_PASSED: readonly FindingState[] = ['fail', 'warn', 'not_visible'];

function inState(findings: readonly Finding[], wanted: FindingState): Finding[] {
  return findings.filter(({ state }) => state === wanted);
}
