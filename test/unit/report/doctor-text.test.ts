import assert from 'node:assert/strict';
import test from 'node:test';
import type { Finding, FindingState } from '../../../src/doctor/finding.js';
import { withoutColours } from '../../../src/lib/paint.js';
import { messagesIn } from '../../../src/messages/index.js';
import { doctorText, doctorVerdict } from '../../../src/report/doctor-text.js';

const CHECKS = ['wal_level', 'publication', 'toast', 'encoding'] as const;
const findings = (...states: readonly FindingState[]): Finding[] =>
  states.map((state, index) => {
    const check = CHECKS[index % CHECKS.length] ?? 'clock';
    return { check, profile: 'ready', state, evidence: 'seen', mend: null };
  });

const CASES: readonly [states: readonly FindingState[], english: string, portuguese: string][] = [
  [
    ['ok', 'info'],
    '<good>Ready for CDC: none of 2 checks failed</>\n',
    '<good>Pronto para CDC: nenhuma de 2 verificações falhou</>\n',
  ],
  [
    ['ok', 'warn', 'not_visible'],
    '<unsure>Ready for CDC: none of 3 checks failed, 1 warning, 1 not visible</>\n',
    '<unsure>Pronto para CDC: nenhuma de 3 verificações falhou, 1 aviso, 1 não visível</>\n',
  ],
  [
    ['fail', 'warn', 'warn'],
    '<bad>Not ready for CDC: 1 of 3 checks failed (wal_level is logical), 2 warnings</>\n',
    '<bad>Não está pronto para CDC: 1 de 3 verificações falhou (wal_level é logical), 2 avisos</>\n',
  ],
];

for (const [states, english, portuguese] of CASES) {
  test(`the verdict of a doctor whose findings are ${states.join(', ')}`, () => {
    const shown = (lang: 'en' | 'pt-BR') =>
      doctorVerdict(
        messagesIn(lang),
        (meaning, text) => `<${meaning}>${text}</>`,
        findings(...states),
      );
    assert.equal(shown('en'), english);
    assert.equal(shown('pt-BR'), portuguese);
  });
}

test('the verdict names three checks at most', () => {
  const verdict = (...states: readonly FindingState[]) =>
    doctorVerdict(messagesIn('en'), withoutColours, findings(...states));
  assert.match(verdict('fail', 'fail', 'fail'), /\(wal_level is logical, publication, [^,…]*\)\n$/);
  assert.match(verdict('fail', 'fail', 'fail', 'fail'), /4 of 4 checks failed \(.*, …\)\n$/);
});

test('colours do not shift the columns of the findings', () => {
  const m = messagesIn('en');
  const all = findings('ok', 'fail', 'not_visible');
  const painted = doctorText(m, (_, text) => `<${text}>`, all);
  assert.equal(painted.replaceAll(/[<>]/g, ''), doctorText(m, withoutColours, all));
});
