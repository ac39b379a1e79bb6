import assert from 'node:assert/strict';
import test from 'node:test';
import { type Language, messagesIn } from '../../../src/messages/index.js';
import { truncatesText, verificationText } from '../../../src/report/verify-text.js';
import { parseDocument } from '../../../src/verify/verdict/parse-document.js';
import { type AnyEvent, judge, notes, turn } from './hazard-run.js';

const added = { ddl: [{ change: 'add-column', table: 'notes', columns: { revision: '1' } }] };
const isTruncate = (event: AnyEvent) => !('operation' in event) && !('content' in event);

/** A run of three hazards, of which a pipeline has lost the truncate and the column. */
const lossy = () =>
  judge((run) => {
    const messages = [{ content: 'a', transactional: true }];
    const hazards = { names: ['message'], messages } as const;
    return [
      ...run.commit(turn(10, { truncated: ['notes'] })).filter((event) => !isTruncate(event)),
      ...run.commit(turn(20, added)),
      ...run.commit({ xid: 30, changes: [notes('insert', [1])], hazards }),
    ];
  });

test('the document of a run with hazards is read as it was written', async () => {
  const document = await lossy();
  assert.deepEqual(parseDocument(JSON.stringify(document)), document);
  assert.deepEqual(document.hazards, { message: 1, truncate: 1, ddl: 1 });
});

test('the text names what happened, what was lost, and the setting that loses it', async () => {
  const document = await lossy();
  const english = verificationText(messagesIn('en'), document);
  for (const part of [
    /^ +hazards +message 1, truncate 1, ddl 1$/m,
    /^ +truncates +0 of 1 arrived, 1 missing$/m,
    /^ +messages +1 emitted: 1 arrived, 0 missing/m,
    /skipped\.operations=none/,
    /1 of `notes` \(truncate\)|all 1 are of `notes` \(truncate\)/,
    /column "revision"/,
  ]) {
    assert.match(english, part);
  }
  const portuguese = verificationText(messagesIn('pt-BR'), document);
  for (const part of [
    /chegaram 0 de 1/,
    /skipped\.operations=none/,
    /\(TRUNCATE\)/,
    /coluna "revision"/,
  ]) {
    assert.match(portuguese, part);
  }
});

test('where no hazard happened, the text does not mention any', async () => {
  const { verdict, ...document } = await judge((run) =>
    run.commit({ xid: 10, changes: [notes('insert', [1])] }),
  );
  assert.equal(verdict, 'exact');
  assert.deepEqual(document.hazards, {});
  const text = verificationText(messagesIn('en'), { verdict, ...document });
  assert.doesNotMatch(text, /hazards|truncates|messages/);
});

test('a TRUNCATE that need not arrive is not counted as missing', () => {
  const truncates = { committed: 6, delivered: 5 };
  const textIn = (language: Language) =>
    truncatesText(messagesIn(language).verify, { truncates, causes: [] });
  assert.equal(textIn('en'), '5 of 6 arrived, 1 excused, doubted or waived');
  assert.equal(textIn('pt-BR'), 'chegaram 5 de 6, 1 dispensado, em dúvida ou de fora');
  truncates.delivered = 6;
  assert.equal(textIn('en'), '6 of 6 arrived');
});
