import assert from 'node:assert/strict';
import test from 'node:test';
import { messagesIn } from '../../../src/messages/index.js';
import { judgeRun, reasonText } from '../../../src/report/verdict.js';
import type { RunSummary, ThresholdResult } from '../../../src/runs/summary.js';
import type { Verdict } from '../../../src/verify/verdict/accounting.js';
import type { VerificationDocument } from '../../../src/verify/verdict/document.js';
import { sampleVerification } from '../../helpers/sample-verification.js';
import { summaryOf } from './samples.js';

const [en, ptBR] = [messagesIn('en'), messagesIn('pt-BR')];

const FAST: ThresholdResult = {
  threshold: 'response.p99<50ms',
  held: true,
  value: 32.5,
  aborted: false,
};
const SLOW: ThresholdResult = { ...FAST, held: false, value: 64 };
const WHOLE: ThresholdResult = {
  threshold: 'rejected<5',
  held: false,
  value: 5,
  aborted: false,
};
const IN_DOUBT = { committed: 9, rolled_back: 0, in_doubt: 3, settled: 0 };

function documentOf(
  verdict: Verdict,
  changes: Partial<VerificationDocument> = {},
): VerificationDocument {
  const { document } = sampleVerification('20261123-201530-a1b2', [], verdict);
  const sum = { committed: 60_000, delivered: 60_000, excused: 0 };
  return { ...document, accounting: { ...sum, missing: 0, doubted: 0, waived: 0 }, ...changes };
}

/** A document with `events` missing of each table. */
function missingOf(...tables: readonly (readonly ['internacoes' | 'exames' | null, number])[]) {
  return documentOf('violation', {
    violations: {
      ...{ duplicated: 0, phantom: 0, reordered: 0, altered: 0, inconsistent: 0 },
      missing: tables.reduce((sum, [, events]) => sum + events, 0),
    },
    causes: tables.map(([table, events]) => ({
      ...{ violation: 'missing', detail: 'row_missing', operation: 'insert', omitted: null },
      ...{ table, events },
    })),
  });
}

interface Judged {
  readonly summary?: Partial<RunSummary> | null;
  readonly verified?: VerificationDocument;
  readonly state: ReturnType<typeof judgeRun>['state'];
  readonly english: readonly string[];
  readonly portuguese: string;
}

