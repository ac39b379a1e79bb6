import type { Messages } from '../messages/index.js';
import type { RunSummary } from '../runs/summary.js';
import { judgeRun, type Reason, reasonText } from './verdict.js';

/** The same for every run, so that a CI server can follow a case from run to run. */
const CLASS_NAME = 'oltp-simulator';

interface Case {
  readonly name: string;
  /** The reason in one sentence; null for a case that passed. */
  readonly failure: string | null;
  /** Duration; null for a case that has none. */
  readonly seconds: number | null;
}

/**
 * A run as a JUnit report, which every CI server can show: a case for the run itself, one for
 * transactions in doubt, and one for each threshold.
 */
export function junitXml({
  summary,
  messages,
}: {
  readonly summary: RunSummary;
  readonly messages: Messages;
}): string {
  const cases = casesOf(summary, messages);
  const figures = attributes({
    tests: cases.length,
    failures: cases.filter(({ failure }) => failure !== null).length,
    errors: 0,
    skipped: 0,
    time: summary.seconds,
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: CLASS_NAME })}${figures}>`,
    `  <testsuite${attributes({ name: `${CLASS_NAME} ${summary.run_id}` })}${figures}>`,
    ...cases.map(caseXml),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function casesOf(summary: RunSummary, messages: Messages): Case[] {
  const { reasons } = judgeRun(summary, null);
  const failureOf = (...kinds: readonly Reason['kind'][]) => {
    const found = reasons.find(({ kind }) => kinds.includes(kind));
    return found === undefined ? null : reasonText(messages, found);
  };
  return [
    {
      name: 'run',
      failure: failureOf('critical', 'server_lost', 'held_up'),
      seconds: summary.seconds,
    },
    { name: 'in_doubt', failure: failureOf('in_doubt'), seconds: null },
    ...summary.thresholds.map((result) => ({
      name: result.threshold,
      failure: result.held ? null : reasonText(messages, { kind: 'not_held', result }),
      seconds: null,
    })),
  ];
}

function caseXml({ name, failure, seconds }: Case): string {
  const time = seconds === null ? '' : attributes({ time: seconds });
  const opening = `    <testcase${attributes({ classname: CLASS_NAME, name })}${time}`;
  if (failure === null) return `${opening}/>`;
  const element = `<failure${attributes({ message: failure })}>${escapeXml(failure)}</failure>`;
  return `${opening}>\n      ${element}\n    </testcase>`;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`)
    .join('');
}

/**
 * Code points that XML 1.0 cannot hold, not even as references: most control characters, halves of surrogate
 * pairs, and U+FFFE and U+FFFF.
 */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** Markup, and line ends and tabs, which a reader would turn into blanks in an attribute. */
const SPECIAL = /[&<>"'\t\n\r]/g;

/** Escapes text for an attribute or between tags; code points that XML can't hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(FORBIDDEN, '\u{FFFD}')
    .replace(SPECIAL, (character) => `&#${character.charCodeAt(0)};`);
}
