import assert from 'node:assert/strict';
import test from 'node:test';
import { messagesIn } from '../../../src/messages/index.js';
import { findSourceProblem } from '../../../src/sources/source-problem.js';
import { parseSource } from '../../../src/sources/source-spec.js';

const sentence = (text: string) =>
  messagesIn('en').settings.source('--source', text, findSourceProblem(text));

/** Texts that name no source, and the end of the sentence on each. */
const CASES: readonly (readonly [text: string, ending: RegExp])[] = [
  ['kafka:', /lacks the address of a broker and the prefix .*; write kafka:BROKER:9092\/PREFIX$/],
  ['kafka:host', /lacks the port and the prefix .*; write kafka:host:9092\/PREFIX$/],
  ['kafka:host:9092', /lacks the prefix of the topics .*; write kafka:host:9092\/PREFIX$/],
  ['kafka:host/p', /lacks the port; write kafka:host:9092\/p$/],
  ['kafka:a:1,b/p', /lacks the port; write kafka:a:1,b:9092\/p$/],
  ['kafka://host:9092/p', /HOST:PORT, .*; write kafka:host:9092\/p$/],
  ['http:', /lacks the address to listen at and the port; write http:\/\/127\.0\.0\.1:8080$/],
  ['http://127.0.0.1', /lacks the port; write http:\/\/127\.0\.0\.1:8080$/],
  ['http://:8081/x', /lacks the address to listen at; write http:\/\/127\.0\.0\.1:8081\/x$/],
  ['http://host', /IP address .*; write http:\/\/127\.0\.0\.1:8080$/],
  ['http://host:81/x', /IP address .*; write http:\/\/127\.0\.0\.1:81\/x$/],
  ['http://[::1]:99999/x', /"99999" is not; write http:\/\/\[::1\]:8080\/x$/],
  ['http://127.0.0.1:80?a=b', /; write http:\/\/127\.0\.0\.1:80$/],
  ['https://127.0.0.1:81', /not HTTPS; write http:\/\/127\.0\.0\.1:81$/],
  ['slot:', /lacks the name of the slot; write slot:NAME$/],
  ['slot:My-Slot', /lower-case .*; did you mean slot:my_slot\?$/],
  ['ndjson:', /lacks the file; write ndjson:FILE$/],
  ['events.ndjson.gz', /did you mean ndjson:events\.ndjson\.gz\?$/],
  ['file:///tmp/x', /did you mean ndjson:\/tmp\/x\?$/],
  ['kafak:h:9/p', /did you mean kafka:h:9\/p\?$/],
  ['amqp:host', /; write slot:NAME, ndjson:FILE, ndjson:-, http.* or kafka:BROKER:PORT\/PREFIX$/],
];

test('each wrong source gets a sentence with the form to write, and what was typed in it', () => {
  for (const [text, ending] of CASES) {
    assert.equal(parseSource(text), undefined, text);
    assert.match(sentence(text), ending);
    const [written] = /[a-z]+:[^ ]*?(?=\??$)/.exec(sentence(text)) ?? [];
    assert.ok(/[A-Z]/.test(written ?? '') || parseSource(written!) !== undefined, written);
  }
});

test('a sentence on a source never repeats a password', () => {
  const network = [
    'kafka:u:secret@h:9092/p',
    'kafka:u:se/cret@h:9092/p',
    'http://u:secret@127.0.0.1',
  ];
  for (const text of [...network, 'amqp://u:secret@h', 'https://u:secret@127.0.0.1:80/']) {
    assert.match(
      sentence(text),
      /^--source: the source contains a user or a password; take them out/,
    );
  }
});
