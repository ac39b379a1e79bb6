import assert from 'node:assert/strict';
import test from 'node:test';
import { LANGUAGES, messagesIn } from '../../../src/messages/index.js';

const holder = { application: '', state: null };
const wait = { kind: 'lock', seconds: 4, table: 'pacientes', timeout: '0' } as const;

for (const lang of LANGUAGES) {
  test(`a wait for a prepared transaction names the commands that end it (${lang})`, () => {
    const { waits } = messagesIn(lang).db;
    const ofSession = waits({ ...wait, holders: [{ ...holder, pid: 7 }] });
    const ofPrepared = waits({ ...wait, holders: [{ ...holder, pid: 0 }] });
    const remedy =
      /`ledger resolve RUN` .* oltp-simulator\/RUN\/, .* COMMIT PREPARED .* ROLLBACK PREPARED \(/;
    assert.match(ofPrepared, remedy);
    assert.doesNotMatch(ofSession, /PREPARED|resolve/);
  });
}
