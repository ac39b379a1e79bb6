import assert from 'node:assert/strict';
import test from 'node:test';
import { messagesIn } from '../../../src/messages/index.js';
import { escapeXml, junitXml } from '../../../src/report/junit.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { summaryOf } from './samples.js';

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const unescaped = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

/** Parses the subset of XML that a report uses, and fails for anything else. */
function parseXml(xml: string): Element {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  assert.ok(xml.startsWith(declaration));
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const token = /<\/(\w+)>|<(\w+)((?: \w+="[^"<\t\n\r]*")*)(\/?)>|([^<>]+)/gy;
  token.lastIndex = declaration.length;
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const [, closed, name, given = '', alone, text] =
      token.exec(xml) ?? assert.fail(`not well-formed: ${xml.slice(at, at + 40)}`);
    const parent = open.at(-1) ?? assert.fail('nothing is open');
    if (closed !== undefined) {
      assert.equal(open.pop()?.name, closed);
    } else if (name !== undefined) {
      assert.doesNotMatch(given, /&(?!#\d+;)/);
      const pairs = [...given.matchAll(/ (\w+)="([^"]*)"/g)];
      const attributes = Object.fromEntries(
        pairs.map(([, key, value]) => [key, unescaped(value ?? '')]),
      );
      assert.equal(Object.keys(attributes).length, pairs.length);
      const element: Element = { name, attributes, children: [], text: '' };
      parent.children.push(element);
      if (alone === '') open.push(element);
    } else if (text !== undefined) {
      assert.doesNotMatch(text, /&(?!#\d+;)/);
      parent.text += unescaped(text);
    }
  }
  assert.equal(open.length, 1);
  assert.equal(root.children.length, 1);
  return root.children[0]!;
}

function reportOf(changes: Partial<RunSummary> = {}) {
  const suites = parseXml(junitXml({ summary: summaryOf(changes), messages: messagesIn('en') }));
  assert.equal(suites.name, 'testsuites');
  const [suite, ...others] = suites.children;
  assert.ok(suite);
  assert.deepEqual(others, []);
  const failures = Object.fromEntries(
    suite.children.map((found) => [found.attributes.name, found.children[0]?.attributes.message]),
  );
  return { suites, suite, failures };
}

test('a run that went well has no failures', () => {
  const { suites, suite, failures } = reportOf();
  assert.deepEqual(suite.attributes, {
    name: 'oltp-simulator 20261123-201530-a1b2',
    tests: '2',
    failures: '0',
    errors: '0',
    skipped: '0',
    time: '6.5',
  });
  assert.deepEqual(suites.attributes, { ...suite.attributes, name: 'oltp-simulator' });
  assert.deepEqual(failures, { run: undefined, in_doubt: undefined });
});

test('each threshold is a case, which fails with the measured figure', () => {
  const { suite, failures } = reportOf({
    thresholds: [
      { threshold: 'response.p99<250ms', held: true, value: 130, aborted: false },
      { threshold: 'rate_error < 0.1 %', held: false, value: 0.5, aborted: false },
      { threshold: 'slot.cdc.lag<1GB, abort', held: false, value: 1.5, aborted: true },
      { threshold: 'lag.p99<1s', held: false, value: null, aborted: false },
    ],
  });
  assert.deepEqual(failures, {
    run: undefined,
    in_doubt: undefined,
    'response.p99<250ms': undefined,
    'rate_error < 0.1 %': 'Did not hold: rate_error 0.5%, limit 0.1%',
    'slot.cdc.lag<1GB, abort':
      'Did not hold: slot.cdc.lag 1.5 GB, limit 1 GB; the run was ended when it broke',
    'lag.p99<1s': 'Did not hold: lag.p99 not measured, limit 1 s',
  });
  assert.deepEqual([suite.attributes.tests, suite.attributes.failures], ['6', '3']);
  for (const found of suite.children) {
    assert.equal(found.name, 'testcase');
    assert.equal(found.attributes.classname, 'oltp-simulator');
    for (const failure of found.children) {
      assert.equal(failure.name, 'failure');
      assert.equal(failure.text, failure.attributes.message);
    }
  }
});

test('of all reasons to stop, only a critical failure fails the run', () => {
  for (const stopped_by of ['duration', 'max-events', 'signal'] as const) {
    assert.equal(reportOf({ stopped_by }).failures.run, undefined);
  }
  const { failures, suite } = reportOf({ stopped_by: 'critical' });
  assert.equal(failures.run, 'Did not finish: a critical failure ended the run; see the log');
  const { run } = reportOf({ stopped_by: 'critical', cause: 'disk full (53100)' }).failures;
  assert.equal(run, 'Did not finish: a critical failure ended the run — disk full (53100)');
  assert.equal(failures.in_doubt, undefined);
  assert.equal(suite.attributes.failures, '1');
});

test('a run that left due events unsent because its server was lost fails, also at its planned end', () => {
  const { failures } = reportOf({ stopped_by: 'duration', server_lost: true, unsent: 12 });
  assert.equal(
    failures.run,
    'Did not finish: the connection to the server was lost, with 12 due events unsent; see the log',
  );
});

test('a run that was held up fails, and one by max that lost its server', () => {
  const { run } = reportOf({ stopped_by: 'duration', held_up: true, unsent: 12 }).failures;
  assert.equal(
    run,
    'Did not finish: workers were held up at the server, with 12 due events unsent; see the log',
  );
  const { failures } = reportOf({ stopped_by: 'duration', server_lost: true, unsent: null });
  assert.equal(failures.run, 'Did not finish: the connection to the server was lost; see the log');
});

test('a transaction in doubt fails its case', () => {
  const transactions = { committed: 9, rolled_back: 0, in_doubt: 1, settled: 0 };
  const { failures } = reportOf({ transactions });
  assert.equal(
    failures.in_doubt,
    'In doubt: it is unknown whether 1 transaction committed; `ledger resolve` asks the server',
  );
  assert.equal(failures.run, undefined);
});

test('the report is well-formed with any text in it', () => {
  const cases: readonly [text: string, read: string][] = [
    ['a<b && c>d', 'a<b && c>d'],
    [`"double" and 'single'`, `"double" and 'single'`],
    [']]> <!-- & --> &amp;', ']]> <!-- & --> &amp;'],
    ['line\r\nline\tcell', 'line\r\nline\tcell'],
    ['nul \0, bell \x07, escape \x1b[31m', 'nul \uFFFD, bell \uFFFD, escape \uFFFD[31m'],
    ['half \uD83D alone, \uDE00 too', 'half \uFFFD alone, \uFFFD too'],
    ['no characters \uFFFE \uFFFF', 'no characters \uFFFD \uFFFD'],
    ['ação 😀 \x7f\x85', 'ação 😀 \x7f\x85'],
  ];
  for (const [text, read] of cases) {
    assert.equal(unescaped(escapeXml(text)), read);
    const threshold = { threshold: text, held: false, value: null, aborted: false };
    const { suite } = reportOf({ run_id: text, thresholds: [threshold] });
    assert.equal(suite.attributes.name, `oltp-simulator ${read}`);
    assert.equal(suite.children.at(-1)?.attributes.name, read);
  }
});
