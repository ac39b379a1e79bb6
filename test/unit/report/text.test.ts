import assert from 'node:assert/strict';
import test from 'node:test';
import { HAZARD_NAMES } from '../../../src/hazards/hazards.js';
import { type Paint, withoutColours } from '../../../src/lib/paint.js';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';
import { summaryText, verdictText } from '../../../src/report/text.js';
import { judgeRun } from '../../../src/report/verdict.js';
import type { Totals } from '../../../src/run/totals.js';
import type { RunSummary } from '../../../src/runs/summary.js';
import { summaryOf } from './samples.js';

const marked: Paint = (meaning, text) => `<${meaning}>${text}</>`;
/** Only consultas were counted. */
const TOTALS = { of: (table) => (table === 'consultas' ? 12_900 : null) } as Totals;

const textOf = (changes: Partial<RunSummary> = {}, lang: 'en' | 'pt-BR' = 'en') =>
  summaryText(messagesIn(lang), withoutColours, summaryOf(changes), TOTALS);

test('the end of a run has few facts, latencies, the tables that changed and the thresholds', () => {
  const thresholds = [
    { threshold: 'response.p99<250ms', held: true, value: 130, aborted: false },
    { threshold: 'rejected<5', held: false, value: 5, aborted: false },
  ];
  const shown = summaryText(messagesIn('en'), marked, summaryOf({ thresholds }), TOTALS);
  assert.equal(
    shown,
    `  run           20261123-201530-a1b2
  stopped by    duration, after 6.5 s (0.5 s of it paused)
  events        1,200, at 199 of 200 per second
  transactions  24 committed, 1 rolled back
  not sent      10 of 1,210 due events, shed (--on-lag shed)
  errors        5 rows rejected (unique_violation 4, invalid_text_representation 1), 5 retries, 6 reconnects

  latency (ms)  p50  p90  p99  p99.9   max
  response       11   12  130    140   150
  service         1    2    3      4  5.25

  rows       inserted  updated  deleted   total
  consultas       900        0        0  12,900
  exames            0        0        3       –

  <good>✓</> response.p99 130 ms, limit 250 ms
  <bad>✗</> rejected 5, must be below 5
`,
  );
});

const FACTS: Readonly<Record<string, readonly [Partial<RunSummary>, RegExp, RegExp]>> = {
  'a clean run': [
    { rejected: {}, retries: 0, reconnects: 0 },
    /\n {2}errors +none\n/,
    /\n {2}erros +nenhum\n/,
  ],
  'no target rate': [
    { target_rate: null },
    /\n {2}events +1,200, at 199 per second\n/,
    /\n {2}eventos +1\.200, a 199 por segundo\n/,
  ],
  'an interrupted run, which is complete': [
    { stopped_by: 'signal' },
    /stopped by +Ctrl\+C \(or a signal\), after .*; all its batches are complete\n/,
    /encerrada por +Ctrl\+C \(ou um sinal\), após .*; todos os lotes concluídos\n/,
  ],
  'an interrupted run that was held up': [
    { stopped_by: 'signal', held_up: true },
    /stopped by +Ctrl\+C \(or a signal\), after 6.5 s \(0.5 s of it paused\)\n/,
    /encerrada por +Ctrl\+C \(ou um sinal\), após 6,5 s \(0,5 s em pausa\)\n/,
  ],
  'a lost server without a plan': [
    { stopped_by: 'critical', server_lost: true, offered: null, shed: 0, unsent: 50 },
    /\n {2}not sent +50\n/,
    /\n {2}não enviados +50\n/,
  ],
  'a code without a name': [
    { rejected: { '99ABC': 1 } },
    /1 row rejected \(99ABC 1\)/,
    /1 registro rejeitado \(99ABC 1\)/,
  ],
  'a generator that was the bottleneck': [
    { generator: { ...summaryOf().generator, bottleneck: 'cpu' } },
    /\nthe generator itself is the bottleneck: .*\n$/,
    /\no próprio gerador é o gargalo: .*\n$/,
  ],
};
for (const [name, [changes, english, portuguese]] of Object.entries(FACTS)) {
  test(`the end of a run shows ${name}`, () => {
    assert.match(textOf(changes), english);
    assert.match(textOf(changes, 'pt-BR'), portuguese);
  });
}

test('hazards are counted in lines of 80 columns, and those that never happened are named', () => {
  const hazards = Object.fromEntries(HAZARD_NAMES.map((name, at) => [name, at * 137]));
  const expected: Readonly<Record<(typeof LANGUAGES)[number], string>> = {
    en: `
  hazards  savepoints 137, hot-keys 274, same-row 411, out-of-order 548,
           copy 685, unchanged-toast 822, two-phase 959, message 1,096,
           key-change 1,233, huge 1,370, long 1,507, truncate 1,644,
           quiet 1,781, ddl 1,918
  hazards that never happened: rollback, publication — what did not bite proves nothing; run longer, or have them more often (--hazard NAME=VALUE)
`,
    'pt-BR': `
  hazards  savepoints 137, hot-keys 274, same-row 411, out-of-order 548,
           copy 685, unchanged-toast 822, two-phase 959, message 1.096,
           key-change 1.233, huge 1.370, long 1.507, truncate 1.644,
           quiet 1.781, ddl 1.918
  hazards que nunca aconteceram: rollback, publication — o que não aconteceu não prova nada; rode por mais tempo, ou peça-os com mais frequência (--hazard NOME=VALOR)
`,
  };
  for (const lang of LANGUAGES) {
    const shown = textOf({ hazards: { ...hazards, publication: 0 } }, lang);
    assert.ok(shown.includes(expected[lang]), shown);
  }
  assert.match(
    textOf({ hazards: { ddl: 0 } }),
    /\n\n {2}hazards that never happened: ddl — [^\n]*\n$/,
  );
  assert.doesNotMatch(textOf({ hazards: { ddl: 1 } }), /never/);
  assert.doesNotMatch(textOf(), /hazard/);
});

test('a run that lost its server does not claim to be without errors, and shows no empty table', () => {
  const rows = Object.fromEntries(
    Object.keys(summaryOf().rows).map((table) => [table, { insert: 0, update: 0, delete: 0 }]),
  ) as unknown as RunSummary['rows'];
  const lost = { stopped_by: 'critical', server_lost: true, rejected: {}, rows } as const;
  const shown = textOf({ ...lost, retries: 0, reconnects: 0 });
  assert.doesNotMatch(shown, /errors|inserted/);
});

test('each reason of a verdict has its own colour, and none where nothing was judged', () => {
  const m = messagesIn('en');
  const shown = (summary: Partial<RunSummary> | null) =>
    verdictText(m, marked, judgeRun(summary === null ? null : summaryOf(summary), null));
  const held = { threshold: 'events>1', held: true, value: 1200, aborted: false };
  assert.equal(
    shown({ thresholds: [held], held_up: true }),
    '<bad>Did not finish: workers were held up at the server; see the log</>\n<good>Held: events 1,200, minimum 1</>\n',
  );
  assert.match(shown(null), /^<unsure>No summary: /);
  assert.match(shown({}), /^No verdict: /);
});