const CASES: Readonly<Record<string, Judged>> = {
  'nothing to judge by': {
    state: 'unjudged',
    english: [
      'No verdict: no thresholds were set (`--threshold`), and the run was not verified (`verify`)',
    ],
    portuguese:
      'Sem veredito: nenhum limite foi definido (`--threshold`), e a execução não foi verificada (`verify`)',
  },
  'one threshold that held': {
    summary: { thresholds: [FAST] },
    state: 'held',
    english: ['Held: response.p99 32.5 ms, limit 50 ms'],
    portuguese: 'Cumprido: response.p99 32,5 ms, limite 50 ms',
  },
  'three thresholds that held': {
    summary: { thresholds: [FAST, FAST, FAST] },
    state: 'held',
    english: ['Held: 3 of 3 thresholds'],
    portuguese: 'Cumpridos: 3 de 3 limites',
  },
  'two thresholds of three broken': {
    summary: { thresholds: [SLOW, FAST, WHOLE] },
    state: 'failed',
    english: [
      'Did not hold: response.p99 64 ms, limit 50 ms',
      'Did not hold: rejected 5, must be below 5',
    ],
    portuguese: 'Não cumprido: response.p99 64 ms, limite 50 ms',
  },
  'a threshold that ended the run, and was not measured at the end': {
    summary: { thresholds: [{ ...SLOW, value: null, aborted: true }], stopped_by: 'threshold' },
    state: 'failed',
    english: [
      'Did not hold: response.p99 not measured, limit 50 ms; the run was ended when it broke',
    ],
    portuguese:
      'Não cumprido: response.p99 não medido, limite 50 ms; a execução foi encerrada quando deixou de ser cumprido',
  },
  'a critical failure': {
    summary: { stopped_by: 'critical', thresholds: [FAST] },
    state: 'failed',
    english: [
      'Did not finish: a critical failure ended the run; see the log',
      'Held: response.p99 32.5 ms, limit 50 ms',
    ],
    portuguese: 'Não terminou: uma falha crítica encerrou a execução; veja o log',
  },
  'a lost server, and transactions in doubt': {
    summary: {
      ...{ stopped_by: 'critical', server_lost: true, unsent: 1200, transactions: IN_DOUBT },
    },
    state: 'failed',
    english: [
      'Did not finish: the connection to the server was lost, with 1,200 due events unsent; see the log',
      'In doubt: it is unknown whether 3 transactions committed; `ledger resolve` asks the server',
    ],
    portuguese:
      'Não terminou: a conexão com o servidor foi perdida, com 1.200 eventos devidos sem envio; veja o log',
  },
  'a lost server, with the cause at hand': {
    summary: { server_lost: true, unsent: null, cause: 'terminated (57P01)' },
    state: 'failed',
    english: ['Did not finish: the connection to the server was lost — terminated (57P01)'],
    portuguese: 'Não terminou: a conexão com o servidor foi perdida — terminated (57P01)',
  },
  'workers that were held up': {
    summary: { held_up: true, unsent: 1 },
    state: 'failed',
    english: [
      'Did not finish: workers were held up at the server, with 1 due event unsent; see the log',
    ],
    portuguese:
      'Não terminou: workers ficaram retidos no servidor, com 1 evento devido sem envio; veja o log',
  },
  'transactions in doubt and thresholds that held': {
    summary: { transactions: IN_DOUBT, thresholds: [FAST] },
    state: 'unsure',
    english: [
      'In doubt: it is unknown whether 3 transactions committed; `ledger resolve` asks the server',
      'Held: response.p99 32.5 ms, limit 50 ms',
    ],
    portuguese:
      'Em dúvida: não se sabe se 3 transações foram confirmadas; `ledger resolve` pergunta ao servidor',
  },
  'transactions in doubt that a verification settled': {
    summary: { transactions: IN_DOUBT },
    verified: documentOf('exact'),
    state: 'held',
    english: ['Exact: all 60,000 events arrived, once and in order'],
    portuguese: 'Exato: todos os 60.000 eventos chegaram, uma vez e em ordem',
  },
  'no summary': {
    summary: null,
    state: 'unsure',
    english: ['No summary: the run was killed, or is still under way'],
    portuguese: 'Sem resumo: a execução foi morta ou ainda está em andamento',
  },
  'no summary, and an exact verification': {
    summary: null,
    verified: documentOf('exact'),
    state: 'unsure',
    english: [
      'No summary: the run was killed, or is still under way',
      'Exact: all 60,000 events arrived, once and in order',
    ],
    portuguese: 'Sem resumo: a execução foi morta ou ainda está em andamento',
  },
  'an exact verification that left events out': {
    verified: documentOf('exact', {
      ...{
        accounting: { committed: 10, delivered: 7, excused: 2, missing: 0, doubted: 0, waived: 1 },
      },
    }),
    state: 'held',
    english: ['Exact: 7 events arrived, once and in order; 2 more excused; 1 left out (--partial)'],
    portuguese:
      'Exato: 7 eventos chegaram, uma vez e em ordem; 2 outros dispensados; 1 deixado de fora (--partial)',
  },
  'duplicates only, which is no failure': {
    verified: documentOf('duplicates'),
    state: 'held',
    english: [
      'Duplicates only: everything arrived (60,000 events), and 1,250 arrived again in 1 replay, which is legal',
    ],
    portuguese:
      'Só duplicatas: tudo chegou (60.000 eventos), e 1.250 chegaram de novo em 1 recomeço, o que é permitido',
  },
  'events of one table missing, and a broken threshold': {
    summary: { thresholds: [SLOW] },
    verified: missingOf(['internacoes', 300], ['internacoes', 150]),
    state: 'failed',
    english: [
      'CDC: 450 events missing, all of internacoes',
      'Did not hold: response.p99 64 ms, limit 50 ms',
    ],
    portuguese: 'CDC: 450 eventos ausentes, todos de internacoes',
  },
  'events of two tables and of an unknown one missing': {
    verified: missingOf([null, 1], ['exames', 2], ['internacoes', 7]),
    state: 'failed',
    english: ['CDC: 10 events missing, 7 of internacoes, 2 of exames'],
    portuguese: 'CDC: 10 eventos ausentes, 7 de internacoes, 2 de exames',
  },
  'one event missing, of an unknown table': {
    verified: missingOf([null, 1]),
    state: 'failed',
    english: ['CDC: 1 event missing'],
    portuguese: 'CDC: 1 evento ausente',
  },
  'an indeterminate verification, of which the largest doubt counts': {
    summary: { thresholds: [FAST] },
    verified: documentOf('indeterminate', { doubts: { before_source: 2, ended_early: 350 } }),
    state: 'unsure',
    english: [
      'CDC indeterminate — 350 events: not arrived when the stream ended, and nothing later arrived either',
      'Held: response.p99 32.5 ms, limit 50 ms',
    ],
    portuguese:
      'CDC indeterminado — 350 eventos: não chegaram até o fim dos eventos, e nada posterior chegou',
  },
  'an interrupted verification, whose doubt counts no events': {
    verified: documentOf('indeterminate', { doubts: { interrupted: 0 } }),
    state: 'unsure',
    english: ['CDC indeterminate — the verification was interrupted'],
    portuguese: 'CDC indeterminado — a verificação foi interrompida',
  },
};

for (const [name, { summary = {}, verified, state, english, portuguese }] of Object.entries(
  CASES,
)) {
  test(`the verdict on a run: ${name}`, () => {
    const verdict = judgeRun(summary === null ? null : summaryOf(summary), verified ?? null);
    assert.equal(verdict.state, state);
    assert.deepEqual(
      verdict.reasons.map((reason) => reasonText(en, reason)),
      english,
    );
    assert.equal(reasonText(ptBR, verdict.reasons[0]), portuguese);
  });
}

test('of all reasons to stop, none is a failure but the critical one', () => {
  for (const stopped_by of ['duration', 'max-events', 'signal'] as const) {
    assert.equal(judgeRun(summaryOf({ stopped_by }), null).state, 'unjudged');
  }
});
