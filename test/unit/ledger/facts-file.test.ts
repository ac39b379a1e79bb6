import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { addFacts, factsFile, readFacts, writeFacts } from '../../../src/ledger/facts-file.js';
import { beforeRow, factsWithTriggers } from '../../helpers/facts-with-triggers.js';
import { withTempFolder } from '../../helpers/temp-folder.js';
import { HEADER, SCHEMA } from './sample-ledger.js';

const BEGIN = factsWithTriggers({});
const END = factsWithTriggers({ exames: [beforeRow('late', 'insert')] });

function withFacts(body: (folder: string) => void): Promise<void> {
  return withTempFolder(async (folder) => {
    writeFacts(SCHEMA, folder, 'run', HEADER.server, BEGIN);
    body(folder);
  });
}

test('facts are read as they were written, from the beginning and the end of a run', () =>
  withFacts((folder) => {
    const { server } = HEADER;
    assert.deepEqual(readFacts(folder), {
      facts: { server, begin: BEGIN, end: null },
      schema: { extensions: [], changing: { medicos: [], convenios: [], ...SCHEMA.firstChanging } },
      version: 2,
      damaged: false,
    });
    addFacts(folder, END);
    assert.deepEqual(readFacts(folder).facts, { server, begin: BEGIN, end: END });
  }));

test('a ledger without the file is of version 1', () =>
  withTempFolder(async (folder) => {
    assert.deepEqual(readFacts(folder), { facts: null, schema: null, version: 0, damaged: false });
  }));

test('an incomplete line of a killed process is ignored', () =>
  withFacts((folder) => {
    appendFileSync(factsFile(folder), '{"found":"end","database":{"at":"20');
    assert.deepEqual(readFacts(folder).facts?.end, null);
  }));

test('a changed line makes the whole file damaged', () =>
  withFacts((folder) => {
    const text = readFileSync(factsFile(folder), 'utf8');
    writeFileSync(
      factsFile(folder),
      text.replace('"search_path":"public"', '"search_path":"other"'),
    );
    assert.deepEqual(readFacts(folder), { facts: null, schema: null, version: 0, damaged: true });
  }));
