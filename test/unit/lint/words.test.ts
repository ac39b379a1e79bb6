import assert from 'node:assert/strict';
import test from 'node:test';
import { findWords } from '../../lint/find-words.js';

/** Words that are found in a file, with their lines. */
function found(text: string, path = 'src/verify/example.ts'): string[] {
  return findWords(path, text).map(({ line, found }) => `${line} ${found}`);
}

test('phrases are found in comments, also across lines, with the line of the first word', () => {
  const text = `/** The sum comes to 5. */
const a = 1; // none of them
/**
 * A row that nobody
 * knows of.
 */
// It is
// told later.
`;
  assert.deepEqual(found(text), ['1 comes to', '2 none of', '4 nobody knows', '7 is told']);
});

test('a comment must not begin with "What", unless it asks', () => {
  const text = `/** What a row holds. */
/** The rest: What is left. */
/** What is this? */
/** Says what it is. */
// This goes on with
// What is no first word.
`;
  assert.deepEqual(found(text), ['1 What', '2 What']);
});

test('strings, templates and regular expressions are not looked at; titles of tests are', () => {
  const text = `const a = 'whatever // none of'; const b = \`comes to \${a} /* mend */\`; const c = /mend/;
test('whatever the clock says', () => {});
test(\`it is told \${a}\`, () => {});
log('it is told');
`;
  assert.deepEqual(found(text), ['2 whatever', '3 is told']);
});

test('words of an identifier are found once in a file, in declarations, uses and members', () => {
  const text = `class A { #toldRows = 0; mends() { return this.#toldRows; } }
const retold = new A().toldRows; interface B { told: string }
`;
  assert.deepEqual(found(text), ['1 toldRows', '1 mends', '2 told']);
});

test('names of JSON and of columns are no names of ours, nor are members called "what"', () => {
  assert.deepEqual(found('const d = { tells_id: true, what: 1 }; d.what;'), []);
  assert.deepEqual(found('const { what, a: [whose] } = d; const TOLD_MS = 1;'), [
    '1 what',
    '1 whose',
    '1 TOLD_MS',
  ]);
});

test('members of the JSON that operators read keep their names; variables and functions do not', () => {
  const members = `interface Fix { mend: string; untold?: string[] }
const fixes = findings.flatMap(({ mend }) => mend ?? []).filter((fix) => fix !== finding.mend);
const document = { untold: [], mends: 1 };
`;
  assert.deepEqual(found(members), []);
  const names = `const mend = finding.mend; const { fix: mends } = finding;
class A { untold() {} }
`;
  assert.deepEqual(found(names), ['1 mend', '1 mends', '2 untold']);
  assert.deepEqual(found('const a = finding.mended; a.told;'), ['1 mended', '1 told']);
});

test('right words of English are not found', () => {
  const text = `// A server behind a proxy lags behind the others; colours are told apart.
// The orders of an amendment; a retort, a torndown, aside from that; contents of a draft.
// Orders the keys, as they lie on magnetic tapes.
const order = recent; const contents = delivery;
`;
  assert.deepEqual(found(text), []);
});

test('an old name of ours that is also plain English is found as an identifier', () => {
  assert.deepEqual(found('class Tape {} const tape = new Orders();'), [
    '1 Tape',
    '1 tape',
    '1 Orders',
  ]);
});

test('a rule of a room holds there alone', () => {
  assert.deepEqual(found('class Patient {}', 'src/doctor/x.ts'), ['1 Patient']);
  assert.deepEqual(found('class Patient {}', 'src/schemas/x.ts'), []);
});

test('Markdown is looked at without its code', () => {
  const text = `# What each figure means

The slot comes to 5, \`none of\` it.

\`\`\`sh
mend it # whatever
\`\`\`
`;
  assert.deepEqual(found(text, 'README.md'), ['3 comes to']);
});

test('the name of a file is an identifier', () => {
  assert.deepEqual(found('', 'test/unit/sources/whose.test.ts'), ['0 whose']);
  assert.deepEqual(found('', 'src/cli/run-logger.ts'), []);
});
